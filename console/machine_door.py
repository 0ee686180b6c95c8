"""The outermost layer: request ids, the access log, and the short way for machines.

A call under /v1 or /oauth that carries no cookie needs no session, messages, locale or CSRF: it goes straight to its
view. With a cookie (a browser session on the JSON API) it takes the whole way. Whatever happens under /v1, the answer
is the JSON envelope: never a redirect, an HTML page or a traceback.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve
from django.urls.exceptions import Resolver404
from django.utils import translation
from django.utils.csp import build_policy

from accounts.addresses import is_trusted_peer
from accounts.endpoints import refusal_of, refuse
from accounts.oauth.views import refusal_answer
from accounts.refusals import Code, Refusal
from console import metrics

MACHINE_PATHS = ("/v1/", "/oauth/", "/.well-known/", "/api/", "/healthz", "/readyz", "/metrics")
OAUTH_PATHS = ("/oauth/", "/.well-known/")
SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
ACCESS = logging.getLogger("access")
logger = structlog.get_logger("access")


class MachineDoor:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if SANE_ID.fullmatch(given) else secrets.token_hex(12)
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if request.META.get("HTTP_X_FORWARDED_PROTO") == "https" and is_trusted_peer(request):
            request.META["wsgi.url_scheme"] = "https"
        forget_odd_session(request)
        try:
            response = self._answer(request)
            response["X-Request-Id"] = request_id
            self._note(request, response, time.perf_counter() - started)
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        path = f"{request.path_info}/"  # so that /v1 itself is one of them
        if not path.startswith(MACHINE_PATHS):
            return self.get_response(request)
        if request.META.get("HTTP_COOKIE") and path.startswith("/v1/"):
            response = self.get_response(request)
        else:
            with translation.override("en"):  # this thread may still speak the language of the page before
                response = straight(request)
        return as_envelope(request, response) if path.startswith("/v1/") else response

    def _note(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        match = getattr(request, "resolver_match", None)
        route = match.route if match else "unmatched"
        metrics.observe(request.method or "", route, response.status_code, seconds)
        if not ACCESS.isEnabledFor(logging.INFO):  # structlog would compose the whole line before it is dropped
            return
        logger.info(
            "request",
            method=request.method,
            # The route, not the path: stop links and codes stand in paths.
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
        )


def forget_odd_session(request: HttpRequest) -> None:
    """A session key that was never given out is dropped before the database is asked (PostgreSQL refuses a NUL)."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if key is not None and not (key.isascii() and key.isalnum()):
        del request.COOKIES[settings.SESSION_COOKIE_NAME]


def straight(request: HttpRequest) -> HttpResponse:
    """Host check, URL look-up, view; the headers that the skipped layers would have set."""
    try:
        request.get_host()
        match = resolve(request.path_info)
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    except DisallowedHost:
        response = _say(request, Refusal(Code.INVALID_REQUEST, "This server does not serve that host name."))
    except (Resolver404, Http404):
        response = _say(request, Refusal(Code.NOT_FOUND))
    except Exception as problem:  # the last line of defence of the machine paths: logged, and answered as JSON
        response = _say(request, refusal_of(problem))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        response["X-Frame-Options"] = settings.X_FRAME_OPTIONS
        response["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY
        response["Content-Security-Policy"] = build_policy(settings.SECURE_CSP)
    response.headers.setdefault("Content-Length", str(len(response.content)))
    if settings.SECURE_HSTS_SECONDS and request.is_secure():
        response["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    return response


def _say(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as the face that was called spells it: OAuth clients read `error`, all others the envelope."""
    return refusal_answer(refusal) if request.path_info.startswith(OAUTH_PATHS) else refuse(refusal)


def as_envelope(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Turns what is not ours (Django's 400s, Ninja's 405) into the envelope."""
    if response.status_code < 300 or response.headers.get("Content-Type", "").startswith("application/json"):
        return response
    codes: dict[int, Code] = {405: Code.METHOD_NOT_ALLOWED, 404: Code.NOT_FOUND, 403: Code.CSRF_FAILED}
    code = codes.get(response.status_code, Code.INTERNAL_ERROR if response.status_code >= 500 else Code.INVALID_REQUEST)
    answer = refuse(Refusal(code))
    if code is Code.METHOD_NOT_ALLOWED:
        answer["Allow"] = ", ".join(sorted(set(response.headers.get("Allow", "").replace(",", " ").split())))
    return answer
