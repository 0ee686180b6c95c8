"""Pages for what went wrong before a view had a say; JSON where a program asks."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.endpoints import refuse
from accounts.pages import refusal_page
from accounts.refusals import Code, Refusal


def _answer(request: HttpRequest, code: Code, message: str = "") -> HttpResponse:
    refusal = Refusal(code, message)
    if request.path_info.startswith(("/v1/", "/oauth/", "/.well-known/", "/api/")):
        return refuse(refusal)
    return refusal_page(request, refusal)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, Code.INVALID_REQUEST, "This request cannot be read.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, Code.FORBIDDEN_ROLE)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, Code.NOT_FOUND)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, Code.CSRF_FAILED, "This form was too old or came from elsewhere. Go back and send it again.")


def server_error(request: HttpRequest) -> HttpResponse:
    """No context processors: whatever broke may break them too."""
    if request.path_info.startswith("/v1/"):
        return refuse(Refusal(Code.INTERNAL_ERROR))
    context = {"request_id": getattr(request, "request_id", "")}
    return HttpResponse(render(None, "errors/500.html", context).content, status=500)  # type: ignore[arg-type]
