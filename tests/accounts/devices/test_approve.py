"""POST /v1/account/device/{user_code}/approve."""

from typing import Any

import pytest
from django.test import Client

from accounts.audit.models import Action
from accounts.models import AccountToken, AuditEntry, DeviceAuthorization, Membership, Workspace
from accounts.permissions import SCOPES as REGISTRY
from tests.acts import DEVICE, READ, Clock, approve, complained_fields, deny, from_address, let_in, refused, show
from tests.personas import SCOPES, Agent, Human, person

EVERYTHING = list(REGISTRY)
GRANTABLE = {
    "owner": set(EVERYTHING),
    "admin": set(EVERYTHING) - {"account:treasury:write"},
    "developer": {
        *("account:workspace:read", "account:usage:read", "account:apps:write", "account:api_keys:write"),
        *("account:external_users:write", "account:caps:write"),
    },
    "viewer": {"account:workspace:read", "account:usage:read"},
}
GUARDED = {"account:team:write", "account:api_keys:write", "account:billing:write", "account:treasury:write"}


def heard(agent: Agent, started: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = agent.poll(started["device_code"]).json()["data"]
    return data


def test_an_owner_lets_an_agent_in(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = agent.start(SCOPES)
    answer = approve(owner, started["user_code"], workspace, scopes=SCOPES, lifetime_seconds=7200)
    assert answer.status_code == 200
    row = DeviceAuthorization.objects.get()
    assert answer.json() == {
        "schema_version": "v0",
        "data": {
            "id": row.pk,
            "user_code": started["user_code"],
            "status": "approved",
            "workspace": {"id": workspace.pk, "name": "Paper Planes"},
            "scopes": SCOPES,
            "lifetime_seconds": 7200,
            "reason": None,
        },
        "next_actions": answer.json()["next_actions"],
    }
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_name, entry.workspace_id) == (
        Action.DEVICE_APPROVED,
        "owner@example.com",
        workspace.pk,
    )
    assert entry.details == {"scopes": SCOPES, "lifetime_seconds": 7200}
    assert not AccountToken.objects.exists()


def test_an_hour_is_the_default(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = agent.start([READ])
    assert approve(owner, started["user_code"], workspace).json()["data"]["lifetime_seconds"] == 3600


@pytest.mark.parametrize("role", ["owner", "admin", "developer", "viewer"])
def test_a_role_grants_what_it_may_and_nothing_else(agent: Agent, workspace: Workspace, role: str) -> None:
    human = person(f"{role}@example.com", workspace, role)
    for scope in EVERYTHING:
        started = agent.start([scope], label=scope)
        answer = approve(human, started["user_code"], workspace, scopes=[scope])
        if scope in GRANTABLE[role]:
            assert answer.status_code == 200, (role, scope, answer.content)
            assert heard(agent, started)["scopes"] == [scope]
        else:
            detail = refused(answer, 403, "scope_not_grantable")
            assert detail["scopes"] == [scope]
            assert heard(agent, started)["status"] == "pending"


def test_one_scope_beyond_the_role_refuses_all(agent: Agent, developer: Human, workspace: Workspace) -> None:
    started = agent.start(EVERYTHING)
    detail = refused(approve(developer, started["user_code"], workspace, scopes=EVERYTHING), 403, "scope_not_grantable")
    assert set(detail["scopes"]) == set(EVERYTHING) - GRANTABLE["developer"]
    assert not AuditEntry.objects.exists()


def test_a_role_elsewhere_grants_nothing_here(agent: Agent, viewer: Human, other_workspace: Workspace) -> None:
    Membership.objects.create(workspace=other_workspace, user=viewer.user, role="owner")
    here = Membership.objects.get(user=viewer.user, role="viewer").workspace
    started = agent.start(["account:apps:write"])
    refused(approve(viewer, started["user_code"], here, scopes=["account:apps:write"]), 403, "scope_not_grantable")
    assert approve(viewer, started["user_code"], other_workspace, scopes=["account:apps:write"]).status_code == 200


def test_fewer_scopes_than_asked_for_are_granted(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = agent.start(SCOPES)
    answer = approve(owner, started["user_code"], workspace, scopes=[SCOPES[5], SCOPES[0], SCOPES[0]])
    assert answer.json()["data"]["scopes"] == [SCOPES[0], SCOPES[5]]
    assert heard(agent, started)["scopes"] == [SCOPES[0], SCOPES[5]]


class TestNewWorkspace:
    def test_it_is_made_and_owned(self, agent: Agent) -> None:
        human = person("new@example.com")
        started = agent.start([READ])
        answer = approve(human, started["user_code"], new_workspace_name="  Brand new  ")
        workspace = Workspace.objects.get()
        assert answer.json()["data"]["workspace"] == {"id": workspace.pk, "name": "Brand new"}
        assert Membership.objects.get(workspace=workspace).role == "owner"
        assert heard(agent, started)["workspace"]["id"] == workspace.pk
        assert set(AuditEntry.objects.values_list("action", "workspace_id")) == {
            (Action.WORKSPACE_CREATED, workspace.pk),
            (Action.DEVICE_APPROVED, workspace.pk),
            (Action.DEVICE_COLLECTED, workspace.pk),
        }

    @pytest.mark.parametrize("scopes", [["account:team:write"], ["account:usage:read"], []])
    def test_a_refused_approval_makes_none(self, agent: Agent, clock: Clock, scopes: list[str]) -> None:
        human = person("new@example.com")
        started = agent.start([READ, "account:team:write"])
        clock.forward(minutes=6)
        answer = approve(human, started["user_code"], new_workspace_name="Never", scopes=scopes)
        assert answer.status_code in {400, 403}
        assert not Workspace.objects.exists()

    def test_a_late_approval_makes_none(self, agent: Agent, clock: Clock) -> None:
        human = person("new@example.com")
        started = agent.start([READ])
        clock.forward(minutes=10)
        refused(approve(human, started["user_code"], new_workspace_name="Never"), 410, "account_device_expired")
        assert not Workspace.objects.exists()

    @pytest.mark.parametrize("name", ["", " ", "\u200b", "x" * 81, "a\nb", "\u202e", 5, None, []])
    def test_a_bad_name_is_named(self, agent: Agent, owner: Human, name: Any) -> None:
        started = agent.start([READ])
        answer = approve(owner, started["user_code"], new_workspace_name=name)
        assert complained_fields(answer)[0] in {"new_workspace_name", "workspace_id"}
        assert Workspace.objects.count() == 1
        assert heard(agent, started)["status"] == "pending"


def test_a_foreign_workspace_is_not_there(agent: Agent, owner: Human, other_workspace: Workspace) -> None:
    started = agent.start([READ])
    foreign = approve(owner, started["user_code"], other_workspace)
    missing = approve(owner, started["user_code"], workspace_id="ws_01h455vb4pex5vsknk084sn02q")
    nonsense = approve(owner, started["user_code"], workspace_id="nonsense")
    assert (
        refused(foreign, 404, "not_found") == refused(missing, 404, "not_found") == refused(nonsense, 404, "not_found")
    )
    assert heard(agent, started)["status"] == "pending"


def test_a_workspace_one_has_left_is_not_there(agent: Agent, viewer: Human, workspace: Workspace) -> None:
    started = agent.start([READ])
    Membership.objects.filter(user=viewer.user).delete()
    refused(approve(viewer, started["user_code"], workspace), 404, "not_found")


def test_workspace_or_new_name_but_not_both(agent: Agent, owner: Human, workspace: Workspace) -> None:
    code = agent.start([READ])["user_code"]
    assert complained_fields(approve(owner, code)) == ["workspace_id"]
    assert complained_fields(approve(owner, code, workspace, new_workspace_name="Both")) == ["workspace_id"]


@pytest.mark.parametrize(
    ("scopes", "field"),
    [
        *[([], "scopes"), (None, "scopes"), ("account:workspace:read", "scopes"), ([READ] * 10, "scopes")],
        *[([READ, "account:usage:read"], "scopes.1"), (["account:everything"], "scopes.0"), ([5], "scopes.0")],
    ],
)
def test_scopes_are_a_part_of_what_was_asked_for(
    agent: Agent, owner: Human, workspace: Workspace, scopes: Any, field: str
) -> None:
    started = agent.start([READ, "account:apps:write"])
    assert complained_fields(approve(owner, started["user_code"], workspace, scopes=scopes)) == [field]
    assert heard(agent, started)["status"] == "pending"
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("seconds", [900, 28800, 900.0])
def test_lifetimes_within_the_bounds(agent: Agent, owner: Human, workspace: Workspace, seconds: float) -> None:
    code = agent.start([READ])["user_code"]
    answer = approve(owner, code, workspace, lifetime_seconds=seconds)
    assert answer.json()["data"]["lifetime_seconds"] == int(seconds)


@pytest.mark.parametrize("seconds", [899, 28801, 0, -1, 10**30, 900.5, "3600", True, None, [], {}])
def test_lifetimes_beyond_the_bounds(agent: Agent, owner: Human, workspace: Workspace, seconds: Any) -> None:
    started = agent.start([READ])
    answer = approve(owner, started["user_code"], workspace, lifetime_seconds=seconds)
    assert complained_fields(answer) == ["lifetime_seconds"]
    assert heard(agent, started)["status"] == "pending"


class TestReauthentication:
    @pytest.mark.parametrize("scope", EVERYTHING)
    def test_guarded_scopes_need_a_sign_in_of_the_last_five_minutes(
        self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock, scope: str
    ) -> None:
        clock.forward(minutes=5, seconds=1)
        started = agent.start([READ, scope])
        answer = approve(owner, started["user_code"], workspace, scopes=[scope])
        if scope in GUARDED:
            refused(answer, 403, "reauthentication_required")
            assert heard(agent, started)["status"] == "pending"
            assert approve(owner, started["user_code"], workspace, scopes=[READ]).status_code == 200
        else:
            assert answer.status_code == 200

    def test_within_five_minutes_they_may_be_granted(
        self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock
    ) -> None:
        clock.forward(minutes=4, seconds=58)
        started = agent.start(EVERYTHING)
        assert approve(owner, started["user_code"], workspace, scopes=EVERYTHING).status_code == 200

    def test_a_session_that_never_proved_itself_may_not(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(owner.user)
        client.cookies["csrftoken"] = owner.client.cookies["csrftoken"].value
        started = agent.start(["account:team:write"])
        answer = approve(Human(owner.user, client), started["user_code"], workspace, scopes=["account:team:write"])
        refused(answer, 403, "reauthentication_required")


class TestWhoMayCall:
    def test_nobody_without_a_session(self, agent: Agent, workspace: Workspace) -> None:
        started = agent.start([READ])
        for code in (started["user_code"], "CDFG-2345"):
            answer = agent.post(f"{DEVICE}/{code}/approve", {"workspace_id": workspace.pk, "scopes": [READ]})
            refused(answer, 401, "unauthenticated")
            assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_no_session_without_its_csrf_token(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        started = agent.start([READ])
        body = {"workspace_id": workspace.pk, "scopes": [READ]}
        for headers in ({"X-CSRFToken": ""}, {"X-CSRFToken": "x" * 64}, {"Origin": "https://evil.example"}):
            answer = owner.post(f"{DEVICE}/{started['user_code']}/approve", body, **headers)
            refused(answer, 403, "csrf_failed")
        assert heard(agent, started)["status"] == "pending"

    def test_no_csrf_token_in_the_body(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        started = agent.start([READ])
        token = owner.client.cookies["csrftoken"].value
        answer = owner.client.post(f"{DEVICE}/{started['user_code']}/approve", {"csrfmiddlewaretoken": token})
        refused(answer, 403, "csrf_failed")

    def test_no_agent(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        let_in(agent, owner, workspace)
        started = agent.start([READ])
        body = {"workspace_id": workspace.pk, "scopes": [READ]}
        refused(agent.post(f"{DEVICE}/{started['user_code']}/approve", body), 403, "session_required")
        both = owner.post(f"{DEVICE}/{started['user_code']}/approve", body, Authorization=f"Bearer {agent.token}")
        refused(both, 403, "session_required")

    def test_no_human_who_was_deactivated(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        started = agent.start([READ])
        type(owner.user).objects.filter(pk=owner.user.pk).update(is_active=False)
        refused(approve(owner, started["user_code"], workspace), 401, "unauthenticated")


class TestOnlyOnce:
    def test_approved_is_decided(self, agent: Agent, owner: Human, developer: Human, workspace: Workspace) -> None:
        started = agent.start([READ])
        approve(owner, started["user_code"], workspace)
        for human in (owner, developer):
            refused(approve(human, started["user_code"], workspace), 409, "account_device_already_decided")
        assert AuditEntry.objects.filter(action=Action.DEVICE_APPROVED).count() == 1
        assert heard(agent, started)["status"] == "approved"
        refused(approve(owner, started["user_code"], workspace), 409, "account_device_already_decided")

    def test_denied_is_decided(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        started = agent.start([READ])
        deny(owner, started["user_code"])
        refused(approve(owner, started["user_code"], workspace), 409, "account_device_already_decided")
        assert heard(agent, started)["status"] == "denied"

    def test_expired_is_too_late(self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
        started = agent.start([READ])
        clock.forward(minutes=10)
        refused(approve(owner, started["user_code"], workspace), 410, "account_device_expired")
        assert heard(agent, started)["status"] == "expired"


class TestSpelling:
    @pytest.mark.parametrize(
        "spell",
        [
            lambda code: code,
            lambda code: code.lower(),
            lambda code: code.replace("-", ""),
            lambda code: code.replace("-", " "),
            lambda code: code.replace("-", "\N{EN DASH}"),
            lambda code: code.replace("-", "\N{EM DASH}"),
            lambda code: code.replace("-", "\N{NON-BREAKING HYPHEN}"),
            lambda code: code.replace("-", "\N{MINUS SIGN}"),
            lambda code: code.replace("-", "_"),
            lambda code: f"  {code}  ",
            lambda code: " ".join(code),
            lambda code: "\u200b".join(code),
            lambda code: "".join(chr(ord(c) + 0xFEE0) for c in code),
            lambda code: "".join(chr(ord(c) + 0xFEE0) for c in code.lower().replace("-", "")),
            lambda code: code.replace("-", "\u3000"),
            lambda code: code.replace("8", "B").replace("5", "S").replace("2", "z"),
        ],
    )
    def test_a_code_may_be_typed_as_people_type(
        self, agent: Agent, owner: Human, workspace: Workspace, spell: Any
    ) -> None:
        started = agent.start([READ])
        typed = spell(started["user_code"])
        assert show(owner, typed).json()["data"]["user_code"] == started["user_code"]
        assert approve(owner, typed, workspace).status_code == 200


class TestCodeEntryLock:
    WRONG = "CDFG-2345"

    def lock(self, human: Human, times: int = 10) -> None:
        for _ in range(times):
            refused(show(human, self.WRONG), 404, "account_device_code_unknown")

    def test_ten_wrong_codes_lock_the_account(
        self, agent: Agent, owner: Human, workspace: Workspace, clock: Clock
    ) -> None:
        code = agent.start([READ])["user_code"]
        self.lock(owner)
        answer = approve(owner, code, workspace)
        detail = refused(answer, 429, "account_device_code_entry_locked")
        assert 0 < int(answer["Retry-After"]) <= 600
        assert detail["retry_after_seconds"] == int(answer["Retry-After"])
        assert "RateLimit" in answer.headers
        assert "RateLimit-Policy" in answer.headers
        owner.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
        refused(show(owner, code), 429, "account_device_code_entry_locked")
        refused(deny(owner, code), 429, "account_device_code_entry_locked")
        clock.forward(seconds=int(answer["Retry-After"]))
        refused(approve(owner, code, workspace), 410, "account_device_expired")

    def test_and_the_address(self, agent: Agent, owner: Human, stranger: Human, workspace: Workspace) -> None:
        code = agent.start([READ])["user_code"]
        self.lock(stranger)
        refused(show(owner, code), 429, "account_device_code_entry_locked")
        owner.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
        assert show(owner, code).status_code == 200

    def test_a_right_one_does_not_reset_the_count(self, agent: Agent, owner: Human) -> None:
        code = agent.start([READ])["user_code"]
        self.lock(owner, 9)
        assert show(owner, code).status_code == 200
        self.lock(owner, 1)
        refused(show(owner, code), 429, "account_device_code_entry_locked")

    def test_wrong_codes_count_for_every_act_and_spelling(
        self, agent: Agent, owner: Human, workspace: Workspace
    ) -> None:
        code = agent.start([READ])["user_code"]
        for _ in range(3):
            refused(approve(owner, self.WRONG, workspace), 404, "account_device_code_unknown")
            refused(deny(owner, "nonsense"), 404, "account_device_code_unknown")
            refused(show(owner, "x" * 200), 404, "account_device_code_unknown")
        assert show(owner, code).status_code == 200
        refused(approve(owner, self.WRONG, workspace), 404, "account_device_code_unknown")
        refused(show(owner, code), 429, "account_device_code_entry_locked")

    def test_an_agent_at_that_address_goes_on(self, agent: Agent, owner: Human) -> None:
        self.lock(owner)
        started = agent.start([READ])
        assert heard(agent, started)["status"] == "pending"

    def test_wrong_codes_count_by_ipv6_network(self, agent: Agent, owner: Human, stranger: Human) -> None:
        stranger.client.defaults["REMOTE_ADDR"] = "2001:db8::1"
        owner.client.defaults["REMOTE_ADDR"] = "2001:db8::2"
        self.lock(stranger)
        refused(show(owner, agent.start()["user_code"]), 429, "account_device_code_entry_locked")


def test_a_code_started_elsewhere_may_be_approved_from_anywhere(owner: Human, workspace: Workspace) -> None:
    agent = from_address("203.0.113.7")
    started = agent.start([READ])
    owner.client.defaults["REMOTE_ADDR"] = "198.51.100.1"
    assert approve(owner, started["user_code"], workspace).status_code == 200
    assert heard(agent, started)["status"] == "approved"


@pytest.mark.parametrize("body", [{"extra": 1}, {"workspaceId": "x"}, {"last_four": "2345"}])
def test_an_unknown_field_is_refused(agent: Agent, owner: Human, workspace: Workspace, body: dict[str, Any]) -> None:
    code = agent.start([READ])["user_code"]
    assert complained_fields(approve(owner, code, workspace, **body)) == list(body)
