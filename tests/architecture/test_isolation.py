"""Another workspace hears of what exists exactly what it hears of what does not: every route and page is walked."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver

from accounts.endpoints import PUBLIC, Route
from accounts.models import DeviceAuthorization, Workspace
from apps.runtime_keys.actors import RUNTIME
from console.urls import CONSOLE
from console.v1 import ROUTES
from tests.acts import let_in
from tests.personas import Agent, Human

# Bodies that pass validation, so that the answer comes from the look-up.
BODIES: dict[str, Any] = {
    "AppRename": {"name": "Mine now"},
    "KeyRotate": {"overlap_seconds": 0},
    "UserPut": {},
    "CapSet": {"limit_credits": 1, "enforcement": "hard"},
}
# Routes of one human and one code, and of a credential's own workspace: they take nobody's ids.
NOT_OF_A_WORKSPACE = {"user_code"}


@dataclass
class Things:
    """Real ids of one workspace and ids of the same shape that were never given out."""

    real: dict[str, str]
    never: dict[str, str]


@pytest.fixture
def things(agent: Agent, owner: Human, workspace: Workspace) -> Things:
    """One of each kind, made by an agent of the owner's workspace."""
    let_in(agent, owner, workspace)
    app = agent.post("/v1/account/apps", {"name": "Theirs", "environment": "sandbox"}).json()["data"]["id"]
    key = agent.post("/v1/account/api-keys", {"app_id": app, "label": "k"}).json()["data"]["id"]
    agent.call("PUT", f"/v1/account/apps/{app}/external-users/user_123", {"credit_limit": 5})
    cap = agent.post(f"/v1/account/apps/{app}/budget-policies", BODIES["CapSet"]).json()["data"]["id"]
    real = {
        "app_id": app,
        "key_id": key,
        "policy_id": cap,
        "ref": "user_123",
        "workspace": workspace.pk,
        "authorization": DeviceAuthorization.objects.get().pk,
        "app": app,
        "key": key,
    }
    never = {name: re.sub(r"_01.{10}", "_01h455vb4pex", value) for name, value in real.items()}
    return Things(real, {**never, "ref": "user_999"})


def routes_of_a_workspace(routes: list[Route]) -> Iterator[Route]:
    for route in routes:
        names = set(re.findall(r"{(\w+)}", route.path))
        if names and not names & NOT_OF_A_WORKSPACE:
            yield route


def filled(path: str, ids: dict[str, str]) -> str:
    """The path with every parameter; an unknown parameter fails: teach `things` to make one."""
    return re.sub(r"{(\w+)}", lambda found: ids[found.group(1)], path)


def body_of(route: Route) -> Any:
    annotation = route.handler.__annotations__.get("body")
    return None if annotation is None else BODIES[annotation.__name__]


def walk(routes: list[Route], things: Things, call: Callable[..., Any]) -> int:
    """Calls every route with real and never-issued ids; says how many were walked."""
    walked = 0
    for route in routes_of_a_workspace(routes):
        answers = [
            call(route.method, "/v1" + filled(route.path, ids), body_of(route)) for ids in (things.real, things.never)
        ]
        heard = [(answer.status_code, answer.json()) for answer in answers]
        assert heard[0] == heard[1], route.path
        assert heard[0][0] == 404, (route.method, route.path, heard[0])
        walked += 1
    return walked


def test_a_stranger_with_a_browser_session_finds_nothing(things: Things, stranger: Human) -> None:
    own = {"X-Workspace": stranger.user.memberships.get().workspace_id}
    walked = walk(ROUTES, things, lambda method, path, body: stranger.call(method, path, body, **own))
    assert walked >= 14
    foreign = {"X-Workspace": things.real["workspace"]}
    for route in ROUTES:
        if route.policy.humans and route.policy.agents:
            path = "/v1" + filled(route.path, things.real)
            assert stranger.call(route.method, path, body_of_any(route), **foreign).status_code == 404, route.path


def test_a_strangers_agent_finds_nothing(
    things: Things, stranger: Human, other_workspace: Workspace, agent: Agent
) -> None:
    other = Agent(type(agent.client)(enforce_csrf_checks=True))
    let_in(other, stranger, other_workspace)
    assert walk(ROUTES, things, other.call) >= 14


def test_every_route_says_who_may_call_it() -> None:
    for route in ROUTES:
        assert route.policy in (PUBLIC, RUNTIME) or route.policy.humans or route.policy.agents


def test_the_walk_fails_on_a_route_that_looks_in_no_workspace(things: Things, stranger: Human) -> None:
    """A test of the test: a route that hands out anybody's app is caught."""
    from accounts.endpoints import Answer
    from apps.models import App

    def leaky(method: str, path: str, body: Any) -> Any:
        found = App.objects.filter(pk=path.rsplit("/", 1)[1]).first()

        class Heard:
            status_code = 200 if found else 404

            def json(self) -> Any:
                return {"name": found.name if found else None}

        return Heard()

    route = Route("GET", "/account/apps/{app_id}", lambda request, app_id: Answer({}), PUBLIC, dict)
    with pytest.raises(AssertionError):
        walk([route], things, leaky)


def test_a_parameter_that_the_walk_does_not_know_fails_it(things: Things) -> None:
    with pytest.raises(KeyError):
        filled("/account/planets/{planet_id}", things.real)


def pages(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from pages(pattern.url_patterns, path)
        else:
            yield path


def url_of(pattern: str, ids: dict[str, str]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids[found.group(1)], pattern)


def test_pages_and_partials_of_another_workspace_do_not_exist(things: Things, stranger: Human) -> None:
    found = [path for path in pages(CONSOLE, "/console/") if "<str:workspace>" in path]
    assert len(found) >= 6
    own = stranger.user.memberships.get().workspace_id
    for path in found:
        # In their workspace, in one that does not exist, and their things under one's own workspace.
        for ids in (things.real, things.never, {**things.real, "workspace": own}):
            if ids["workspace"] == own and path.count("<") == 1:
                continue
            url = url_of(path, ids)
            for headers in ({}, {"HX-Request": "true"}):
                answers = {stranger.client.get(url, headers=headers).status_code, stranger.post(url).status_code}
                assert answers <= {404, 405}, url


def body_of_any(route: Route) -> Any:
    annotation = route.handler.__annotations__.get("body")
    if annotation is None:
        return None
    others = {"AppCreate": {"name": "x", "environment": "sandbox"}, "KeyIssue": {"app_id": "app_x", "label": "x"}}
    return {**BODIES, **others}[annotation.__name__]
