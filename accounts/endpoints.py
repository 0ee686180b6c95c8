"""The JSON door: who may call a route, how its body is read, and how every answer and refusal looks.

A route is a handler, a policy and what it may answer. It translates and decides nothing.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, get_args

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import translation
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.parser import Parser

from accounts import idempotency
from accounts.actors import Actor, ActorKind
from accounts.addresses import network
from accounts.credentials import Kind, kind_of
from accounts.doors import origin_of, session_actor
from accounts.json_bodies import read
from accounts.permissions import Permission
from accounts.refusals import Code, Refusal, invalid
from accounts.schemas import Envelope, Failure, Listing, NextAction
from accounts.tokens.rules import authenticate, unauthenticated

SCHEMA_VERSION = "v0"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
logger = logging.getLogger(__name__)


class ApiRequest(HttpRequest):
    """A request that came through the JSON door."""

    actor: Actor
    json_body: Any


# --- Policies: who may call ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may call a route. `agents` and `humans` say which credentials open it, `permission` what they must hold."""

    name: str
    agents: bool = False
    humans: bool = False
    needs_workspace: bool = False
    permission: Permission | None = None

    def admit(self, request: HttpRequest) -> Actor:
        """The actor, or the refusal that fits: 401 for nobody, 403 for somebody else's plane, role or scope."""
        if not self.agents and not self.humans:
            return Actor(origin=origin_of(request))
        header = request.META.get("HTTP_AUTHORIZATION")
        actor = self._bearer(request, header) if header is not None else self._session(request)
        if self.permission is not None:
            assert actor.workspace is not None
            actor.require(self.permission, actor.workspace)
        return actor

    def _bearer(self, request: HttpRequest, header: str) -> Actor:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            raise unauthenticated()
        kind = kind_of(secret.strip())
        if kind is None:
            raise unauthenticated()
        if not self.agents:
            raise Refusal(Code.SESSION_REQUIRED)
        if kind is not Kind.ACCOUNT_TOKEN:
            raise Refusal(Code.WRONG_PLANE)
        return authenticate(secret.strip(), origin=origin_of(request))

    def _session(self, request: HttpRequest) -> Actor:
        actor = session_actor(request)
        if not self.humans or actor.kind is not ActorKind.USER:
            raise unauthenticated()
        if request.method in WRITES and _csrf_fails(request):
            raise Refusal(Code.CSRF_FAILED)
        if not self.needs_workspace:
            return actor
        return session_actor(request, *_chosen_workspace(request, actor))


PUBLIC = Policy("anyone")
HUMAN = Policy("a signed-in human", humans=True)


def account(permission: Permission | None = None) -> Policy:
    """An agent's account token, or a browser session that names its workspace in X-Workspace."""
    name = f"account token or session with {permission.value}" if permission else "account token or session"
    return Policy(name, agents=True, humans=True, needs_workspace=True, permission=permission)


AGENT = Policy("account token", agents=True)


def _chosen_workspace(request: HttpRequest, actor: Actor) -> tuple[Any, str | None]:
    chosen = request.META.get("HTTP_X_WORKSPACE", "")
    if not chosen:
        raise invalid("X-Workspace", "Name the workspace (ws_…) in the X-Workspace header.")
    workspace = actor.workspaces().filter(pk=chosen).first()
    if workspace is None:
        raise Refusal(Code.NOT_FOUND)
    return workspace, actor.role_in(workspace)


def _csrf_fails(request: HttpRequest) -> bool:
    # The token comes in its header: a body that says it is a form must not be parsed on the way.
    request._post, request._files = QueryDict(), MultiValueDict()  # type: ignore[attr-defined]
    check = CsrfViewMiddleware(lambda _: HttpResponse())
    request.csrf_processing_done = False  # type: ignore[attr-defined]  # Ninja's views are exempt; ours are not
    check.process_request(request)
    return check.process_view(request, HttpResponse, (), {}) is not None


# --- Answers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler says. `secret` marks answers that must not be stored anywhere on their way."""

    data: Any
    status: int = 200
    next_actions: Sequence[NextAction] = ()
    headers: dict[str, str] = field(default_factory=dict)
    page: dict[str, Any] | None = None
    secret: bool = False
    keep: bool = True  # whether an Idempotency-Key replays it; false for an answer that changed nothing


def respond(answer: Answer) -> HttpResponse:
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "data": answer.data,
        "next_actions": [action.model_dump(exclude_defaults=True) for action in answer.next_actions],
    }
    if answer.page is not None:
        body["page"] = answer.page
    headers = {"Cache-Control": "no-store", **answer.headers} if answer.secret else answer.headers
    response = HttpResponse(json.dumps(body), status=answer.status, content_type="application/json", headers=headers)
    response.keep = answer.keep  # type: ignore[attr-defined]
    return response


def refuse(refusal: Refusal) -> HttpResponse:
    with translation.override("en"):  # programs read it, whatever language a browser session prefers
        body = json.dumps({"detail": refusal.as_detail()})
    return HttpResponse(body, status=refusal.status, content_type="application/json", headers=refusal.headers)


def rfc3339(moment: datetime | None) -> str | None:
    """A time as JSON carries it: UTC with Z, to the second above it never promises more than it keeps."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def failure_of(problem: Exception) -> HttpResponse:
    """The envelope for whatever went wrong below a route."""
    return refuse(refusal_of(problem))


def refusal_of(problem: Exception) -> Refusal:
    """What went wrong below a route, as a refusal; what nobody foresaw is logged and says so."""
    if isinstance(problem, Refusal):
        return problem
    if isinstance(problem, ValidationError):
        amounts = all(error["type"] == Code.INVALID_AMOUNT.code for error in problem.errors)
        code = Code.INVALID_AMOUNT if amounts else Code.INVALID_REQUEST
        return Refusal(code, details={"fields": [_complaint(error) for error in problem.errors]})
    if isinstance(problem, Http404):
        return Refusal(Code.NOT_FOUND)
    if isinstance(problem, SuspiciousOperation | BadRequest):  # e.g. a thousand query parameters
        return invalid("", "This request cannot be read.")
    if isinstance(problem, DataError):  # e.g. a NUL in a path: no row can match it
        return invalid("", "This request holds a value that cannot be stored.")
    if isinstance(problem, OperationalError | InterfaceError):
        logger.error("database unavailable", exc_info=problem)
        return Refusal(Code.UNAVAILABLE, headers={"Retry-After": "1"})
    logger.error("unforeseen failure", exc_info=problem)
    return Refusal(Code.INTERNAL_ERROR)


def _complaint(error: dict[str, Any]) -> dict[str, str]:
    source, *path = error["loc"]
    if source == "body":
        path = path[1:]
    message = "This field is not known." if error["type"] == "extra_forbidden" else error["msg"]
    return {"field": ".".join(str(part) for part in path), "message": message}


# --- Routes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the contract. A route without a policy cannot be written down."""

    method: str
    path: str
    handler: Callable[..., Answer]
    policy: Policy
    data: Any
    codes: tuple[Code, ...] = ()
    status: int = 200
    paged: bool = False
    also_status: int | None = None

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").strip().split("\n")[0].rstrip(".")

    @property
    def all_codes(self) -> list[Code]:
        """Every refusal this route can answer with, its own and those of its policy and of every route."""
        found = [*self.codes, Code.INVALID_REQUEST, Code.METHOD_NOT_ALLOWED, Code.INTERNAL_ERROR, Code.UNAVAILABLE]
        if self.method in WRITES:
            found += [Code.TOO_LARGE, Code.NOT_JSON]
        if self.method == "POST":
            found += [Code.IDEMPOTENCY_KEY_REUSED, Code.IDEMPOTENCY_IN_PROGRESS]
        if self.policy.agents or self.policy.humans:
            found += [Code.UNAUTHENTICATED]
        if self.policy.agents:
            found += [Code.TOKEN_EXPIRED, Code.TOKEN_REVOKED, Code.WRONG_PLANE]
        if self.policy.humans:
            found += [Code.CSRF_FAILED] if self.method in WRITES else []
            found += [Code.SESSION_REQUIRED] if not self.policy.agents else [Code.NOT_FOUND]
        if self.policy.permission:
            found += [Code.INSUFFICIENT_SCOPE, Code.FORBIDDEN_ROLE]
        return sorted(set(found), key=lambda code: (code.status, code.code))


class _ReadAlready(Parser):
    """The body was read by the door, before Ninja looks at it."""

    def parse_body(self, request: HttpRequest) -> Any:
        return getattr(request, "json_body", None)


def build_api(routes: Sequence[Route]) -> NinjaAPI:
    """Django Ninja serves the routes; its document, docs page and lax defaults are replaced by ours."""
    api = NinjaAPI(
        title="Countersign",
        version=SCHEMA_VERSION,
        description="Where agents ask and humans countersign.",
        openapi_url=None,
        docs_url=None,
        parser=_ReadAlready(),
        urls_namespace="v1",
    )
    for kind in (Exception, Refusal, ValidationError, Http404):
        api.add_exception_handler(kind, _failed)
    for route in routes:
        _add(api, route)
    return api


def _failed(_: HttpRequest, problem: Exception | type[Exception]) -> HttpResponse:
    return failure_of(problem if isinstance(problem, Exception) else problem())


def _add(api: NinjaAPI, route: Route) -> None:
    by_status: dict[int, list[str]] = {}
    for code in route.all_codes:
        by_status.setdefault(code.status, []).append(code.code)
    envelope = Listing if route.paged else Envelope
    statuses = [status for status in (route.status, route.also_status) if status]
    success = envelope[route.data]
    api.default_router.add_api_operation(
        route.path,
        [route.method],
        _view(route),
        auth=_entrance(route),
        response={**dict.fromkeys(statuses, success), **dict.fromkeys(by_status, Failure)},
        operation_id=route.handler.__module__.split(".")[1] + "_" + route.handler.__name__,
        summary=route.summary,
        openapi_extra={"x-codes": by_status, "x-policy": route.policy.name},
    )


def _entrance(route: Route) -> Callable[[HttpRequest], bool]:
    def enter(request: HttpRequest) -> bool:
        request.actor = route.policy.admit(request)  # type: ignore[attr-defined]
        if route.method in WRITES:
            body = read(request)
            request.json_body = {} if body is None else body  # type: ignore[attr-defined]
            if not request.body:
                request._body = b"{}"  # an absent body reads as an empty one
            if request.json_body and "body" not in route.handler.__annotations__:  # type: ignore[attr-defined]
                raise invalid(sorted(request.json_body)[0], "This field is not known.")  # type: ignore[attr-defined]
        if unknown := set(request.GET) - query_names(route):
            raise invalid(sorted(unknown)[0][:80], "This query parameter is not known.")
        return True

    return enter


def query_names(route: Route) -> set[str]:
    """The query parameters a handler takes: the fields of its `query` argument."""
    annotation = route.handler.__annotations__.get("query")
    model = next(iter(get_args(annotation)), annotation)
    return set(getattr(model, "model_fields", {}))


def _view(route: Route) -> Callable[..., HttpResponse]:
    @wraps(route.handler)
    def view(request: HttpRequest, **values: Any) -> HttpResponse:
        def produce() -> HttpResponse:
            return respond(route.handler(request, **values))

        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None or route.method != "POST":
            return produce()
        actor: Actor = request.actor  # type: ignore[attr-defined]
        # What acts on the credential itself is another request from another credential.
        own = actor.token.pk if actor.token and not route.policy.needs_workspace else ""
        digest = idempotency.request_digest(route.method, request.path + own, request.body)
        return idempotency.once(
            idempotency.Request(_idempotency_scope(actor), idempotency.checked_key(key), digest), produce
        )

    return view


def _idempotency_scope(actor: Actor) -> str:
    if actor.workspace is not None:
        return actor.workspace.pk
    if actor.user is not None:
        return actor.user.pk
    # Nobody is known here: the same network and the same program, so that a guessed key replays nobody else's answer.
    return f"anyone:{network(actor.origin.address)}:{actor.origin.user_agent}"
