"""The HTML door: who may see a page, and how a refusal reads there. Pages translate and decide nothing.

A view behind this door declares its policy; a test walks every URL and fails on one that does not.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import ResolverMatch, reverse
from django.utils.functional import SimpleLazyObject
from django_htmx.http import HttpResponseClientRedirect

from accounts.actors import Actor, ActorKind
from accounts.doors import session_actor
from accounts.permissions import ROLE_PERMISSIONS, Permission
from accounts.refusals import Code, Refusal
from accounts.text import HOSTILE
from accounts.workspaces.models import Membership, Workspace

CURRENT_WORKSPACE = "workspace"


class PageRequest(HttpRequest):
    """A request that came through the HTML door."""

    actor: Actor
    workspace: Workspace
    htmx: Any


type View = Callable[..., HttpResponse]


def open_to[V: Callable[..., HttpResponseBase]](policy: str) -> Callable[[V], V]:
    """Marks a view that has a door of its own (a health probe, the OAuth face) with who may call it."""

    def mark(view: V) -> V:
        view.policy = policy  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """A page for anyone; `request.actor` says who it is."""
    return open_to("anyone")(_guarded(view))


def signed_in(view: View) -> View:
    """A page for any human who is signed in; others go to sign in and come back here."""

    def enter(request: PageRequest, *args: Any, **values: Any) -> HttpResponse:
        if request.actor.kind is not ActorKind.USER:
            return to_sign_in(request)
        return view(request, *args, **values)

    return open_to("a signed-in human")(_guarded(wraps(view)(enter)))


def member(permission: Permission) -> Callable[[View], View]:
    """A page of one workspace (`<workspace>` in its path): strangers get 404, members without the right 403."""

    def mark(view: View) -> View:
        def enter(request: PageRequest, workspace: str, **values: Any) -> HttpResponse:
            if request.actor.user is None:
                return to_sign_in(request)
            row = (
                Membership.objects.select_related("workspace")
                .filter(workspace=workspace, user=request.actor.user)
                .first()
            )
            if row is None:
                raise Refusal(Code.NOT_FOUND)
            request.workspace = row.workspace
            request.actor = session_actor(request, row.workspace, row.role)
            if permission not in ROLE_PERMISSIONS.get(row.role, frozenset()):
                raise Refusal(Code.FORBIDDEN_ROLE)
            if not request.htmx and request.session.get(CURRENT_WORKSPACE) != row.workspace_id:
                request.session[CURRENT_WORKSPACE] = row.workspace_id
            return view(request, row.workspace, **values)

        return open_to(f"member with {permission.value}")(_guarded(wraps(view)(enter)))

    return mark


def current_workspace(request: PageRequest) -> Workspace | None:
    """The workspace this session looked at last, or the oldest one the human belongs to."""
    mine = request.actor.workspaces()
    chosen = mine.filter(pk=request.session.get(CURRENT_WORKSPACE, "")).first()
    return chosen or mine.order_by("pk").first()


def searched(request: HttpRequest) -> str:
    """What was typed into a page's search field, without what no text holds (PostgreSQL refuses a NUL)."""
    return HOSTILE.sub("", request.GET.get("q", "")).strip()[:80]


def _way_back(request: HttpRequest) -> str:
    """Where to go on after signing in: this page, or, from an act, the page that offered it."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    match: ResolverMatch | None = request.resolver_match
    if match is not None and "user_code" in match.kwargs:
        return f"{reverse('device')}?{urlencode({'user_code': match.kwargs['user_code']})}"
    referer = urlsplit(request.META.get("HTTP_REFERER", ""))
    if referer.netloc == request.get_host() and referer.path.startswith("/console/"):
        return str(referer.path)
    return reverse("home")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in and come back. A partial cannot show a login form in its panel: the whole page goes."""
    back = _way_back(request)
    if getattr(request, "htmx", False):
        back = request.htmx.current_url_abs_path or back  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(f"{reverse('account_login')}?{urlencode({'next': back})}")
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': back})}")


def refusal_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal that no form shows: the sentence, the code small below it, a way on."""
    response = render(request, "errors/refusal.html", {"refusal": refusal}, status=refusal.status)
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def ask_to_sign_in_again(request: HttpRequest) -> HttpResponse | None:
    """Makes the human prove who they are, then resumes the very request. Where an account has neither password nor
    passkey (a provider signs it in), it is signed out and comes back through its provider."""
    if get_adapter(request).get_reauthentication_methods(request.user):
        raise ReauthenticationRequired
    back = urlencode({"next": _way_back(request)})
    logout(request)
    return HttpResponseRedirect(f"{reverse('account_login')}?{back}")


def _guarded(view: View) -> View:
    @wraps(view)
    def guarded(request: PageRequest, *args: Any, **values: Any) -> HttpResponse:
        request.actor = session_actor(request)
        try:
            response = view(request, *args, **values)
        except Refusal as refusal:
            if refusal.code is Code.REAUTHENTICATION_REQUIRED and (again := ask_to_sign_in_again(request)):
                return again
            response = refusal_page(request, refusal)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Vary"] = "Cookie, HX-Request"
        return response

    return guarded


def shell(request: HttpRequest) -> dict[str, Any]:
    """What the layouts need: the human's workspaces and the one at hand, read only when a template asks."""

    def memberships() -> list[Membership]:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return []
        return list(Membership.objects.select_related("workspace").filter(user=user).order_by("workspace__name", "pk"))

    def here() -> Workspace | None:
        found: Workspace | None = getattr(request, "workspace", None)
        if found is not None:
            return found
        last = request.session.get(CURRENT_WORKSPACE) if hasattr(request, "session") else None
        mine = list(lazy)
        return next((row.workspace for row in mine if row.workspace_id == last), mine[0].workspace if mine else None)

    lazy = SimpleLazyObject(memberships)
    return {"memberships": lazy, "here": SimpleLazyObject(here), "now_role": getattr(request, "actor", Actor()).role}
