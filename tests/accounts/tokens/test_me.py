"""GET /v1/account/me."""

from typing import Any

import pytest
from django.test import Client

from accounts.credentials import Kind, issue
from accounts.models import AccountToken, Membership, Workspace
from accounts.permissions import SCOPES as REGISTRY
from accounts.permissions import grantable
from accounts.workspaces.models import ProductionState
from tests.acts import READ, Clock, approve, complained_fields, let_in, refused
from tests.personas import SCOPES, Agent, Human, person

ME = "/v1/account/me"


def test_an_agent_reads_who_it_speaks_for(agent: Agent, developer: Human, workspace: Workspace) -> None:
    let_in(agent, developer, workspace)
    answer = agent.get(ME)
    token = AccountToken.objects.get()
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "id": token.pk,
        "token_id": token.pk,
        "label": "codex-local-setup",
        "scopes": SCOPES,
        "created_at": token.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "workspace": {"id": workspace.pk, "name": "Paper Planes"},
        "user": {"id": developer.user.pk, "email": "developer@example.com", "name": "Developer"},
        "role": "developer",
        "environment": "test",
    }
    assert token.pk.startswith("tok_")
    assert [action["command"] for action in answer.json()["next_actions"]] == ["POST /v1/account/tokens/current/revoke"]
    assert agent.token not in answer.content.decode()


def test_any_token_may_ask_whatever_its_scopes(agent: Agent, owner: Human, workspace: Workspace) -> None:
    let_in(agent, owner, workspace, ["account:usage:read"])
    assert agent.get(ME).json()["data"]["scopes"] == ["account:usage:read"]


def test_the_environment_follows_the_workspace(agent: Agent, owner: Human, workspace: Workspace) -> None:
    let_in(agent, owner, workspace, [READ])
    for state in ProductionState:
        Workspace.objects.update(production_state=state)
        expected = "live" if state == ProductionState.PRODUCTION_APPROVED else "test"
        assert agent.get(ME).json()["data"]["environment"] == expected


def test_the_scheme_is_read_in_any_case(agent: Agent, owner: Human, workspace: Workspace) -> None:
    token = let_in(agent, owner, workspace, [READ])
    assert agent.get(ME, Authorization=f"bearer {token}").status_code == 200


class TestSession:
    def test_a_human_names_the_workspace(self, viewer: Human, workspace: Workspace) -> None:
        data = viewer.get(ME, **{"X-Workspace": workspace.pk}).json()["data"]
        assert data["workspace"]["id"] == workspace.pk
        assert data["role"] == "viewer"
        assert set(data["scopes"]) == grantable("viewer")
        absent = ("id", "token_id", "label", "created_at", "expires_at")
        assert [data[name] for name in absent] == [None] * 5

    def test_without_a_workspace_it_asks_for_one(self, owner: Human) -> None:
        assert complained_fields(owner.get(ME)) == ["X-Workspace"]

    def test_a_foreign_workspace_is_not_there(self, owner: Human, other_workspace: Workspace) -> None:
        given = (other_workspace.pk, "ws_01h455vb4pex5vsknk084sn02q", "nonsense", owner.user.pk, "\u00ff")
        answers = [owner.get(ME, **{"X-Workspace": value}) for value in given]
        details = [refused(answer, 404, "not_found") for answer in answers]
        assert all(detail == details[0] for detail in details)

    def test_a_token_minds_no_x_workspace(
        self, agent: Agent, owner: Human, workspace: Workspace, other_workspace: Workspace
    ) -> None:
        let_in(agent, owner, workspace, [READ])
        data = agent.get(ME, **{"X-Workspace": other_workspace.pk}).json()["data"]
        assert data["workspace"]["id"] == workspace.pk


class TestDead:
    @pytest.fixture
    def held(self, agent: Agent, developer: Human, owner: Human, workspace: Workspace, clock: Clock) -> Agent:
        """An agent that a developer let in."""
        let_in(agent, developer, workspace, [READ, "account:apps:write"])
        assert agent.get(ME).status_code == 200
        return agent

    def refused(self, agent: Agent, code: str) -> None:
        answer = agent.get(ME)
        refused(answer, 401, code)
        assert answer["WWW-Authenticate"].startswith("Bearer ")
        assert 'error="invalid_token"' in answer["WWW-Authenticate"]

    def test_when_it_expires(self, held: Agent, clock: Clock) -> None:
        clock.forward(seconds=3599)
        assert held.get(ME).status_code == 200
        clock.forward(seconds=1)
        self.refused(held, "token_expired")

    def test_when_its_granter_leaves(self, held: Agent, developer: Human) -> None:
        Membership.objects.filter(user=developer.user).delete()
        self.refused(held, "token_revoked")

    def test_when_its_granter_is_deactivated(self, held: Agent, developer: Human) -> None:
        type(developer.user).objects.filter(pk=developer.user.pk).update(is_active=False)
        self.refused(held, "token_revoked")

    def test_when_its_granter_loses_the_role(self, held: Agent, developer: Human) -> None:
        Membership.objects.filter(user=developer.user).update(role="viewer")
        self.refused(held, "token_revoked")

    def test_but_not_when_the_other_role_could_grant_it_too(self, held: Agent, developer: Human) -> None:
        Membership.objects.filter(user=developer.user).update(role="admin")
        assert held.get(ME).json()["data"]["role"] == "admin"

    def test_nor_when_somebody_else_leaves(self, held: Agent, owner: Human) -> None:
        Membership.objects.filter(user=owner.user).delete()
        assert held.get(ME).status_code == 200

    def test_a_role_elsewhere_does_not_keep_it_alive(
        self, held: Agent, developer: Human, other_workspace: Workspace
    ) -> None:
        Membership.objects.create(user=developer.user, workspace=other_workspace, role="owner")
        Membership.objects.filter(user=developer.user).exclude(workspace=other_workspace).delete()
        self.refused(held, "token_revoked")


@pytest.mark.parametrize("scope", sorted(REGISTRY))
def test_a_demotion_kills_exactly_what_the_new_role_could_not_grant(
    agent: Agent, workspace: Workspace, scope: str
) -> None:
    human = person("granter@example.com", workspace, "owner")
    let_in(agent, human, workspace, [scope])
    for role in ("owner", "admin", "developer", "viewer"):
        Membership.objects.filter(user=human.user).update(role=role)
        assert agent.get(ME).status_code == (200 if scope in grantable(role) else 401), role


class TestAnother:
    def test_nothing_is_unauthenticated(self, agent: Agent) -> None:
        answer = agent.get(ME)
        refused(answer, 401, "unauthenticated")
        assert answer["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize(
        "header",
        [
            *("", "Bearer", "Bearer ", "bearer nonsense", "Basic dTpw", "lat_x", "Bearer lat_" + "0" * 33),
            *("Bearer \u00ff", "Bearer " + "x" * 10_000, "Token x", "Bearer lat_x lat_y"),
        ],
    )
    def test_nonsense_is_unauthenticated_without_a_query(
        self, agent: Agent, django_assert_num_queries: Any, header: str
    ) -> None:
        with django_assert_num_queries(0):
            refused(agent.get(ME, Authorization=header), 401, "unauthenticated")

    def test_a_token_nobody_was_given(self, agent: Agent) -> None:
        agent.token = issue(Kind.ACCOUNT_TOKEN).secret
        refused(agent.get(ME), 401, "unauthenticated")

    @pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.ACCOUNT_TOKEN])
    def test_a_credential_of_another_plane(self, agent: Agent, kind: Kind) -> None:
        agent.token = issue(kind).secret
        refused(agent.get(ME), 403, "wrong_credential_plane")

    def test_a_bad_token_beside_a_good_session(self, owner: Human, workspace: Workspace) -> None:
        headers = {"X-Workspace": workspace.pk, "Authorization": "Bearer nonsense"}
        refused(owner.get(ME, **headers), 401, "unauthenticated")

    def test_a_token_in_the_url_or_the_body_is_not_read(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        token = let_in(agent, owner, workspace, [READ])
        nobody = Agent(Client())
        for name in ("access_token", "token"):
            answer = nobody.get(f"{ME}?{name}={token}")
            assert answer.status_code in {400, 401}
            assert token not in answer.content.decode()
        nobody.client.cookies["access_token"] = token
        refused(nobody.get(ME), 401, "unauthenticated")


def test_its_use_is_noted_once_a_minute(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    let_in(agent, owner, workspace, [READ])
    agent.get(ME)
    first = AccountToken.objects.get().last_used_at
    clock.forward(seconds=60)
    agent.get(ME)
    assert AccountToken.objects.get().last_used_at == first
    clock.forward(seconds=1)
    agent.get(ME)
    assert AccountToken.objects.get().last_used_at != first


def test_one_agents_token_says_nothing_of_another(
    agent: Agent, owner: Human, stranger: Human, workspace: Workspace, other_workspace: Workspace
) -> None:
    let_in(agent, owner, workspace, [READ])
    other = Agent(Client())
    started = other.start([READ])
    approve(stranger, started["user_code"], other_workspace)
    other.token = other.poll(started["device_code"]).json()["data"]["account_access_token"]
    assert other.get(ME).json()["data"]["workspace"]["id"] == other_workspace.pk
    assert agent.get(ME).json()["data"]["workspace"]["id"] == workspace.pk
