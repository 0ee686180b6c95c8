"""Caps on apps and end-users."""

from typing import Any

import pytest

from apps.models import App, BudgetPolicy, DefaultUserPolicy
from apps.registry.models import AppState, Environment
from tests.apps.registry.test_apps import made
from tests.personas import Agent, Human

HARD = {"limit_credits": 50, "enforcement": "hard"}


@pytest.fixture
def app(let_in: Agent) -> str:
    return f"/v1/account/apps/{made(let_in)['id']}"


def test_the_seeds_own_call_caps_the_app(let_in: Agent, app: str) -> None:
    answer = let_in.post(f"{app}/budget-policies", HARD)
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert data["id"].startswith("bp_")
    assert (data["limit_credits"], data["resource_type"], data["period"]) == (50, "all", "lifetime")
    again = let_in.post(f"{app}/budget-policies", {**HARD, "limit_credits": "75.5"})
    assert (again.status_code, again.json()["data"]["id"]) == (200, data["id"])
    assert [row["limit_credits"] for row in let_in.get(f"{app}/budget-policies").json()["data"]] == [75.5]


def test_the_seeds_own_call_caps_an_end_user(let_in: Agent, app: str) -> None:
    let_in.call("PUT", f"{app}/external-users/user_123", {"credit_limit": 5.0})
    body = {"limit_credits": 5.0, "resource_type": "all", "enforcement": "hard"}
    answer = let_in.post(f"{app}/external-users/user_123/budget-policy", body)
    assert answer.status_code == 200
    assert answer.json()["data"]["external_user_ref"] == "user_123"
    day = let_in.post(f"{app}/external-users/user_123/budget-policy", {**body, "period": "day"})
    assert day.status_code == 201
    assert let_in.call("DELETE", f"{app}/external-users/user_123/budget-policy?period=day").status_code == 200
    assert BudgetPolicy.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("resource_type", "video"), ("period", "year"), ("enforcement", "firm"), ("workspace_id", "ws_1"), ("spent", 0)],
)
def test_a_cap_of_an_unknown_kind_is_refused(let_in: Agent, app: str, field: str, value: Any) -> None:
    answer = let_in.post(f"{app}/budget-policies", {**HARD, field: value})
    assert answer.status_code == 400
    assert answer.json()["detail"]["fields"][0]["field"] == field


def test_an_active_app_keeps_its_last_hard_cap(let_in: Agent, app: str) -> None:
    cap = let_in.post(f"{app}/budget-policies", HARD).json()["data"]
    App.objects.update(environment=Environment.PRODUCTION, production_state=AppState.ACTIVE)
    softened = let_in.post(f"{app}/budget-policies", {**HARD, "enforcement": "soft"})
    removed = let_in.call("DELETE", f"{app}/budget-policies/{cap['id']}")
    for refused in (softened, removed):
        assert (refused.status_code, refused.json()["detail"]["code"]) == (409, "cap_required")
    assert BudgetPolicy.objects.get().enforcement == "hard"
    assert let_in.post(f"{app}/budget-policies", {**HARD, "period": "day"}).status_code == 201
    assert let_in.call("DELETE", f"{app}/budget-policies/{cap['id']}").status_code == 200


def test_a_default_for_newcomers_is_set_and_replaced(let_in: Agent, app: str) -> None:
    for limit in (1, 2):
        answer = let_in.call("PUT", f"{app}/default-user-policy", {**HARD, "limit_credits": limit})
        assert answer.status_code == 200
    assert DefaultUserPolicy.objects.get().limit_micro == 2_000_000


def test_an_agent_without_the_scope_is_told_which_one(let_in: Agent, app: str) -> None:
    from accounts.models import AccountToken

    AccountToken.objects.update(scopes=["account:workspace:read"])
    refused = let_in.post(f"{app}/budget-policies", HARD)
    assert refused.status_code == 403
    assert refused.json()["detail"]["required_scope"] == "account:caps:write"


def test_another_workspace_finds_nothing(let_in: Agent, app: str, stranger: Human) -> None:
    cap = let_in.post(f"{app}/budget-policies", HARD).json()["data"]
    header = {"X-Workspace": stranger.user.memberships.get().workspace_id}
    assert stranger.get(f"{app}/budget-policies", **header).status_code == 404
    assert stranger.post(f"{app}/budget-policies", HARD, **header).status_code == 404
    assert stranger.call("DELETE", f"{app}/budget-policies/{cap['id']}", **header).status_code == 404
    assert stranger.call("PUT", f"{app}/default-user-policy", HARD, **header).status_code == 404
