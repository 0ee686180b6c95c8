"""POST /v1/account/device/{user_code}/deny: saying no, and taking an approval back."""

from typing import Any

import pytest

from accounts.audit.models import Action
from accounts.models import AccountToken, AuditEntry, Workspace
from tests.acts import DEVICE, READ, Clock, approve, complained_fields, deny, let_in, refused
from tests.personas import Agent, Human


def heard(agent: Agent, started: dict[str, Any]) -> tuple[str, str | None]:
    data = agent.poll(started["device_code"]).json()["data"]
    return data["status"], data["reason"]


@pytest.mark.parametrize("reason", ["not mine", "ünïcode <b>", "x" * 500])
def test_a_human_says_no_and_why(agent: Agent, owner: Human, reason: str) -> None:
    started = agent.start([READ])
    answer = deny(owner, started["user_code"], reason=reason)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["status"], data["reason"], data["workspace"], data["lifetime_seconds"]) == (
        *("denied", reason),
        *(None, None),
    )
    assert heard(agent, started) == ("denied", reason)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_name, entry.details) == (
        Action.DEVICE_DENIED,
        "owner@example.com",
        {"reason": reason},
    )


@pytest.mark.parametrize("body", [{}, {"reason": None}, {"reason": ""}, {"reason": "  "}])
def test_a_reason_is_not_needed(agent: Agent, owner: Human, body: dict[str, Any]) -> None:
    started = agent.start([READ])
    assert deny(owner, started["user_code"], **body).json()["data"]["reason"] is None
    assert heard(agent, started) == ("denied", None)


def test_nor_is_a_body(agent: Agent, owner: Human) -> None:
    started = agent.start([READ])
    assert owner.post(f"{DEVICE}/{started['user_code']}/deny").status_code == 200


def test_no_role_is_needed(agent: Agent, reviewer: Human) -> None:
    started = agent.start([READ])
    assert deny(reviewer, started["user_code"]).status_code == 200


def test_a_sign_in_of_yesterday_is_enough(agent: Agent, owner: Human, clock: Clock) -> None:
    clock.forward(days=1)
    assert deny(owner, agent.start(["account:team:write"])["user_code"]).status_code == 200


class TestTakingBack:
    def test_the_approver_may_until_it_is_collected(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        started = agent.start([READ])
        approve(owner, started["user_code"], workspace)
        answer = deny(owner, started["user_code"], reason="changed my mind")
        assert answer.status_code == 200
        assert answer.json()["data"]["status"] == "denied"
        assert heard(agent, started) == ("denied", "changed my mind")
        assert not AccountToken.objects.exists()
        assert list(AuditEntry.objects.order_by("pk").values_list("action", "workspace_id")) == [
            (Action.DEVICE_APPROVED, workspace.pk),
            (Action.DEVICE_WITHDRAWN, workspace.pk),
        ]
        refused(deny(owner, started["user_code"]), 409, "account_device_already_decided")

    def test_nobody_else_may(self, agent: Agent, owner: Human, developer: Human, workspace: Workspace) -> None:
        started = agent.start([READ])
        approve(developer, started["user_code"], workspace)
        refused(deny(owner, started["user_code"]), 409, "account_device_already_decided")
        assert heard(agent, started)[0] == "approved"

    def test_once_collected_it_is_decided(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        started = agent.start([READ])
        approve(owner, started["user_code"], workspace)
        agent.poll(started["device_code"])
        refused(deny(owner, started["user_code"]), 409, "account_device_already_decided")
        assert AccountToken.objects.get().revoked_at is None

    def test_once_expired_it_is_too_late(self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
        started = agent.start([READ])
        approve(owner, started["user_code"], workspace)
        clock.forward(minutes=10)
        refused(deny(owner, started["user_code"]), 410, "account_device_expired")


def test_denied_already(agent: Agent, owner: Human, stranger: Human) -> None:
    started = agent.start([READ])
    deny(owner, started["user_code"], reason="first")
    for human in (owner, stranger):
        refused(deny(human, started["user_code"], reason="second"), 409, "account_device_already_decided")
    assert heard(agent, started) == ("denied", "first")
    assert AuditEntry.objects.count() == 1


def test_expired(agent: Agent, owner: Human, clock: Clock) -> None:
    started = agent.start([READ])
    clock.forward(minutes=10)
    refused(deny(owner, started["user_code"]), 410, "account_device_expired")
    assert heard(agent, started)[0] == "expired"


def test_unknown(owner: Human) -> None:
    refused(deny(owner, "CDFG-2345"), 404, "account_device_code_unknown")


@pytest.mark.parametrize("reason", [5, True, [], {}, "x" * 501, "nul\x00", "two\nlines", "\u202e", "\ud800"])
def test_a_bad_reason_is_named(agent: Agent, owner: Human, reason: Any) -> None:
    started = agent.start([READ])
    assert complained_fields(deny(owner, started["user_code"], reason=reason)) == ["reason"]
    assert heard(agent, started)[0] == "pending"


def test_unknown_fields_are_named(agent: Agent, owner: Human) -> None:
    assert complained_fields(deny(owner, agent.start([READ])["user_code"], reasons="x")) == ["reasons"]


def test_without_a_session(agent: Agent) -> None:
    started = agent.start([READ])
    refused(agent.post(f"{DEVICE}/{started['user_code']}/deny", {}), 401, "unauthenticated")


def test_without_the_csrf_token(agent: Agent, owner: Human) -> None:
    started = agent.start([READ])
    refused(owner.post(f"{DEVICE}/{started['user_code']}/deny", {}, **{"X-CSRFToken": ""}), 403, "csrf_failed")
    assert heard(agent, started)[0] == "pending"


def test_by_an_agent(agent: Agent, owner: Human, workspace: Workspace) -> None:
    let_in(agent, owner, workspace)
    started = agent.start([READ])
    refused(agent.post(f"{DEVICE}/{started['user_code']}/deny", {}), 403, "session_required")
