"""schemathesis drives the running product by its own OpenAPI document: nothing answers what the document does not say.

Each operation is called with valid and with broken input, as nobody, as an agent and as a signed-in human.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import positive_data_acceptance

from accounts.permissions import SCOPES as REGISTRY
from console.agent_docs import openapi_document
from tests.browserless import Program, Visitor, account_token, age
from tests.personas import SCOPES
from tests.serving import Demo

CONFIG = schemathesis.Config.from_dict(
    {"generation": {"max-examples": 15, "deterministic": True, "database": "none"}, "request-timeout": 30}
)
DOCUMENT = openapi_document()
schema = from_dict(DOCUMENT, config=CONFIG)


@pytest.fixture(params=["nobody", "agent", "human"])
def headers(request: pytest.FixtureRequest, demo: Demo) -> Iterator[dict[str, str]]:
    """What this caller sends with each call. An agent comes with a token of its own, since one call revokes it."""
    if request.param == "nobody":
        yield {}
    elif request.param == "agent":
        yield {"Authorization": f"Bearer {account_token(demo)}"}
    else:
        with Visitor(demo) as owner:
            place = demo.facts["workspaces"]["sandbox"]
            yield {"Cookie": cookies_of(owner), "X-CSRFToken": owner.csrf, "X-Workspace": place}


def cookies_of(visitor: Visitor) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.client.cookies.jar)


def test_the_server_serves_this_document(demo: Demo) -> None:
    assert httpx.get(f"{demo.base_url}/v1/openapi.json", trust_env=False).json() == DOCUMENT


def test_the_whole_story_is_documented(demo: Demo) -> None:
    """Valid data by itself rarely meets a code that waits: here each good answer is held to the document."""

    def call(method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **values: str) -> Any:
        operation = schema[f"/v1/account/{path}"][method]
        case = operation.Case(path_parameters=values, headers=headers)
        if method == "POST":
            case.body, case.media_type = body or {}, "application/json"
        answer = case.call(base_url=demo.base_url)
        case.validate_response(answer)
        return answer.status_code, answer.json().get("data")

    def start() -> dict[str, Any]:
        asked = {"client_label": "codex", "client_fingerprint": "print", "scopes": SCOPES}
        status, started = call("POST", "device/start", asked, {"Idempotency-Key": uuid4().hex})
        assert status == 200
        found: dict[str, Any] = started
        return found

    with Visitor(demo) as owner:
        human = {"Cookie": cookies_of(owner), "X-CSRFToken": owner.csrf}
        one, two = start(), start()
        poll = {"device_code": one["device_code"]}
        assert call("POST", "device/token", poll)[1]["status"] == "pending"
        code = {"user_code": one["user_code"]}
        assert call("GET", "device/{user_code}", None, human, **code)[1]["status"] == "pending"
        grant = {"new_workspace_name": "Made while approving", "scopes": SCOPES[:1], "lifetime_seconds": 900}
        assert call("POST", "device/{user_code}/approve", grant, human, **code)[1]["status"] == "approved"
        assert call("POST", "device/{user_code}/approve", grant, human, **code)[0] == 409
        heard = call("POST", "device/token", poll)[1]
        assert heard["status"] == "approved"
        assert call("POST", "device/token", poll)[0] == 409
        assert call("GET", "device/{user_code}", None, human, **code)[1]["status"] == "consumed"
        agent = {"Authorization": f"Bearer {heard['account_access_token']}"}
        assert call("GET", "me", None, agent)[1]["scopes"] == SCOPES[:1]
        assert call("POST", "tokens/current/revoke", None, agent)[1]["revoked"]
        assert call("GET", "me", None, agent)[0] == 401

        code, poll = {"user_code": two["user_code"]}, {"device_code": two["device_code"]}
        assert call("POST", "device/{user_code}/deny", {"reason": "No"}, human, **code)[1]["status"] == "denied"
        assert call("POST", "device/token", poll)[1]["reason"] == "No"
        age(demo, two["user_code"], expired_for=timedelta(days=2))
        assert call("POST", "device/{user_code}/deny", {}, human, **code)[0] == 404


@schema.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_documented(case: schemathesis.Case[Any], demo: Demo, headers: dict[str, str]) -> None:
    if "Cookie" in headers and "user_code" in (case.path_parameters or {}) and _is_valid(case):
        # No generator guesses a code that waits.
        with Program(demo) as program:
            case.path_parameters["user_code"] = program.started(list(REGISTRY), label="fuzzed")["user_code"]
    case.call_and_validate(base_url=demo.base_url, headers=headers, excluded_checks=_unfair(case))


def _unfair(case: schemathesis.Case[Any]) -> list[Any]:
    """Checks that no generator can satisfy: a cursor is opaque and given out by the server, an expiry must lie ahead
    of the clock, and a reference has a narrower alphabet than a path segment."""
    opaque = "cursor" in (case.query or {}) or "ref" in (case.path_parameters or {})
    dated = isinstance(case.body, dict) and case.body.get("expires_at") is not None
    return [positive_data_acceptance] if opaque or dated else []


def _is_valid(case: schemathesis.Case[Any]) -> bool:
    return case.meta is not None and case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
