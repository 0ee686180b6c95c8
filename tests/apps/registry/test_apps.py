"""Apps: create, list, search, rename, archive."""

from typing import Any

import pytest

from accounts.models import AuditEntry, Workspace
from apps.models import App
from tests.personas import Agent, Human

APPS = "/v1/account/apps"


def made(let_in: Agent, name: str = "Local staging", environment: str = "sandbox") -> dict[str, Any]:
    answer = let_in.post(APPS, {"name": name, "environment": environment})
    assert answer.status_code == 201, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_an_agent_creates_an_app_and_hears_what_comes_next(let_in: Agent, workspace: Workspace) -> None:
    answer = let_in.post(APPS, {"name": "Local staging", "environment": "sandbox"})
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert data["id"].startswith("app_")
    assert data["workspace_id"] == workspace.pk
    assert (data["environment"], data["is_sandbox"]) == ("sandbox", True)
    assert data["production_state"] == "production_not_active"
    assert [action["command"] for action in answer.json()["next_actions"]] == [
        "POST /v1/account/api-keys",
        f"POST /v1/account/apps/{data['id']}/budget-policies",
    ]
    entry = AuditEntry.objects.get(action="app:created")
    assert (entry.actor_kind, entry.on_behalf_of) == ("agent", "owner@example.com")
    assert entry.token_id.startswith("tok_")


@pytest.mark.parametrize("environment", ["prod", "", None, 1, "SANDBOX"])
def test_an_unknown_environment_is_refused(let_in: Agent, environment: Any) -> None:
    answer = let_in.post(APPS, {"name": "x", "environment": environment})
    assert answer.status_code == 400
    assert answer.json()["detail"]["fields"][0]["field"] == "environment"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "\u200b", "a\u202eb", "a\nb", None, 7])
def test_a_name_that_cannot_be_shown_is_refused(let_in: Agent, name: Any) -> None:
    answer = let_in.post(APPS, {"name": name, "environment": "sandbox"})
    assert answer.status_code == 400
    assert answer.json()["detail"]["code"] == "invalid_request"
    assert not App.objects.exists()


@pytest.mark.parametrize("field", ["workspace_id", "production_state", "balance", "is_staff"])
def test_nothing_else_can_be_assigned(let_in: Agent, field: str) -> None:
    answer = let_in.post(APPS, {"name": "x", "environment": "sandbox", field: "production_active"})
    assert answer.status_code == 400
    assert answer.json()["detail"]["fields"][0]["field"] == field


def test_the_list_is_filtered_searched_and_paged(let_in: Agent) -> None:
    for number in range(3):
        made(let_in, f"Shop {number}")
    made(let_in, "Bakery", "staging")
    first = let_in.get(f"{APPS}?q=shop&limit=2").json()
    assert [app["name"] for app in first["data"]] == ["Shop 2", "Shop 1"]
    rest = let_in.get(f"{APPS}?q=shop&limit=2&cursor={first['page']['next_cursor']}").json()
    assert [app["name"] for app in rest["data"]] == ["Shop 0"]
    assert rest["page"] == {"next_cursor": None}
    assert [app["name"] for app in let_in.get(f"{APPS}?environment=staging").json()["data"]] == ["Bakery"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=%21", "enviroment=staging"])
def test_a_wrong_query_is_refused(let_in: Agent, query: str) -> None:
    assert let_in.get(f"{APPS}?{query}").status_code == 400


def test_renaming_keeps_everything_else(let_in: Agent) -> None:
    app = made(let_in)
    answer = let_in.call("PATCH", f"{APPS}/{app['id']}", {"name": "Renamed"})
    assert answer.status_code == 200
    assert answer.json()["data"] == {**app, "name": "Renamed"}


def test_archiving_kills_keys_and_hides_the_app(let_in: Agent) -> None:
    app = made(let_in)
    key = let_in.post("/v1/account/api-keys", {"app_id": app["id"], "label": "k"}).json()["data"]
    assert let_in.call("DELETE", f"{APPS}/{app['id']}").json()["data"]["archived_at"]
    assert let_in.get(f"{APPS}/{app['id']}").status_code == 404
    assert let_in.call("DELETE", f"{APPS}/{app['id']}").status_code == 404
    assert let_in.post("/v1/account/api-keys", {"app_id": app["id"], "label": "k"}).status_code == 404
    dead = let_in.get("/v1/me", Authorization=f"Bearer {key['secret']}")
    assert dead.status_code == 401


def test_another_workspace_hears_what_it_would_hear_of_nothing(let_in: Agent, stranger: Human) -> None:
    app = made(let_in)
    header = {"X-Workspace": stranger.user.memberships.get().workspace_id}
    theirs = stranger.get(f"{APPS}/{app['id']}", **header)
    nothing = stranger.get(f"{APPS}/app_01h455vb4pex5vsknk084sn02q", **header)
    assert (theirs.status_code, theirs.json()) == (nothing.status_code, nothing.json()) == (404, theirs.json())
    assert stranger.get(APPS, **header).json()["data"] == []


def test_a_viewer_may_look_but_not_create(viewer: Human, workspace: Workspace) -> None:
    header = {"X-Workspace": workspace.pk}
    assert viewer.get(APPS, **header).status_code == 200
    refused = viewer.post(APPS, {"name": "x", "environment": "sandbox"}, **header)
    assert (refused.status_code, refused.json()["detail"]["code"]) == (403, "role_not_allowed")
