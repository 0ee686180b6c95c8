"""People and agents against the served product: what a browser or a program sends, over real HTTP."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
from typeid import TypeID

from tests.personas import SCOPES
from tests.serving import Demo


@dataclass
class Visitor:
    """A human signed in through the real form: session cookie, CSRF token, no browser."""

    demo: Demo
    role: str = "owner"
    client: httpx.Client = field(init=False)

    def __enter__(self) -> Self:
        self.client = httpx.Client(base_url=self.demo.base_url, timeout=30, trust_env=False)
        page = self.client.get("/accounts/login/")
        assert page.status_code == 200, page.text
        known = self.demo.facts["users"][self.role]
        form = {"login": known["email"], "password": known["password"], "csrfmiddlewaretoken": self.csrf}
        answer = self.client.post("/accounts/login/", data=form)
        assert answer.status_code == 302, answer.text
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @property
    def csrf(self) -> str:
        return self.client.cookies["csrftoken"]

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.client.post(path, json=body or {}, headers={"X-CSRFToken": self.csrf, **headers})

    def approve(
        self, user_code: str, *, scopes: list[str] | None = None, place: str = "sandbox", lifetime_seconds: int = 3600
    ) -> httpx.Response:
        """Lets the agent in, with all that it asked for unless `scopes` says less."""
        if scopes is None:
            seen = self.client.get(f"/v1/account/device/{user_code}")
            assert seen.status_code == 200, seen.text
            scopes = seen.json()["data"]["requested_scopes"]
        workspace = self.demo.facts["workspaces"][place]
        body = {"workspace_id": workspace, "scopes": scopes, "lifetime_seconds": lifetime_seconds}
        return self.post(f"/v1/account/device/{user_code}/approve", body)

    def deny(self, user_code: str, reason: str | None = None) -> httpx.Response:
        return self.post(f"/v1/account/device/{user_code}/deny", {"reason": reason})


@dataclass
class Program:
    """An agent: no cookies; one connection, kept."""

    demo: Demo
    client: httpx.Client = field(init=False)

    def __enter__(self) -> Self:
        self.client = httpx.Client(base_url=self.demo.base_url, timeout=30, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def start(
        self, scopes: list[str] | None = None, label: str = "codex-local-setup", **headers: str
    ) -> httpx.Response:
        body = {"client_label": label, "client_fingerprint": f"print-{label}", "scopes": scopes or SCOPES[:2]}
        return self.client.post("/v1/account/device/start", json=body, headers=headers)

    def started(self, scopes: list[str] | None = None, label: str = "codex-local-setup") -> dict[str, Any]:
        answer = self.start(scopes, label)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def poll(self, device_code: str) -> httpx.Response:
        return self.client.post("/v1/account/device/token", json={"device_code": device_code})

    def me(self, token: str) -> httpx.Response:
        return self.client.get("/v1/account/me", headers={"Authorization": f"Bearer {token}"})


def account_token(demo: Demo, scopes: list[str] | None = None) -> str:
    """A fresh account token, as an agent of the demo gets it."""
    with Program(demo) as program, Visitor(demo) as owner:
        started = program.started(scopes, label=f"agent-{uuid4().hex[:12]}")
        approved = owner.approve(started["user_code"])
        assert approved.status_code == 200, approved.text
        token: str = program.poll(started["device_code"]).json()["data"]["account_access_token"]
        return token


def shown(user_code: str) -> str:
    """A user code as its row keeps it."""
    return user_code.replace("-", "")


def shown_id(prefix: str, stored: Any) -> str:
    """An id as the product shows it, from the UUID that a database keeps."""
    return str(TypeID.from_uuid(UUID(str(stored)), prefix))  # type: ignore[arg-type]  # it reads the bytes alone


def age(demo: Demo, user_code: str, *, expired_for: timedelta = timedelta(seconds=1)) -> None:
    """Moves a request into the past, in the database, so that nobody has to wait ten minutes."""
    expires = datetime.now(UTC) - expired_for
    demo.sql(
        "UPDATE accounts_deviceauthorization SET created_at = %s, expires_at = %s WHERE user_code = %s",
        expires - timedelta(minutes=10),
        expires,
        shown(user_code),
    )
