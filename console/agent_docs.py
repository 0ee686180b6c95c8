"""Documents for programs and their authors, generated from the routes, scopes and codes themselves."""

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.endpoints import Route, query_names
from accounts.pages import View, open_to
from accounts.permissions import SCOPES
from accounts.refusals import Code
from console.v1 import ROUTES, api

IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The first success to a key is kept 24 hours and answered again.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
}
WORKSPACE = {
    "name": "X-Workspace",
    "in": "header",
    "required": False,
    "description": "The workspace (ws_…) a browser session acts in; an account token carries its own.",
    "schema": {"type": "string"},
}


def document(view: View) -> View:
    """A page of its own under /v1: for anyone, only read, whatever cookie comes along."""
    return open_to("anyone")(csrf_exempt(require_safe(view)))


@document
def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document."""
    return HttpResponse(_openapi_text(), content_type="application/json")


@document
def docs(request: HttpRequest) -> HttpResponse:
    """The same to read: server-rendered, no script."""
    context = {"routes": [_route_context(route) for route in ROUTES], "scopes": SCOPES.values(), "codes": list(Code)}
    return render(request, "console/docs.html", context)


@document
def llms(request: HttpRequest) -> HttpResponse:
    """What an agent should read first."""
    base = f"{request.scheme}://{request.get_host()}"
    with translation.override("en"):
        text = render_to_string(
            "console/llms.txt",
            {
                "base": base,
                "routes": [_route_context(route) for route in ROUTES],
                "scopes": SCOPES.values(),
                "codes": list(Code),
            },
        )
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@cache
def _openapi_text() -> str:
    with translation.override("en"):
        return json.dumps(openapi_document(), default=str)


def openapi_document() -> dict[str, Any]:
    """Ninja's document, with what it does not know: credentials, headers, and which codes come with a status."""
    document: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="v1/"))
    document["components"]["securitySchemes"] = {
        "accountToken": {"type": "http", "scheme": "bearer", "description": "An account token, lat_…"},
        "browserSession": {"type": "apiKey", "in": "cookie", "name": "countersign_session"},
    }
    for route in ROUTES:
        operation = document["paths"]["/v1" + route.path][route.method.lower()]
        _complete(operation, route)
    return document


def _complete(operation: dict[str, Any], route: Route) -> None:
    codes = operation.pop("x-codes")
    for status, names in codes.items():
        operation["responses"][status]["description"] = ", ".join(names)
    operation["x-codes"] = sorted(code for names in codes.values() for code in names)
    parameters = operation.setdefault("parameters", [])
    if route.method == "POST":
        parameters.append(IDEMPOTENCY)
    if route.policy.humans and route.policy.agents:
        parameters.append(WORKSPACE)
    security: list[dict[str, list[str]]] = []
    if route.policy.agents:
        security.append({"accountToken": []})
    if route.policy.humans:
        security.append({"browserSession": []})
    operation["security"] = security


def _route_context(route: Route) -> dict[str, Any]:
    return {
        "method": route.method,
        "path": "/v1" + route.path,
        "summary": route.summary,
        "policy": route.policy.name,
        "query": sorted(query_names(route)),
        "fields": sorted(getattr(route.handler.__annotations__.get("body"), "model_fields", {})),
        "codes": route.all_codes,
    }
