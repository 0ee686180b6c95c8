"""The pages of apps, as each persona meets them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Workspace
from apps.models import App, RuntimeKey
from tests.apps.pages import sent
from tests.personas import Agent, Human


def listed(workspace: Workspace) -> str:
    return f"/console/w/{workspace.pk}/apps"


def made(workspace: Workspace, name: str = "Shop", environment: str = "sandbox") -> App:
    return App.objects.create(workspace=workspace, name=name, environment=environment)


def test_an_empty_list_offers_the_next_act(owner: Human, viewer: Human, workspace: Workspace) -> None:
    assert "No apps yet: create one" in owner.get(listed(workspace)).text
    assert f'href="{listed(workspace)}/new"' in owner.get(listed(workspace)).text
    assert f'href="{listed(workspace)}/new"' in owner.get(f"/console/w/{workspace.pk}/").text
    seen = viewer.get(listed(workspace)).text
    assert "No apps yet" in seen
    assert "/apps/new" not in seen


def test_the_short_path_leads_to_the_current_workspace(owner: Human, workspace: Workspace) -> None:
    assert owner.get("/console/apps?q=x").headers["Location"] == f"{listed(workspace)}?q=x"


def test_a_human_creates_an_app(developer: Human, workspace: Workspace) -> None:
    answer = sent(developer, f"{listed(workspace)}/new", name="  Local staging ", environment="staging")
    app = App.objects.get()
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{listed(workspace)}/{app.pk}"
    assert (app.name, app.environment, app.created_by) == ("Local staging", "staging", developer.user)
    assert AuditEntry.objects.get(action="app:created").actor_name == developer.user.email
    page = developer.get(f"{listed(workspace)}/{app.pk}")
    assert app.pk in page.text
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "\u200b", "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_told_at_its_field(owner: Human, workspace: Workspace, name: str) -> None:
    answer = sent(owner, f"{listed(workspace)}/new", name=name, environment="sandbox")
    assert answer.status_code == 422
    assert 'id="id_name_error"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert not App.objects.exists()


@pytest.mark.parametrize("environment", ["", "prod", "SANDBOX"])
def test_an_unknown_environment_is_told_at_its_field(owner: Human, workspace: Workspace, environment: str) -> None:
    answer = sent(owner, f"{listed(workspace)}/new", name="Shop", environment=environment)
    assert answer.status_code == 422
    assert 'id="id_environment_error"' in answer.text


def test_nothing_else_can_be_assigned(owner: Human, workspace: Workspace, other_workspace: Workspace) -> None:
    elsewhere = other_workspace.pk
    more = {"production_state": "production_active", "workspace_id": elsewhere, "workspace": elsewhere}
    sent(owner, f"{listed(workspace)}/new", name="Shop", environment="production", **more)
    app = App.objects.get()
    assert (app.workspace, app.production_state) == (workspace, "production_not_active")


def test_the_list_is_searched_filtered_and_paged_by_the_server(owner: Human, workspace: Workspace) -> None:
    for number in range(51):
        made(workspace, f"Shop {number:02}")
    bakery = made(workspace, "Bakery <b>", "production")
    assert "Bakery &lt;b&gt;" in owner.get(listed(workspace)).text
    found = owner.get(f"{listed(workspace)}?q=bakery").text
    assert bakery.pk in found
    assert "Shop 00" not in found
    assert "Shop 00" not in owner.get(f"{listed(workspace)}?environment=production").text
    assert bakery.pk in owner.get(f"{listed(workspace)}?q={bakery.pk}").text
    first = owner.get(f"{listed(workspace)}?q=shop")
    assert "Shop 01" in first.text
    assert "Shop 00" not in first.text
    rest = owner.get(f"{listed(workspace)}?q=shop&cursor={first.context['page'].next_cursor}").text
    assert "Shop 00" in rest
    assert "Shop 01" not in rest
    assert "No app here fits" in owner.get(f"{listed(workspace)}?q=nothing").text
    assert owner.get(f"{listed(workspace)}?q=%00%E2%80%AEbakery").context["page"].rows == [bakery]
    assert owner.get(f"{listed(workspace)}?environment=enviro").status_code == 200
    assert owner.get(f"{listed(workspace)}?cursor=%21").status_code == 400


def test_a_list_of_thirty_asks_the_database_as_often_as_one_of_three(owner: Human, workspace: Workspace) -> None:
    counts = []
    for rows in (3, 30):
        while App.objects.count() < rows:
            made(workspace)
        owner.get(listed(workspace))
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(listed(workspace)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_renaming_keeps_everything_else(owner: Human, workspace: Workspace) -> None:
    app = made(workspace)
    assert sent(owner, f"{listed(workspace)}/{app.pk}", name="Renamed").status_code == 302
    assert App.objects.get().name == "Renamed"
    assert "Renamed" in owner.get(f"{listed(workspace)}/{app.pk}").text
    refused = sent(owner, f"{listed(workspace)}/{app.pk}", name=" ")
    assert refused.status_code == 422
    assert 'id="id_name_error"' in refused.text
    assert App.objects.get().name == "Renamed"


def test_archiving_names_what_dies_and_wants_the_name(owner: Human, workspace: Workspace) -> None:
    app = made(workspace, "Paper  planes\u200b")
    key = RuntimeKey.objects.create(digest=b"x" * 32, hint="ck_…abcd", workspace=workspace, app=app, label="web")
    path = f"{listed(workspace)}/{app.pk}/archive"
    assert "Its one working key" in owner.get(path).text
    for wrong in ("", "paper planes", "Other"):
        refused = sent(owner, path, typed_name=wrong)
        assert refused.status_code == 422
        assert 'id="id_typed_name_error"' in refused.text
    assert App.objects.current().exists()
    done = sent(owner, path, typed_name=" Paper planes ")
    assert done.headers["Location"] == listed(workspace)
    key.refresh_from_db()
    assert key.revoked_at
    assert "Paper" in owner.get(listed(workspace)).text  # the message
    assert owner.get(f"{listed(workspace)}/{app.pk}").status_code == 404
    assert sent(owner, path, typed_name="Paper planes").status_code == 404


def test_a_viewer_reads_and_changes_nothing(viewer: Human, workspace: Workspace) -> None:
    app = made(workspace)
    page = viewer.get(f"{listed(workspace)}/{app.pk}")
    assert page.status_code == 200
    assert "<form" not in page.text.partition("<main")[2]
    assert "/archive" not in page.text
    assert "/apps/new" not in viewer.get(listed(workspace)).text
    assert sent(viewer, f"{listed(workspace)}/new", name="x", environment="sandbox").status_code == 403
    for fields in ({"name": "x"}, {"name": ""}):
        assert sent(viewer, f"{listed(workspace)}/{app.pk}", **fields).status_code == 403
    assert sent(viewer, f"{listed(workspace)}/{app.pk}/archive", typed_name=app.name).status_code == 403
    assert App.objects.get().name == "Shop"
    assert not AuditEntry.objects.filter(action__startswith="app:").exists()


def test_a_stranger_hears_what_is_heard_of_nothing(
    stranger: Human, workspace: Workspace, other_workspace: Workspace
) -> None:
    app = made(workspace)
    for path in ("", "/new", f"/{app.pk}", f"/{app.pk}/archive"):
        assert stranger.get(f"{listed(workspace)}{path}").status_code == 404
        assert sent(stranger, f"{listed(workspace)}{path or '/new'}", name="x").status_code == 404
    # The app of one workspace is not found under the path of another.
    for path in (f"/{app.pk}", f"/{app.pk}/archive", "/app_nothing", "/%00"):
        assert stranger.get(f"{listed(other_workspace)}{path}").status_code == 404
        assert sent(stranger, f"{listed(other_workspace)}{path}", name="x", typed_name="Shop").status_code == 404
    assert App.objects.current().get().name == "Shop"


def test_whoever_is_not_signed_in_is_sent_to_sign_in(agent: Agent, workspace: Workspace) -> None:
    answer = agent.client.get(listed(workspace))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")
