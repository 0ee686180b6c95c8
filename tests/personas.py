"""The people of the tests, and the agent."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts.models import Membership, User, Workspace
from accounts.permissions import Role

PASSWORD = "correct horse battery"
SCOPES = [
    "account:workspace:read",
    "account:apps:write",
    "account:api_keys:write",
    "account:external_users:write",
    "account:caps:write",
    "account:usage:read",
]


@dataclass
class Human:
    """A signed-in browser: `client` carries session and CSRF as a real one would."""

    user: User
    client: Client

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A JSON call with the session and its CSRF token."""
        if "csrftoken" not in self.client.cookies:
            self.client.get("/console/device")
        return self.client.generic(
            method,
            path,
            data=b"" if body is None else _json(body),
            content_type="application/json",
            headers={"X-CSRFToken": self.client.cookies["csrftoken"].value, **headers},
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)


@dataclass
class Agent:
    """A program: no cookies, one JSON call at a time, a bearer token once it has one."""

    client: Client
    token: str | None = None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        data = b"" if body is None else body if isinstance(body, bytes) else _json(body)
        return self.client.generic(method, path, data=data, content_type="application/json", headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def start(self, scopes: list[str] | None = None, label: str = "codex-local-setup") -> dict[str, Any]:
        body = {"client_label": label, "client_fingerprint": f"print-{label}", "scopes": scopes or SCOPES}
        answer = self.post("/v1/account/device/start", body)
        assert answer.status_code == 200, answer.content
        data: dict[str, Any] = answer.json()["data"]
        return data

    def poll(self, device_code: str) -> Any:
        return self.post("/v1/account/device/token", {"device_code": device_code})


def person(email: str, workspace: Workspace | None = None, role: str = Role.OWNER, *, staff: bool = False) -> Human:
    """A human with a verified address, signed in through the real form, so that allauth knows when."""
    from allauth.account.models import EmailAddress

    user = User.objects.create_user(email, PASSWORD, name=email.partition("@")[0].title(), is_staff=staff)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if workspace is not None:
        Membership.objects.create(workspace=workspace, user=user, role=role)
    client = Client(enforce_csrf_checks=True)
    page = client.get("/accounts/login/")
    assert page.status_code == 200
    answer = client.post(
        "/accounts/login/",
        {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"].value},
    )
    assert answer.status_code == 302, answer.content[-3000:]
    return Human(user, client)


def _json(body: Any) -> bytes:
    import json

    return json.dumps(body).encode()
