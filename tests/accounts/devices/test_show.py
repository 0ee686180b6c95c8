"""GET /v1/account/device/{user_code}."""

from urllib.parse import quote

import pytest

from accounts.models import AuditEntry, DeviceAuthorization, Workspace
from accounts.permissions import SCOPES
from tests.acts import DEVICE, READ, Clock, approve, deny, from_address, let_in, refused, show
from tests.personas import Agent, Human


def test_a_signed_in_human_sees_who_asks_for_what(owner: Human, clock: Clock) -> None:
    agent = from_address("203.0.113.7")
    agent.client.defaults["HTTP_USER_AGENT"] = "codex/1.0 \x1b[31m"
    started = agent.start([READ, "account:billing:write"], label="codex <b>")
    answer = show(owner, started["user_code"])
    assert answer.status_code == 200
    row = DeviceAuthorization.objects.get()
    data = answer.json()["data"]
    assert data == {
        "id": row.pk,
        "user_code": started["user_code"],
        "client_label": "codex <b>",
        "status": "pending",
        "scopes": [
            {
                "name": name,
                "words": str(SCOPES[name].words),
                "risk": SCOPES[name].risk.value,
                "guarded": SCOPES[name].guarded,
                "roles": SCOPES[name].roles,
            }
            for name in (READ, "account:billing:write")
        ],
        "requested_scopes": [READ, "account:billing:write"],
        "requested_at": row.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "requested_from": "203.0.113.7",
        "user_agent": "codex/1.0 [31m",
        "same_network": False,
        "expires_at": started["expires_at"],
    }
    assert row.pk.startswith("da_")
    assert [action["command"] for action in answer.json()["next_actions"]] == [
        f"POST {DEVICE}/{started['user_code']}/approve",
        f"POST {DEVICE}/{started['user_code']}/deny",
    ]


def test_looking_changes_nothing(agent: Agent, owner: Human) -> None:
    started = agent.start()
    before = (list(DeviceAuthorization.objects.values()), AuditEntry.objects.count())
    for _ in range(3):
        assert show(owner, started["user_code"]).json()["data"]["status"] == "pending"
    assert (list(DeviceAuthorization.objects.values()), AuditEntry.objects.count()) == before


def test_it_never_shows_the_device_code_or_a_token(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = agent.start([READ])
    approve(owner, started["user_code"], workspace)
    token = agent.poll(started["device_code"]).json()["data"]["account_access_token"]
    text = show(owner, started["user_code"]).content.decode()
    assert started["device_code"] not in text
    assert token not in text


def test_it_says_what_became_of_it(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    def status(started: dict[str, str]) -> str:
        answer = show(owner, started["user_code"])
        assert answer.json()["next_actions"] == []
        found: str = answer.json()["data"]["status"]
        return found

    approved, denied = agent.start([READ]), agent.start([READ])
    approve(owner, approved["user_code"], workspace)
    deny(owner, denied["user_code"])
    assert (status(approved), status(denied)) == ("approved", "denied")
    agent.poll(approved["device_code"])
    assert status(approved) == "consumed"
    waiting = DeviceAuthorization.objects.count()
    late = agent.start([READ])
    clock.forward(minutes=10)
    assert status(late) == "expired"
    assert waiting == 2


def test_without_a_session_every_code_looks_alike(agent: Agent, clock: Clock) -> None:
    started = agent.start()
    answers = [agent.get(f"{DEVICE}/{code}") for code in (started["user_code"], "CDFG-2345", "nonsense")]
    clock.forward(minutes=10)
    answers.append(agent.get(f"{DEVICE}/{started['user_code']}"))
    for answer in answers:
        refused(answer, 401, "unauthenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")
    assert len({answer.content for answer in answers}) == 1


def test_a_token_may_not_look(agent: Agent, owner: Human, workspace: Workspace) -> None:
    code = agent.start()["user_code"]
    let_in(agent, owner, workspace)
    refused(agent.get(f"{DEVICE}/{code}"), 403, "session_required")


@pytest.mark.parametrize("code", ["CDFG-2345", "nonsense", "CDFG-234", "%20", "😀", "x" * 300, "CDFG-234%00"])
def test_a_code_that_nobody_got_is_not_known(owner: Human, code: str) -> None:
    refused(owner.get(f"{DEVICE}/{quote(code, safe='%')}"), 404, "account_device_code_unknown")


def test_a_day_after_its_end_it_is_not_known(agent: Agent, owner: Human, clock: Clock) -> None:
    code = agent.start()["user_code"]
    clock.forward(hours=24, minutes=10)
    refused(show(owner, code), 404, "account_device_code_unknown")
