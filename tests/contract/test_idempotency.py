"""Idempotency-Key: the first success is kept 24 hours and answered again."""

from typing import Any

import pytest

from accounts.bookkeeping import IdempotencyRecord
from accounts.models import AuditEntry, DeviceAuthorization, Workspace
from tests.acts import DEVICE, READ, Clock, complained_fields, from_address, let_in, refused, show
from tests.personas import Agent, Human, person

START = "/v1/account/device/start"
TOKEN = "/v1/account/device/token"
REVOKE = "/v1/account/tokens/current/revoke"
BODY: dict[str, Any] = {"client_label": "codex", "client_fingerprint": "print", "scopes": [READ]}


def start(agent: Agent, key: str, body: Any = None) -> Any:
    return agent.post(START, body or BODY, **{"Idempotency-Key": key})


def test_the_same_call_is_answered_again(agent: Agent) -> None:
    first, second = start(agent, "one"), start(agent, "one")
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first.headers
    assert second["Idempotency-Replayed"] == "true"
    assert second["Content-Type"] == "application/json"
    assert DeviceAuthorization.objects.count() == 1


def test_answers_that_hold_a_secret_are_replayed_and_stored_sealed(agent: Agent) -> None:
    first = start(agent, "one")
    secret = first.json()["data"]["device_code"]
    assert start(agent, "one").json()["data"]["device_code"] == secret
    assert start(agent, "one")["Cache-Control"] == "no-store"
    record = IdempotencyRecord.objects.get()
    assert secret.encode() not in bytes(record.answer)
    assert bytes(record.key) != b"one"


def test_a_token_that_was_lost_on_its_way_is_had_again(agent: Agent, owner: Human, workspace: Workspace) -> None:
    from tests.acts import approve

    started = agent.start([READ])
    approve(owner, started["user_code"], workspace)
    body, key = {"device_code": started["device_code"]}, {"Idempotency-Key": "collect"}
    first, second = agent.post(TOKEN, body, **key), agent.post(TOKEN, body, **key)
    assert first.json()["data"]["account_access_token"]
    assert first.content == second.content
    refused(agent.poll(started["device_code"]), 409, "account_device_code_consumed")


@pytest.mark.parametrize("key", ["x", "x" * 255, "a-b_c:d/e", "!~", '"quoted"'])
def test_keys_of_visible_ascii(agent: Agent, key: str) -> None:
    assert start(agent, key).content == start(agent, key).content


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "\x7f", "a\tb"])
def test_another_key_is_refused(agent: Agent, key: str) -> None:
    assert complained_fields(start(agent, key)) == ["Idempotency-Key"]
    assert not DeviceAuthorization.objects.exists()


def test_another_body_is_refused(agent: Agent) -> None:
    start(agent, "one")
    refused(start(agent, "one", {**BODY, "client_label": "other"}), 409, "idempotency_key_reused")
    assert DeviceAuthorization.objects.count() == 1


def test_another_path_is_refused(agent: Agent) -> None:
    code = start(agent, "one").json()["data"]["device_code"]
    refused(agent.post(TOKEN, {"device_code": code}, **{"Idempotency-Key": "one"}), 409, "idempotency_key_reused")


def test_another_key_is_another_call(agent: Agent) -> None:
    assert start(agent, "one").content != start(agent, "two").content
    assert start(agent, "one").content != start(agent, "One").content


def test_a_refusal_is_not_kept(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = agent.start([READ])
    path, key = f"{DEVICE}/{started['user_code']}/approve", {"Idempotency-Key": "one"}
    body = {"workspace_id": workspace.pk, "scopes": [READ]}
    owner.user.memberships.update(role="viewer")
    refused(owner.post(path, {**body, "scopes": ["account:apps:write"]}, **key), 400, "invalid_request")
    assert not IdempotencyRecord.objects.exists()
    assert owner.post(path, body, **key).status_code == 200
    again = owner.post(path, body, **key)
    assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
    assert AuditEntry.objects.count() == 1
    refused(owner.post(path, body), 409, "account_device_already_decided")


def test_nor_is_a_rate_limit(agent: Agent, settings: Any, clock: Clock) -> None:
    for index in range(30):
        start(agent, f"key-{index}")
    refused(start(agent, "one"), 429, "account_device_rate_limited")
    clock.forward(seconds=600)
    assert start(agent, "one").status_code == 200


def test_what_a_refusal_counts_is_kept(agent: Agent, owner: Human) -> None:
    code = agent.start([READ])["user_code"]
    for _ in range(10):
        answer = owner.post(f"{DEVICE}/CDFG-2345/deny", {}, **{"Idempotency-Key": "one"})
        refused(answer, 404, "account_device_code_unknown")
    refused(show(owner, code), 429, "account_device_code_entry_locked")


def test_it_is_kept_for_24_hours(agent: Agent, clock: Clock) -> None:
    first = start(agent, "one")
    clock.forward(hours=23, minutes=59)
    assert start(agent, "one").content == first.content
    clock.forward(minutes=1)
    later = start(agent, "one")
    assert later.content != first.content
    assert "Idempotency-Replayed" not in later.headers
    assert start(agent, "one").content == later.content


def test_strangers_do_not_share_keys(agent: Agent) -> None:
    first = start(agent, "one")
    elsewhere = start(from_address("203.0.113.9"), "one")
    assert elsewhere.status_code == 200
    assert elsewhere.content != first.content


def test_humans_do_not_share_keys(agent: Agent, owner: Human, developer: Human) -> None:
    first, second = agent.start([READ]), agent.start([READ])
    for human, started in ((owner, first), (developer, second)):
        answer = human.post(f"{DEVICE}/{started['user_code']}/deny", {}, **{"Idempotency-Key": "one"})
        assert answer.status_code == 200


def test_workspaces_do_not_share_keys(
    agent: Agent, owner: Human, stranger: Human, workspace: Workspace, other_workspace: Workspace
) -> None:
    other = from_address("127.0.0.1")
    let_in(agent, owner, workspace, [READ])
    let_in(other, stranger, other_workspace, [READ])
    first = agent.post(REVOKE, {}, **{"Idempotency-Key": "one"})
    second = other.post(REVOKE, {}, **{"Idempotency-Key": "one"})
    assert first.status_code == second.status_code == 200
    assert first.json()["data"]["id"] != second.json()["data"]["id"]
    assert "Idempotency-Replayed" not in second.headers


def test_a_replay_needs_the_credential_all_the_same(agent: Agent) -> None:
    human = person("new@example.com")
    path, key = f"{DEVICE}/{agent.start([READ])['user_code']}/deny", {"Idempotency-Key": "one"}
    assert human.post(path, {}, **key).status_code == 200
    refused(agent.post(path, {}, **key), 401, "unauthenticated")


def test_the_worker_forgets_old_ones(agent: Agent, clock: Clock) -> None:
    from django.utils import timezone

    from accounts import idempotency

    start(agent, "one")
    assert idempotency.prune(timezone.now()) == 0
    clock.forward(hours=24, seconds=1)
    assert idempotency.prune(timezone.now()) == 1


def test_what_acts_on_the_credential_itself_is_another_call_from_another_credential(
    agent: Agent, owner: Human, workspace: Workspace
) -> None:
    other = from_address("127.0.0.1")
    let_in(agent, owner, workspace)
    let_in(other, owner, workspace)
    revoke = "/v1/account/tokens/current/revoke"
    assert agent.post(revoke, **{"Idempotency-Key": "revoke"}).status_code == 200
    refused(other.post(revoke, **{"Idempotency-Key": "revoke"}), 409, "idempotency_key_reused")
    assert other.get("/v1/account/me").status_code == 200


def test_a_poll_that_found_nothing_decided_is_not_kept(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = agent.start([READ])
    poll = {"device_code": started["device_code"]}
    first = agent.post(f"{DEVICE}/token", poll, **{"Idempotency-Key": "poll"})
    assert first.json()["data"]["status"] == "pending"
    assert not IdempotencyRecord.objects.exists()
    body = {"workspace_id": workspace.pk, "scopes": [READ]}
    owner.post(f"{DEVICE}/{started['user_code']}/approve", body)
    granted = agent.post(f"{DEVICE}/token", poll, **{"Idempotency-Key": "poll"}).json()["data"]
    assert granted["status"] == "approved"
    again = agent.post(f"{DEVICE}/token", poll, **{"Idempotency-Key": "poll"})
    assert again.json()["data"]["account_access_token"] == granted["account_access_token"]
    assert again["Idempotency-Replayed"] == "true"
