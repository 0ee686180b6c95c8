"""POST /v1/account/tokens/current/revoke."""

import pytest
from django.test import Client

from accounts.audit.models import Action
from accounts.credentials import Kind, issue
from accounts.models import AccountToken, AuditEntry, Workspace
from tests.acts import READ, Clock, complained_fields, form, let_in, refused
from tests.personas import Agent, Human

ME = "/v1/account/me"
REVOKE = "/v1/account/tokens/current/revoke"


def test_it_is_dead_at_once_everywhere(agent: Agent, owner: Human, workspace: Workspace) -> None:
    token = let_in(agent, owner, workspace)
    answer = agent.post(REVOKE)
    row = AccountToken.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {"schema_version": "v0", "data": {"id": row.pk, "revoked": True}, "next_actions": []}
    assert row.revoked_by == "agent"
    for again in (agent.get(ME), agent.post(REVOKE)):
        refused(again, 401, "token_revoked")
        assert again["WWW-Authenticate"].startswith("Bearer ")
    assert form(agent.client, "/oauth/introspect", {"token": token}).json() == {"active": False}
    assert agent.client.get("/api/whoami-v2", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    entry = AuditEntry.objects.get(action=Action.TOKEN_REVOKED)
    assert (entry.actor_kind, entry.actor_name, entry.on_behalf_of, entry.details) == (
        *("agent", "codex-local-setup"),
        *("owner@example.com", {"by": "agent"}),
    )


def test_it_needs_no_scope(agent: Agent, owner: Human, workspace: Workspace) -> None:
    let_in(agent, owner, workspace, ["account:usage:read"])
    assert agent.post(REVOKE, {}).status_code == 200


def test_other_tokens_of_the_same_human_live_on(agent: Agent, owner: Human, workspace: Workspace) -> None:
    other = Agent(Client())
    let_in(agent, owner, workspace)
    let_in(other, owner, workspace)
    agent.post(REVOKE)
    assert other.get(ME).status_code == 200


def test_revoked_is_said_rather_than_expired(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    let_in(agent, owner, workspace, lifetime_seconds=900)
    agent.post(REVOKE)
    clock.forward(hours=1)
    refused(agent.get(ME), 401, "token_revoked")


def test_an_expired_token_cannot_revoke(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    let_in(agent, owner, workspace, lifetime_seconds=900)
    clock.forward(seconds=900)
    refused(agent.post(REVOKE), 401, "token_expired")


def test_nobody_has_no_current_token(agent: Agent) -> None:
    answer = agent.post(REVOKE)
    refused(answer, 401, "unauthenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_session_has_none_either(owner: Human, workspace: Workspace) -> None:
    refused(owner.post(REVOKE, **{"X-Workspace": workspace.pk}), 401, "unauthenticated")


@pytest.mark.parametrize("kind", [Kind.RUNTIME_KEY, Kind.GATEWAY_KEY, Kind.DEVICE_CODE, Kind.PLATFORM_LIVE_KEY])
def test_another_plane(agent: Agent, kind: Kind) -> None:
    agent.token = issue(kind).secret
    refused(agent.post(REVOKE), 403, "wrong_credential_plane")


def test_it_reads_its_body_strictly(agent: Agent, owner: Human, workspace: Workspace) -> None:
    let_in(agent, owner, workspace, [READ])
    assert complained_fields(agent.post(REVOKE, {"token_id": "tok_x"})) == ["token_id"]
    refused(
        agent.client.generic(
            "POST", REVOKE, b"token=x", content_type="text/plain", headers={"Authorization": f"Bearer {agent.token}"}
        ),
        415,
        "unsupported_media_type",
    )
    assert agent.get(ME).status_code == 200
