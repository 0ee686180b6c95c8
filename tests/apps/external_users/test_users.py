"""External users: put, list, delete; the credit limit."""

from typing import Any

import pytest

from apps.models import BudgetPolicy, ExternalUser
from tests.apps.registry.test_apps import made
from tests.personas import Agent, Human


@pytest.fixture
def users(let_in: Agent) -> str:
    return f"/v1/account/apps/{made(let_in)['id']}/external-users"


def test_the_seeds_own_call_makes_a_user_with_a_hard_lifetime_cap(let_in: Agent, users: str) -> None:
    body = {"display_name": "Test user", "credit_limit": 5.0}
    first = let_in.call("PUT", f"{users}/user_123", body)
    assert first.status_code == 201
    data = first.json()["data"]
    assert (data["ref"], data["display_name"], data["credit_limit"]) == ("user_123", "Test user", 5)
    policy = BudgetPolicy.objects.get()
    assert (policy.limit_micro, policy.enforcement, policy.period) == (5_000_000, "hard", "lifetime")
    assert let_in.call("PUT", f"{users}/user_123", body).status_code == 200
    assert BudgetPolicy.objects.count() == 1


def test_what_is_left_out_stays_and_null_takes_the_limit_away(let_in: Agent, users: str) -> None:
    let_in.call("PUT", f"{users}/u", {"display_name": "Ada", "credit_limit": "0.25"})
    kept = let_in.call("PUT", f"{users}/u", {}).json()["data"]
    assert (kept["display_name"], kept["credit_limit"]) == ("Ada", 0.25)
    assert let_in.call("PUT", f"{users}/u", {"credit_limit": None}).json()["data"]["credit_limit"] is None


@pytest.mark.parametrize("amount", [0, -1, "NaN", "Infinity", "1_000", "٥", "0.0000001", True, "", "1e3", 1e10, [5]])
def test_a_broken_credit_limit_is_refused(let_in: Agent, users: str, amount: Any) -> None:
    answer = let_in.call("PUT", f"{users}/u", {"credit_limit": amount})
    assert (answer.status_code, answer.json()["detail"]["code"]) == (400, "invalid_amount")
    assert answer.json()["detail"]["fields"][0]["field"] == "credit_limit"
    assert not ExternalUser.objects.exists()


@pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b"1e400", b"5.0000000"])
def test_numbers_that_json_or_floats_would_bend_are_refused(let_in: Agent, users: str, raw: bytes) -> None:
    assert let_in.call("PUT", f"{users}/u", b'{"credit_limit": ' + raw + b"}").status_code == 400


@pytest.mark.parametrize("ref", ["a%20b", "x" * 129, "a%2Fb", "%C3%A4", "a%00", "a%0A"])
def test_a_reference_of_other_characters_is_refused(let_in: Agent, users: str, ref: str) -> None:
    assert let_in.call("PUT", f"{users}/{ref}", {}).status_code in {400, 404}
    assert not ExternalUser.objects.exists()


def test_a_deleted_user_is_gone_and_comes_back_with_its_cap(let_in: Agent, users: str) -> None:
    let_in.call("PUT", f"{users}/u", {"credit_limit": 5})
    assert let_in.call("DELETE", f"{users}/u").json()["data"]["deleted"] is True
    assert let_in.get(f"{users}/u").status_code == let_in.call("DELETE", f"{users}/u").status_code == 404
    assert let_in.get(users).json()["data"] == []
    back = let_in.call("PUT", f"{users}/u", {})
    assert (back.status_code, back.json()["data"]["credit_limit"]) == (201, 5)


def test_another_workspace_finds_nothing(let_in: Agent, users: str, stranger: Human) -> None:
    let_in.call("PUT", f"{users}/u", {})
    header = {"X-Workspace": stranger.user.memberships.get().workspace_id}
    for method, path in (("GET", users), ("GET", f"{users}/u"), ("PUT", f"{users}/u"), ("DELETE", f"{users}/u")):
        assert stranger.call(method, path, {} if method == "PUT" else None, **header).status_code == 404


def test_putting_back_what_was_read_keeps_a_soft_cap(let_in: Agent, users: str) -> None:
    let_in.call("PUT", f"{users}/u", {})
    let_in.post(f"{users}/u/budget-policy", {"limit_credits": 1, "enforcement": "soft"})
    let_in.call("PUT", f"{users}/u", {"credit_limit": None})
    assert BudgetPolicy.objects.get().enforcement == "soft"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_reference_no_user_can_have_finds_nothing(let_in: Agent, users: str, method: str) -> None:
    assert let_in.call(method, f"{users}/a%00").status_code == 404
