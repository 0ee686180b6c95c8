"""The standard's face: RFC 8628, 7009, 7662 and 8414 over the same rules as the JSON face."""

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts.actors import Actor, ActorKind
from accounts.addresses import network
from accounts.devices import agent_rules
from accounts.devices.api import verification_uri
from accounts.devices.models import Face, State
from accounts.doors import origin_of
from accounts.oauth.parameters import OAuthError, client_names, parameters, required, scopes
from accounts.pages import open_to
from accounts.permissions import SCOPES
from accounts.refusals import Code, Refusal
from accounts.tokens.models import RevokedBy
from accounts.tokens.rules import authenticate, inspect, revoke

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
UNCACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
logger = logging.getLogger(__name__)

type View = Callable[[HttpRequest], HttpResponse]


def oauth(method: str) -> Callable[[View], View]:
    """The door of this face: one method, OAuth error JSON for whatever goes wrong, nothing cached."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            if request.method != method and not (method == "GET" and request.method == "HEAD"):
                answer = _error(OAuthError("invalid_request", f"Use {method}.", 405))
                answer["Allow"] = method
                return answer
            try:
                return view(request)
            except OAuthError as wrong:
                return _error(wrong)
            except Refusal as refusal:
                return refusal_answer(refusal)
            except (OperationalError, InterfaceError):
                logger.exception("database unavailable")
                return _error(OAuthError("temporarily_unavailable", str(Code.UNAVAILABLE.message), 503))

        return open_to("anyone")(csrf_exempt(guarded))

    return wrap


@oauth("POST")
def device(request: HttpRequest) -> HttpResponse:
    """Device authorization request (RFC 8628, 3.1)."""
    found = parameters(request, query_too=True)
    name = client_names(request, found)[0]
    origin = origin_of(request)
    started = agent_rules.start(
        face=Face.OAUTH,
        client_label=name,
        # The standard knows no installation: a name in one place stands for it, so that nobody can use up a client's.
        fingerprint=f"{network(origin.address)}:{name}",
        scopes=scopes(found),
        origin=origin,
    )
    row = started.authorization
    return _answer(
        {
            "device_code": started.device_code,
            "user_code": row.shown_code,
            "verification_uri": verification_uri(request),
            "verification_uri_complete": verification_uri(request, row.shown_code),
            "expires_in": int((row.expires_at - row.created_at).total_seconds()),
            "interval": row.interval_seconds,
        },
        headers=started.verdict.headers,
    )


@oauth("POST")
def token(request: HttpRequest) -> HttpResponse:
    """Device access token request (RFC 8628, 3.4)."""
    found = parameters(request)
    names = client_names(request, found)
    if required(found, "grant_type") != DEVICE_GRANT:
        raise OAuthError("unsupported_grant_type", f"Only {DEVICE_GRANT} is served.")
    code = required(found, "device_code")
    agent_rules.require_issued_to(code, names)
    polled = agent_rules.poll(face=Face.OAUTH, device_code=code, origin=origin_of(request))
    row = polled.authorization
    if row.has_expired(timezone.now()) and polled.secret is None:
        raise OAuthError("expired_token", "The code has expired. Start again.")
    if polled.status == State.PENDING:
        raise OAuthError("slow_down" if polled.slow_down else "authorization_pending")
    if polled.status == State.DENIED:
        raise OAuthError("access_denied", row.reason or "The human said no.")
    assert polled.secret
    assert row.token
    return _answer(
        {
            "access_token": polled.secret,
            "token_type": "Bearer",
            "expires_in": int((row.token.expires_at - row.token.created_at).total_seconds()),
            "scope": " ".join(row.token.scopes),
        }
    )


@oauth("POST")
def revocation(request: HttpRequest) -> HttpResponse:
    """Token revocation (RFC 7009): whoever holds a token may end it; an unknown one is no error."""
    found = parameters(request)
    presented = inspect(required(found, "token"), timezone.now())
    if presented.token is not None:
        actor = Actor(
            kind=ActorKind.AGENT,
            user=presented.token.granted_by,
            token=presented.token,
            workspace=presented.token.workspace,
            origin=origin_of(request),
        )
        revoke(presented.token, actor=actor, by=RevokedBy.AGENT)
    return HttpResponse(status=200, headers=UNCACHED)


@oauth("POST")
def introspection(request: HttpRequest) -> HttpResponse:
    """Token introspection (RFC 7662). Holding the token is the authorization to ask about it: 160 random bits."""
    found = parameters(request)
    presented = inspect(required(found, "token"), timezone.now())
    live = presented.token
    if live is None or presented.problem is not None:
        return _answer({"active": False})
    return _answer(
        {
            "active": True,
            "scope": " ".join(live.scopes),
            "client_id": live.label,
            "token_type": "Bearer",
            "exp": int(live.expires_at.timestamp()),
            "iat": int(live.created_at.timestamp()),
            "sub": live.granted_by_id,
            "username": live.granted_by.email,
            "iss": issuer(request),
            "workspace_id": live.workspace_id,
        }
    )


@oauth("GET")
def metadata(request: HttpRequest) -> HttpResponse:
    """Authorization server metadata (RFC 8414). No code flow exists: `authorization_endpoint` and
    `response_types_supported` are there because clients refuse a document without them."""
    base = issuer(request)
    return _answer(
        {
            "issuer": base,
            "device_authorization_endpoint": f"{base}/oauth/device",
            "token_endpoint": f"{base}/oauth/token",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "introspection_endpoint": f"{base}/oauth/introspect",
            "authorization_endpoint": f"{base}/console/device",
            "grant_types_supported": [DEVICE_GRANT],
            "response_types_supported": ["none"],
            "scopes_supported": list(SCOPES),
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "introspection_endpoint_auth_methods_supported": ["none"],
            "service_documentation": f"{base}/v1/docs",
        }
    )


@oauth("GET")
def whoami(request: HttpRequest) -> HttpResponse:
    """Where huggingface_hub asks, after its sign-in, whom the token speaks for."""
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer":
        raise OAuthError("invalid_token", "Send the access token as a bearer token.", 401)
    actor = authenticate(secret.strip(), origin=origin_of(request))
    assert actor.user
    assert actor.token
    return _answer(
        {
            "type": "user",
            "id": actor.user.pk,
            "name": actor.user.email,
            "fullname": actor.user.display_name,
            "email": actor.user.email,
            "orgs": [],
            "auth": {"type": "access_token", "accessToken": {"displayName": actor.token.label, "role": "fineGrained"}},
        }
    )


def issuer(request: HttpRequest) -> str:
    """This server as the caller addresses it: the host was checked against ALLOWED_HOSTS."""
    return f"{request.scheme}://{request.get_host()}"


def _answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(json.dumps(body), content_type="application/json", headers={**UNCACHED, **(headers or {})})


def _error(wrong: OAuthError, headers: dict[str, str] | None = None) -> HttpResponse:
    body = {"error": wrong.code}
    if wrong.description and wrong.code not in {"slow_down", "authorization_pending"}:
        body["error_description"] = wrong.description.replace('"', "'").replace("\\", "/")
    # RFC 6749, 5.2: a client that failed to identify itself is told the scheme it may use; a token's holder, Bearer.
    scheme = 'Basic realm="client"' if wrong.code == "invalid_client" else "Bearer"
    challenge = {"WWW-Authenticate": scheme} if wrong.status == 401 else {}
    return HttpResponse(
        json.dumps(body),
        status=wrong.status,
        content_type="application/json",
        headers={**UNCACHED, **challenge, **(headers or {})},
    )


REFUSED_AS = {
    Code.DEVICE_CODE_UNKNOWN: ("invalid_grant", 400),
    Code.DEVICE_CODE_CONSUMED: ("invalid_grant", 400),
    Code.DEVICE_EXPIRED: ("expired_token", 400),
    Code.UNKNOWN_SCOPE: ("invalid_scope", 400),
    Code.DEVICE_RATE_LIMITED: ("slow_down", 429),
    Code.DEVICE_SECRET_MISSING: ("temporarily_unavailable", 503),
    Code.UNAVAILABLE: ("temporarily_unavailable", 503),
    Code.INTERNAL_ERROR: ("server_error", 500),
    Code.UNAUTHENTICATED: ("invalid_token", 401),
    Code.TOKEN_EXPIRED: ("invalid_token", 401),
    Code.TOKEN_REVOKED: ("invalid_token", 401),
}


def refusal_answer(refusal: Refusal) -> HttpResponse:
    """A refusal of ours in the standard's words."""
    code, status = REFUSED_AS.get(refusal.code, ("invalid_request", refusal.status))
    headers = {name: value for name, value in refusal.headers.items() if name != "WWW-Authenticate"}
    return _error(OAuthError(code, str(refusal.message), status), headers)
