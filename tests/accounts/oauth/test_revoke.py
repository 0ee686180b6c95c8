"""POST /oauth/revoke (RFC 7009)."""

import pytest

from accounts.audit.models import Action
from accounts.credentials import Kind, issue
from accounts.models import AuditEntry, Workspace
from tests.acts import form, let_in, oauth_error, refused
from tests.personas import Agent, Human

REVOKE = "/oauth/revoke"


@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "access_token"}, {"token_type_hint": "refresh_token"}])
def test_who_holds_a_token_may_end_it(agent: Agent, owner: Human, workspace: Workspace, hint: dict[str, str]) -> None:
    token = let_in(agent, owner, workspace)
    answer = form(agent.client, REVOKE, {"token": token, "client_id": "codex", **hint})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Cache-Control"] == "no-store"
    refused(agent.get("/v1/account/me"), 401, "token_revoked")
    assert form(agent.client, REVOKE, {"token": token}).status_code == 200
    assert AuditEntry.objects.filter(action=Action.TOKEN_REVOKED).count() == 1


@pytest.mark.parametrize("token", ["nonsense", "x" * 5000, "lat_" + "0" * 33])
def test_a_token_that_is_none_is_no_error(agent: Agent, token: str) -> None:
    assert form(agent.client, REVOKE, {"token": token}).status_code == 200


def test_nor_is_one_that_nobody_was_given(agent: Agent) -> None:
    assert form(agent.client, REVOKE, {"token": issue(Kind.ACCOUNT_TOKEN).secret}).status_code == 200


def test_another_token_lives_on(agent: Agent, owner: Human, workspace: Workspace) -> None:
    let_in(agent, owner, workspace)
    form(agent.client, REVOKE, {"token": issue(Kind.ACCOUNT_TOKEN).secret})
    assert agent.get("/v1/account/me").status_code == 200


def test_no_token_is_an_invalid_request(agent: Agent) -> None:
    for fields in ({}, {"token": ""}, {"token_type_hint": "access_token"}):
        oauth_error(form(agent.client, REVOKE, fields), 400, "invalid_request")


def test_two_tokens_are_an_invalid_request(agent: Agent, owner: Human, workspace: Workspace) -> None:
    token = let_in(agent, owner, workspace)
    oauth_error(form(agent.client, REVOKE, [("token", token), ("token", token)]), 400, "invalid_request")
    assert agent.get("/v1/account/me").status_code == 200
