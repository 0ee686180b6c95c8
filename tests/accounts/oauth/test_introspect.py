"""POST /oauth/introspect (RFC 7662)."""

from collections.abc import Callable
from functools import partial

import pytest

from accounts.credentials import Kind, issue
from accounts.models import AccountToken, Membership, Workspace
from tests.acts import READ, Clock, form, let_in, oauth_error
from tests.personas import Agent, Human

INTROSPECT = "/oauth/introspect"
INACTIVE = {"active": False}


def unknown(kind: Kind) -> str:
    return issue(kind).secret


def test_a_live_token(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    token = let_in(agent, owner, workspace, [READ, "account:apps:write"])
    answer = form(agent.client, INTROSPECT, {"token": token, "token_type_hint": "access_token"})
    row = AccountToken.objects.get()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json() == {
        "active": True,
        "scope": f"{READ} account:apps:write",
        "client_id": "codex-local-setup",
        "token_type": "Bearer",
        "exp": int(row.expires_at.timestamp()),
        "iat": int(row.created_at.timestamp()),
        "sub": owner.user.pk,
        "username": "owner@example.com",
        "iss": "http://testserver",
        "workspace_id": workspace.pk,
    }


@pytest.mark.parametrize("make", [lambda: "nonsense", lambda: "x" * 5000, *(partial(unknown, kind) for kind in Kind)])
def test_anything_else_is_not_active_and_no_more_is_said(agent: Agent, make: Callable[[], str]) -> None:
    answer = form(agent.client, INTROSPECT, {"token": make()})
    assert (answer.status_code, answer.json()) == (200, INACTIVE)


def test_a_revoked_token(agent: Agent, owner: Human, workspace: Workspace) -> None:
    token = let_in(agent, owner, workspace)
    agent.post("/v1/account/tokens/current/revoke")
    assert form(agent.client, INTROSPECT, {"token": token}).json() == INACTIVE


def test_an_expired_token(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    token = let_in(agent, owner, workspace, lifetime_seconds=900)
    clock.forward(seconds=900)
    assert form(agent.client, INTROSPECT, {"token": token}).json() == INACTIVE


def test_the_token_of_somebody_who_left(agent: Agent, owner: Human, workspace: Workspace) -> None:
    token = let_in(agent, owner, workspace)
    Membership.objects.all().delete()
    assert form(agent.client, INTROSPECT, {"token": token}).json() == INACTIVE


def test_a_device_code_is_no_token(agent: Agent) -> None:
    assert form(agent.client, INTROSPECT, {"token": agent.start()["device_code"]}).json() == INACTIVE


def test_no_token_is_an_invalid_request(agent: Agent) -> None:
    oauth_error(form(agent.client, INTROSPECT, {}), 400, "invalid_request")
