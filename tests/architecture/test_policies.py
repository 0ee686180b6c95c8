"""Every view says who may call it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path

from accounts.endpoints import Policy, Route
from accounts.pages import open_to
from console.v1 import ROUTES, api


def views(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        where = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, where)
        elif isinstance(pattern, URLPattern) and pattern.name != "api-root":  # Ninja's; ours stands before it
            yield where, pattern.callback


def without_policy(patterns: list[Any]) -> list[str]:
    """The paths whose view declares no policy. allauth guards its own pages; the JSON routes are looked at below."""
    found = []
    for where, view in views(patterns):
        owner = getattr(view, "view_class", view).__module__
        if owner.startswith("allauth.") or where.startswith("accounts/"):
            continue
        if owner.startswith("ninja.") and where.startswith("v1/"):
            continue
        if not getattr(view, "policy", None):
            found.append(where)
    return found


def test_every_view_has_a_policy() -> None:
    assert without_policy(get_resolver().url_patterns) == []


def test_the_walk_sees_every_floor() -> None:
    seen = {where for where, _ in views(get_resolver().url_patterns)}
    assert {"console/device", "oauth/token", "healthz", "v1/account/me", "console/w/<str:workspace>/agents"} <= seen
    assert len(seen) > 60


def test_a_view_without_one_fails_it() -> None:
    def naked(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def dressed(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert without_policy([path("a", naked), path("b", open_to("anyone")(dressed))]) == ["a"]


def test_every_json_route_is_of_the_list() -> None:
    served = {
        (method, operation.path)
        for _, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
        for method in operation.methods
    }
    assert served == {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_json_route_has_a_policy_and_says_what_it_does(route: Route) -> None:
    assert isinstance(route.policy, Policy)
    assert route.policy.name
    assert route.summary


def test_a_route_without_a_policy_cannot_be_written_down() -> None:
    with pytest.raises(TypeError):
        Route("GET", "/x", ROUTES[0].handler)  # type: ignore[call-arg]
