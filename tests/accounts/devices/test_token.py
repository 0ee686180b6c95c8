"""POST /v1/account/device/token."""

import re
from typing import Any

import pytest

from accounts.audit.models import Action
from accounts.bookkeeping import OutboxMail
from accounts.credentials import Kind, issue
from accounts.models import AccountToken, AuditEntry, DeviceAuthorization, Workspace
from accounts.workspaces.models import ProductionState
from tests.acts import READ, Clock, approve, complained_fields, deny, form, from_address, let_in, refused
from tests.personas import SCOPES, Agent, Human

TOKEN = "/v1/account/device/token"
NOT_CARRIED = {"account_access_token": None, "scopes": None, "workspace": None, "environment": None, "reason": None}


def said(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"] == "no-store"
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_before_a_human_decides_it_is_pending(agent: Agent) -> None:
    started = agent.start()
    answer = agent.poll(started["device_code"])
    assert said(answer) == {
        **NOT_CARRIED,
        "status": "pending",
        "interval_seconds": 5,
        "slow_down": False,
        "expires_at": started["expires_at"],
    }
    assert [action["command"] for action in answer.json()["next_actions"]] == ["POST /v1/account/device/token"]


def test_a_poll_before_the_interval_is_over_slows_down_by_five_seconds_each(agent: Agent, clock: Clock) -> None:
    code = agent.start()["device_code"]
    assert said(agent.poll(code))["slow_down"] is False
    clock.forward(seconds=4)
    for interval in (10, 15, 20):
        data = said(agent.poll(code))
        assert (data["status"], data["slow_down"], data["interval_seconds"]) == ("pending", True, interval)
    clock.forward(seconds=20)
    data = said(agent.poll(code))
    assert (data["slow_down"], data["interval_seconds"]) == (False, 20)


def test_a_poll_at_the_interval_is_never_early(agent: Agent, clock: Clock) -> None:
    code = agent.start()["device_code"]
    for _ in range(5):
        assert said(agent.poll(code))["slow_down"] is False
        clock.forward(seconds=5)


def test_after_approval_the_token_comes_exactly_once(
    agent: Agent, owner: Human, workspace: Workspace, clock: Clock
) -> None:
    started = agent.start(SCOPES)
    approve(owner, started["user_code"], workspace, scopes=SCOPES[:3], lifetime_seconds=900)
    answer = agent.poll(started["device_code"])
    data = said(answer)
    token = AccountToken.objects.get()
    assert re.fullmatch(r"lat_[0-9A-Za-z]{33}", data["account_access_token"])
    assert data == {
        "status": "approved",
        "interval_seconds": 5,
        "slow_down": False,
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "account_access_token": data["account_access_token"],
        "scopes": SCOPES[:3],
        "workspace": {"id": workspace.pk, "name": "Paper Planes"},
        "environment": "test",
        "reason": None,
    }
    assert (token.expires_at - token.created_at).total_seconds() == 900
    assert [action["command"] for action in answer.json()["next_actions"]] == ["GET /v1/account/me"]
    for _ in range(3):
        refused(agent.poll(started["device_code"]), 409, "account_device_code_consumed")
    assert AccountToken.objects.count() == 1
    assert AuditEntry.objects.filter(action=Action.DEVICE_COLLECTED).count() == 1
    agent.token = data["account_access_token"]
    assert agent.get("/v1/account/me").status_code == 200


def test_the_token_is_stored_as_a_digest_only(agent: Agent, owner: Human, workspace: Workspace) -> None:
    secret = let_in(agent, owner, workspace)
    stored = [*AccountToken.objects.values(), *DeviceAuthorization.objects.values(), *AuditEntry.objects.values()]
    assert secret not in str([*stored, *OutboxMail.objects.values()])
    assert AccountToken.objects.get().hint == f"lat_…{secret[-4:]}"


def test_its_lifetime_counts_from_the_collection(
    agent: Agent, owner: Human, workspace: Workspace, clock: Clock
) -> None:
    started = agent.start([READ])
    approve(owner, started["user_code"], workspace, lifetime_seconds=900)
    clock.forward(minutes=9)
    agent.token = said(agent.poll(started["device_code"]))["account_access_token"]
    clock.forward(seconds=899)
    assert agent.get("/v1/account/me").status_code == 200
    clock.forward(seconds=1)
    refused(agent.get("/v1/account/me"), 401, "token_expired")


def test_an_impatient_poller_is_paid_all_the_same(
    agent: Agent, owner: Human, workspace: Workspace, clock: Clock
) -> None:
    started = agent.start([READ])
    for _ in range(3):
        agent.poll(started["device_code"])
    approve(owner, started["user_code"], workspace)
    data = said(agent.poll(started["device_code"]))
    assert data["status"] == "approved"
    assert data["slow_down"] is False
    assert data["account_access_token"]


def test_an_approved_workspace_gives_a_live_token(agent: Agent, owner: Human, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(production_state=ProductionState.PRODUCTION_APPROVED)
    started = agent.start([READ])
    approve(owner, started["user_code"], workspace)
    assert said(agent.poll(started["device_code"]))["environment"] == "live"


@pytest.mark.parametrize(("body", "reason"), [({"reason": "not mine"}, "not mine"), ({}, None), ({"reason": ""}, None)])
def test_a_denied_agent_hears_so_and_why(agent: Agent, owner: Human, body: dict[str, str], reason: str | None) -> None:
    started = agent.start()
    deny(owner, started["user_code"], **body)
    for _ in range(2):
        answer = agent.poll(started["device_code"])
        data = said(answer)
        assert (data["status"], data["reason"]) == ("denied", reason)
        assert data["account_access_token"] is None
        assert data["slow_down"] is False
    assert [action["command"] for action in answer.json()["next_actions"]] == ["POST /v1/account/device/start"]


def test_after_ten_minutes_it_is_expired(agent: Agent, clock: Clock) -> None:
    code = agent.start()["device_code"]
    clock.forward(seconds=599)
    assert said(agent.poll(code))["status"] == "pending"
    clock.forward(seconds=1)
    assert said(agent.poll(code))["status"] == "expired"


def test_an_approval_that_is_not_collected_in_time_expires(
    agent: Agent, owner: Human, workspace: Workspace, clock: Clock
) -> None:
    started = agent.start([READ])
    approve(owner, started["user_code"], workspace)
    clock.forward(minutes=10)
    data = said(agent.poll(started["device_code"]))
    assert (data["status"], data["account_access_token"]) == ("expired", None)
    assert not AccountToken.objects.exists()


def test_a_collected_code_stays_consumed_after_its_end(
    agent: Agent, owner: Human, workspace: Workspace, clock: Clock
) -> None:
    started = agent.start([READ])
    approve(owner, started["user_code"], workspace)
    agent.poll(started["device_code"])
    clock.forward(minutes=11)
    refused(agent.poll(started["device_code"]), 409, "account_device_code_consumed")


def test_a_code_started_at_the_standards_face_is_consumed_here_too(
    agent: Agent, owner: Human, workspace: Workspace, clock: Clock
) -> None:
    started = form(agent.client, "/oauth/device", {"client_id": "codex"}).json()
    approve(owner, started["user_code"], workspace)
    assert said(agent.poll(started["device_code"]))["status"] == "approved"
    clock.forward(minutes=11)
    refused(agent.poll(started["device_code"]), 409, "account_device_code_consumed")


def test_a_day_later_it_is_forgotten(agent: Agent, clock: Clock) -> None:
    code = agent.start()["device_code"]
    clock.forward(hours=24, minutes=9)
    assert said(agent.poll(code))["status"] == "expired"
    clock.forward(minutes=1)
    refused(agent.poll(code), 404, "account_device_code_unknown")


def test_an_unknown_code_is_not_known(agent: Agent) -> None:
    refused(agent.poll(issue(Kind.DEVICE_CODE).secret), 404, "account_device_code_unknown")


def test_a_mistyped_code_is_refused_before_the_database_is_asked(agent: Agent, django_assert_num_queries: Any) -> None:
    code = agent.start()["device_code"]
    wrong = [code[:-1], code[:-1] + ("0" if code[-1] != "0" else "1"), code + "x", code.swapcase(), "", "x", f" {code}"]
    with django_assert_num_queries(0):
        for given in wrong:
            refused(agent.poll(given), 404, "account_device_code_unknown")


def test_another_kind_of_credential_is_no_device_code(agent: Agent, owner: Human, workspace: Workspace) -> None:
    token = let_in(agent, owner, workspace)
    refused(agent.poll(token), 404, "account_device_code_unknown")


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "x" * 201, "nul\x00", "\ud800", "\u202e"])
def test_what_cannot_be_a_code_is_named(agent: Agent, value: Any) -> None:
    assert complained_fields(agent.post(TOKEN, {"device_code": value})) == ["device_code"]


def test_unknown_and_missing_fields_are_named(agent: Agent) -> None:
    code = agent.start()["device_code"]
    assert complained_fields(agent.post(TOKEN, {"device_code": code, "grant_type": "x"})) == ["grant_type"]
    assert complained_fields(agent.post(TOKEN, {})) == ["device_code"]


def test_it_needs_no_credential_and_minds_none(agent: Agent) -> None:
    code = agent.start()["device_code"]
    assert agent.post(TOKEN, {"device_code": code}, Authorization="Bearer nonsense").status_code == 200


class TestReuse:
    """A consumed device code that comes back from elsewhere was copied."""

    def collected(self, agent: Agent, owner: Human, workspace: Workspace) -> str:
        started = agent.start([READ])
        approve(owner, started["user_code"], workspace)
        agent.token = said(agent.poll(started["device_code"]))["account_access_token"]
        OutboxMail.objects.all().delete()
        code: str = started["device_code"]
        return code

    def is_alive(self, agent: Agent) -> bool:
        return bool(agent.get("/v1/account/me").status_code == 200)

    def test_from_another_address_after_a_minute_it_revokes_and_tells_the_owners(
        self, agent: Agent, owner: Human, developer: Human, admin: Human, workspace: Workspace, clock: Clock
    ) -> None:
        code = self.collected(agent, developer, workspace)
        clock.forward(seconds=61)
        thief = from_address("203.0.113.9")
        refused(thief.poll(code), 409, "account_device_code_consumed")
        refused(agent.get("/v1/account/me"), 401, "token_revoked")
        mails = OutboxMail.objects.filter(template="device_code_reused")
        assert set(mails.values_list("recipient", flat=True)) == {owner.user.email, developer.user.email}
        assert {mail.context["address"] for mail in mails} == {"203.0.113.9"}
        token = AccountToken.objects.get()
        assert token.revoked_by == "reuse_detection"
        entries = AuditEntry.objects.filter(workspace=workspace, token_id=token.pk, address="203.0.113.9")
        assert set(entries.values_list("action", "actor_kind")) == {
            (Action.TOKEN_REVOKED, "system"),
            (Action.DEVICE_REUSED, "system"),
        }
        refused(thief.poll(code), 409, "account_device_code_consumed")
        assert mails.count() == 2

    def test_with_an_idempotency_key_the_revocation_holds(
        self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock
    ) -> None:
        code = self.collected(agent, owner, workspace)
        clock.forward(seconds=61)
        thief = from_address("203.0.113.9")
        refused(
            thief.post(TOKEN, {"device_code": code}, **{"Idempotency-Key": "k"}), 409, "account_device_code_consumed"
        )
        refused(agent.get("/v1/account/me"), 401, "token_revoked")

    def test_from_the_same_address_it_is_only_refused(
        self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock
    ) -> None:
        code = self.collected(agent, owner, workspace)
        clock.forward(minutes=5)
        refused(agent.poll(code), 409, "account_device_code_consumed")
        assert self.is_alive(agent)
        assert not OutboxMail.objects.exists()

    def test_within_a_minute_it_is_only_refused(
        self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock
    ) -> None:
        code = self.collected(agent, owner, workspace)
        clock.forward(seconds=60)
        refused(from_address("203.0.113.9").poll(code), 409, "account_device_code_consumed")
        assert self.is_alive(agent)

    def test_within_one_ipv6_network_it_is_only_refused(self, owner: Human, workspace: Workspace, clock: Clock) -> None:
        agent = from_address("2001:db8:1:2::1")
        code = self.collected(agent, owner, workspace)
        clock.forward(minutes=5)
        refused(from_address("2001:db8:1:2:ffff::9").poll(code), 409, "account_device_code_consumed")
        assert self.is_alive(agent)
        refused(from_address("2001:db8:1:3::1").poll(code), 409, "account_device_code_consumed")
        assert not self.is_alive(agent)
