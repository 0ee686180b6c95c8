"""What the tests do again and again: let an agent in, call from elsewhere, move the clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import time_machine
from django.test import Client

from accounts.models import Workspace
from tests.personas import SCOPES, Agent, Human

READ = "account:workspace:read"
DEVICE = "/v1/account/device"
FORM = "application/x-www-form-urlencoded"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller

    def forward(self, **step: float) -> None:
        self._traveller.shift(timedelta(**step))


@contextmanager
def standing_clock() -> Iterator[Clock]:
    with time_machine.travel(datetime.now(UTC).replace(microsecond=0), tick=False) as traveller:
        yield Clock(traveller)


def from_address(address: str, token: str | None = None) -> Agent:
    """A program that calls from another place."""
    return Agent(Client(enforce_csrf_checks=True, REMOTE_ADDR=address), token)


def approve(human: Human, user_code: str, workspace: Workspace | None = None, **body: Any) -> Any:
    """POST …/approve, with every scope a developer may grant unless told otherwise."""
    if workspace is not None:
        body["workspace_id"] = workspace.pk
    body.setdefault("scopes", [READ])
    return human.post(f"{DEVICE}/{quote(user_code, safe='')}/approve", body)


def deny(human: Human, user_code: str, **body: Any) -> Any:
    return human.post(f"{DEVICE}/{quote(user_code, safe='')}/deny", body)


def show(human: Human, user_code: str) -> Any:
    return human.get(f"{DEVICE}/{quote(user_code, safe='')}")


def let_in(
    agent: Agent, human: Human, workspace: Workspace, scopes: list[str] | None = None, lifetime_seconds: int = 3600
) -> str:
    """The whole story up to the token, which the agent keeps as well."""
    scopes = scopes or SCOPES
    started = agent.start(scopes)
    answer = approve(human, started["user_code"], workspace, scopes=scopes, lifetime_seconds=lifetime_seconds)
    assert answer.status_code == 200, answer.content
    token = agent.poll(started["device_code"]).json()["data"]["account_access_token"]
    assert isinstance(token, str)
    agent.token = token
    return token


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The detail of a refusal, after a look at its shape."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Request-Id"]
    body = answer.json()
    assert set(body) == {"detail"}
    detail: dict[str, Any] = body["detail"]
    assert detail["code"] == code, detail
    assert isinstance(detail["message"], str)
    assert detail["message"]
    return detail


def complained_fields(answer: Any) -> list[str]:
    """The fields of a 400 invalid_request."""
    detail = refused(answer, 400, "invalid_request")
    assert all(set(entry) == {"field", "message"} and entry["message"] for entry in detail["fields"])
    return [entry["field"] for entry in detail["fields"]]


def form(client: Client, path: str, fields: Any, content_type: str = FORM, **headers: str) -> Any:
    """An OAuth call: a form, no cookies."""
    data = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    return client.generic("POST", path, data=data, content_type=content_type, headers=headers)


def oauth_error(answer: Any, status: int, error: str) -> dict[str, Any]:
    """The body of an OAuth error, after a look at its shape."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert body["error"] == error, body
    assert set(body) <= {"error", "error_description"}
    return body
