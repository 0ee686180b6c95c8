"""POST /oauth/token (RFC 8628, 3.4 and 3.5)."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.test import Client

from accounts.bookkeeping import OutboxMail
from accounts.credentials import Kind, issue
from accounts.models import AccountToken, Workspace
from tests.acts import GRANT, READ, Clock, approve, deny, form, from_address, oauth_error, refused
from tests.personas import SCOPES, Agent, Human

TOKEN = "/oauth/token"


def started(agent: Agent, scope: str = READ, client_id: str = "codex") -> dict[str, Any]:
    body: dict[str, Any] = form(agent.client, "/oauth/device", {"client_id": client_id, "scope": scope}).json()
    return body


def ask(agent: Agent, code: str, client_id: str = "codex", **more: str) -> Any:
    fields = {"grant_type": GRANT, "device_code": code, "client_id": client_id, **more}
    return form(agent.client, TOKEN, fields)


def test_before_a_human_decides(agent: Agent) -> None:
    assert oauth_error(ask(agent, started(agent)["device_code"]), 400, "authorization_pending") == {
        "error": "authorization_pending"
    }


def test_a_throttled_poll_says_slow_down_and_nothing_else(agent: Agent, clock: Clock) -> None:
    code = started(agent)["device_code"]
    ask(agent, code)
    for _ in range(3):
        assert oauth_error(ask(agent, code), 400, "slow_down") == {"error": "slow_down"}
    clock.forward(seconds=19)
    oauth_error(ask(agent, code), 400, "slow_down")
    clock.forward(seconds=25)
    oauth_error(ask(agent, code), 400, "authorization_pending")


def test_after_approval_the_token_comes_exactly_once(agent: Agent, owner: Human, workspace: Workspace) -> None:
    start = started(agent, " ".join(SCOPES))
    approve(owner, start["user_code"], workspace, scopes=SCOPES[:2], lifetime_seconds=7200)
    answer = ask(agent, start["device_code"])
    assert answer.status_code == 200
    assert (answer["Cache-Control"], answer["Pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    assert body == {
        "access_token": body["access_token"],
        "token_type": "Bearer",
        "expires_in": 7200,
        "scope": " ".join(SCOPES[:2]),
    }
    oauth_error(ask(agent, start["device_code"]), 400, "invalid_grant")
    assert AccountToken.objects.count() == 1
    agent.token = body["access_token"]
    assert agent.get("/v1/account/me").json()["data"]["label"] == "codex"


def test_an_impatient_poller_is_paid_all_the_same(agent: Agent, owner: Human, workspace: Workspace) -> None:
    start = started(agent)
    for _ in range(3):
        ask(agent, start["device_code"])
    approve(owner, start["user_code"], workspace)
    assert ask(agent, start["device_code"]).status_code == 200


@pytest.mark.parametrize("reason", ["", 'not "mine" \\ at all'])
def test_denied(agent: Agent, owner: Human, reason: str) -> None:
    start = started(agent)
    deny(owner, start["user_code"], reason=reason)
    for _ in range(2):
        body = oauth_error(ask(agent, start["device_code"]), 400, "access_denied")
    # RFC 6749, 5.2: neither a quotation mark nor a backslash.
    assert not {'"', "\\"} & set(body.get("error_description", ""))


def test_taken_back(agent: Agent, owner: Human, workspace: Workspace) -> None:
    start = started(agent)
    approve(owner, start["user_code"], workspace)
    deny(owner, start["user_code"])
    oauth_error(ask(agent, start["device_code"]), 400, "access_denied")


class TestExpired:
    """`expired_token` for a day, in every state."""

    def check(self, agent: Agent, code: str, clock: Clock) -> None:
        clock.forward(minutes=10)
        oauth_error(ask(agent, code), 400, "expired_token")
        oauth_error(ask(agent, code), 400, "expired_token")
        clock.forward(hours=23, minutes=59)
        oauth_error(ask(agent, code), 400, "expired_token")
        clock.forward(minutes=1)
        oauth_error(ask(agent, code), 400, "invalid_grant")

    def test_pending(self, agent: Agent, clock: Clock) -> None:
        self.check(agent, started(agent)["device_code"], clock)

    def test_approved(self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
        start = started(agent)
        approve(owner, start["user_code"], workspace)
        self.check(agent, start["device_code"], clock)
        assert not AccountToken.objects.exists()

    def test_denied(self, agent: Agent, owner: Human, clock: Clock) -> None:
        start = started(agent)
        deny(owner, start["user_code"])
        self.check(agent, start["device_code"], clock)

    def test_consumed(self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
        start = started(agent)
        approve(owner, start["user_code"], workspace)
        assert ask(agent, start["device_code"]).status_code == 200
        self.check(agent, start["device_code"], clock)

    def test_started_at_the_other_face(self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
        start = agent.start([READ], label="codex")
        approve(owner, start["user_code"], workspace)
        assert ask(agent, start["device_code"]).status_code == 200
        self.check(agent, start["device_code"], clock)


def test_a_code_of_the_other_face_is_paid_here(agent: Agent, owner: Human, workspace: Workspace) -> None:
    start = agent.start([READ], label="codex")
    oauth_error(ask(agent, start["device_code"]), 400, "authorization_pending")
    approve(owner, start["user_code"], workspace)
    assert ask(agent, start["device_code"]).json()["scope"] == READ
    refused(agent.poll(start["device_code"]), 409, "account_device_code_consumed")


def test_another_clients_code(agent: Agent, owner: Human, workspace: Workspace) -> None:
    start = started(agent)
    approve(owner, start["user_code"], workspace)
    oauth_error(ask(agent, start["device_code"], "another"), 400, "invalid_grant")
    assert not AccountToken.objects.exists()
    assert ask(agent, start["device_code"]).status_code == 200


@pytest.mark.parametrize("name", ["codex", "Claude Code", "1+1", "日本語"])
def test_the_client_may_come_by_basic(agent: Agent, owner: Human, workspace: Workspace, name: str) -> None:
    for given in (name, quote_plus(name)):
        start = started(agent, client_id=name)
        approve(owner, start["user_code"], workspace)
        header = "Basic " + b64encode(f"{given}:".encode()).decode()
        fields = {"grant_type": GRANT, "device_code": start["device_code"]}
        assert form(agent.client, TOKEN, fields, Authorization=header).status_code == 200


def test_unknown_and_mistyped_codes(agent: Agent) -> None:
    code = started(agent)["device_code"]
    for wrong in (issue(Kind.DEVICE_CODE).secret, code[:-1], "nonsense", issue(Kind.ACCOUNT_TOKEN).secret, "x" * 5000):
        oauth_error(ask(agent, wrong), 400, "invalid_grant")


@pytest.mark.parametrize("missing", ["grant_type", "device_code", "client_id"])
def test_a_missing_parameter(agent: Agent, missing: str) -> None:
    fields = {"grant_type": GRANT, "device_code": started(agent)["device_code"], "client_id": "codex"}
    for wrong in ({**fields, missing: ""}, {name: value for name, value in fields.items() if name != missing}):
        oauth_error(form(agent.client, TOKEN, wrong), 400, "invalid_request")


@pytest.mark.parametrize("name", ["grant_type", "device_code", "client_id", "other"])
def test_a_repeated_parameter(agent: Agent, name: str) -> None:
    code = started(agent)["device_code"]
    fields = [("grant_type", GRANT), ("device_code", code), ("client_id", "codex"), ("other", "x")]
    again = [*fields, next(field for field in fields if field[0] == name)]
    oauth_error(form(agent.client, TOKEN, again), 400, "invalid_request")
    oauth_error(ask(agent, code), 400, "authorization_pending")


@pytest.mark.parametrize("grant", ["refresh_token", "client_credentials", "authorization_code", "device_code"])
def test_another_grant(agent: Agent, grant: str) -> None:
    fields = {"grant_type": grant, "device_code": started(agent)["device_code"], "client_id": "codex"}
    oauth_error(form(agent.client, TOKEN, fields), 400, "unsupported_grant_type")


def test_a_charset_and_unknown_parameters_are_fine(agent: Agent) -> None:
    code = started(agent)["device_code"]
    oauth_error(ask(agent, code, audience="x", scope=READ), 400, "authorization_pending")


def test_reuse_from_elsewhere_kills_the_token(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    start = started(agent)
    approve(owner, start["user_code"], workspace)
    agent.token = ask(agent, start["device_code"]).json()["access_token"]
    clock.forward(seconds=61)
    oauth_error(ask(from_address("203.0.113.9"), start["device_code"]), 400, "invalid_grant")
    refused(agent.get("/v1/account/me"), 401, "token_revoked")
    assert OutboxMail.objects.filter(template="device_code_reused").count() == 1


def test_whoami_for_huggingface_hub(agent: Agent, owner: Human, workspace: Workspace) -> None:
    start = started(agent)
    approve(owner, start["user_code"], workspace)
    token = ask(agent, start["device_code"]).json()["access_token"]
    answer = Client().get("/api/whoami-v2", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["orgs"]) == ("owner@example.com", [])
    for header in ("", "Bearer nonsense", "Basic x", "Bearer"):
        wrong = Client().get("/api/whoami-v2", headers={"Authorization": header})
        oauth_error(wrong, 401, "invalid_token")
        assert wrong["WWW-Authenticate"].startswith("Bearer")
