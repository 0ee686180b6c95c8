"""Pages for what went wrong before a view had a say; JSON where a program asks."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from accounts.endpoints import refuse
from accounts.pages import refusal_page
from accounts.refusals import Code, Refusal

MACHINE_PATHS = ("/v1/", "/oauth/", "/.well-known/", "/api/")


def _answer(request: HttpRequest, code: Code, message: str = "") -> HttpResponse:
    refusal = Refusal(code, message)
    if request.path_info.startswith(MACHINE_PATHS):
        return refuse(refusal)
    return refusal_page(request, refusal)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, Code.INVALID_REQUEST, "This request cannot be read.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, Code.FORBIDDEN_ROLE)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, Code.NOT_FOUND)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "This form was too old or came from elsewhere. Go back and send it again."
    return _answer(request, Code.CSRF_FAILED, message)


def server_error(request: HttpRequest) -> HttpResponse:
    """No context processors: whatever broke may break them too. A database that is away is a 503, not a 500."""
    away = isinstance(sys.exception(), OperationalError | InterfaceError)
    if request.path_info.startswith(MACHINE_PATHS):
        return refuse(Refusal(Code.UNAVAILABLE, headers={"Retry-After": "1"}) if away else Refusal(Code.INTERNAL_ERROR))
    context = {"request_id": getattr(request, "request_id", ""), "away": away}
    return HttpResponse(render_to_string("errors/500.html", context), status=503 if away else 500)
