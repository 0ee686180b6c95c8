"""The pages of an app's keys, as each persona meets them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Workspace
from apps.models import App, RuntimeKey
from tests.apps.pages import sent
from tests.personas import Agent, Human

SECRET = re.compile(r'id="secret" type="text" value="(ck_[0-9A-Za-z]+)"')


@pytest.fixture
def app(workspace: Workspace) -> App:
    return App.objects.create(workspace=workspace, name="Shop", environment="staging")


def keys_of(app: App) -> str:
    return f"/console/w/{app.workspace_id}/apps/{app.pk}/keys"


def secret_in(answer: Any) -> str:
    found = SECRET.search(answer.text)
    assert answer.status_code == 200
    assert found, answer.text[-3000:]
    return found.group(1)


def opens(agent: Agent, secret: str) -> bool:
    status = agent.get("/v1/me", Authorization=f"Bearer {secret}").status_code
    assert status in {200, 401}
    return bool(status == 200)


def issued(human: Human, app: App, label: str = "web") -> tuple[RuntimeKey, str]:
    secret = secret_in(sent(human, keys_of(app), label=label))
    return RuntimeKey.objects.order_by("-pk")[0], secret


def test_a_key_is_issued_and_its_secret_shown_once(developer: Human, agent: Agent, app: App) -> None:
    assert "No keys yet: issue one" in developer.get(keys_of(app)).text
    answer = sent(developer, keys_of(app), label="  web server ")
    secret = secret_in(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "readonly" in answer.text
    assert "/v1/me" in answer.text
    assert "data-leaving-asks" in answer.text
    assert opens(agent, secret)
    key = RuntimeKey.objects.get()
    assert (key.label, key.issued_by, key.issued_by_agent) == ("web server", developer.user, "")
    listed = developer.get(keys_of(app)).text
    assert secret not in listed
    assert key.hint in listed
    assert "Last used just now" in listed
    assert f"by {developer.user.email}" in listed
    assert f"{keys_of(app)}/{key.pk}/rotate" in listed


def test_the_secret_is_kept_nowhere(developer: Human, app: App, caplog: pytest.LogCaptureFixture) -> None:
    _, secret = issued(developer, app)
    sessions = [str(row.get_decoded()) for row in Session.objects.all()]
    entry = AuditEntry.objects.get(action="runtime_key:issued")
    places = [*sessions, str(developer.client.cookies), caplog.text, str(vars(entry)), developer.get("/console/").text]
    assert not [place for place in places if secret in place]


def test_expiry_is_a_moment_in_utc(developer: Human, agent: Agent, app: App) -> None:
    secret_in(sent(developer, keys_of(app), label="a year", expires_at="2099-01-31T12:00"))
    key = RuntimeKey.objects.get()
    assert key.expires_at
    assert key.expires_at.isoformat() == "2099-01-31T12:00:00+00:00"
    assert "2099" in developer.get(keys_of(app)).text


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("label", {"label": " "}),
        ("label", {"label": "x" * 81}),
        ("label", {"label": "\u200b"}),
        ("label", {"label": "a\u202eb"}),
        ("expires_at", {"label": "k", "expires_at": "2020-01-01T00:00"}),
        ("expires_at", {"label": "k", "expires_at": "tomorrow"}),
        ("expires_at", {"label": "k", "expires_at": "99999-01-01T00:00"}),
    ],
)
def test_a_refusal_is_told_at_its_field(developer: Human, app: App, field: str, fields: dict[str, str]) -> None:
    answer = sent(developer, keys_of(app), **fields)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.text
    assert not RuntimeKey.objects.exists()


def test_rotating_shows_both_keys_and_the_time_left(developer: Human, agent: Agent, app: App) -> None:
    old, before = issued(developer, app)
    path = f"{keys_of(app)}/{old.pk}/rotate"
    assert old.hint in developer.get(path).text
    answer = sent(developer, path, overlap_seconds="3600")
    after = secret_in(answer)
    new = RuntimeKey.objects.exclude(pk=old.pk).get()
    assert old.hint in answer.text
    assert new.hint in answer.text
    assert "Works for another 59" in answer.text.replace("\xa0", " ")
    assert opens(agent, before)
    assert opens(agent, after)
    listed = developer.get(keys_of(app)).text
    assert "Replaced, still works" in listed
    assert f"/{old.pk}/rotate" not in listed
    assert f"/{old.pk}/revoke" in listed
    assert developer.get(path).status_code == 409
    assert sent(developer, path, overlap_seconds="0").status_code == 409


def test_rotating_without_overlap_kills_the_old_key_now(developer: Human, agent: Agent, app: App) -> None:
    old, before = issued(developer, app)
    answer = sent(developer, f"{keys_of(app)}/{old.pk}/rotate", overlap_seconds="0")
    assert opens(agent, secret_in(answer))
    assert "Dead: refused from the next call on." in answer.text
    assert not opens(agent, before)


@pytest.mark.parametrize("overlap", ["", "-1", "604801", "7", "x"])
def test_an_overlap_out_of_range_is_told_at_its_field(developer: Human, app: App, overlap: str) -> None:
    key, _ = issued(developer, app)
    answer = sent(developer, f"{keys_of(app)}/{key.pk}/rotate", overlap_seconds=overlap)
    assert answer.status_code == 422
    assert 'id="id_overlap_seconds_error"' in answer.text
    assert RuntimeKey.objects.count() == 1


def test_revoking_asks_first_and_kills_from_the_next_call_on(developer: Human, agent: Agent, app: App) -> None:
    key, secret = issued(developer, app)
    path = f"{keys_of(app)}/{key.pk}/revoke"
    assert "refused from the next call on" in developer.get(path).text
    assert opens(agent, secret)
    assert sent(developer, path).headers["Location"] == keys_of(app)
    assert not opens(agent, secret)
    assert "Revoked" in developer.get(keys_of(app)).text
    assert "revoked already" in developer.get(path).text


def test_a_key_an_agent_asked_for_names_both(let_in: Agent, owner: Human, app: App) -> None:
    body = {"app_id": app.pk, "label": "from the agent"}
    assert let_in.post("/v1/account/api-keys", body).status_code == 201
    listed = owner.get(keys_of(app)).text
    assert "codex-local-setup" in listed
    assert owner.user.email in listed
    assert "from the agent" in owner.get(keys_of(app).removesuffix("/keys")).text


def test_a_list_of_thirty_asks_the_database_as_often_as_one_of_three(owner: Human, app: App) -> None:
    counts = []
    for rows in (3, 30):
        while (count := RuntimeKey.objects.count()) < rows:
            later = timezone.now() + timedelta(days=1)
            fields = {"workspace": app.workspace, "app": app, "label": "k", "issued_by": owner.user}
            RuntimeKey.objects.create(digest=bytes([count]) * 32, hint="ck_…", expires_at=later, **fields)
        owner.get(keys_of(app))
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(keys_of(app)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_viewer_reads_and_changes_nothing(viewer: Human, owner: Human, agent: Agent, app: App) -> None:
    key, secret = issued(owner, app)
    page = viewer.get(keys_of(app))
    assert page.status_code == 200
    assert key.hint in page.text
    assert "<form" not in page.text.partition("<main")[2]
    assert "/rotate" not in page.text
    assert sent(viewer, keys_of(app), label="mine").status_code == 403
    assert sent(viewer, keys_of(app), label="").status_code == 403
    assert sent(viewer, f"{keys_of(app)}/{key.pk}/rotate", overlap_seconds="0").status_code == 403
    assert sent(viewer, f"{keys_of(app)}/{key.pk}/revoke").status_code == 403
    assert opens(agent, secret)
    assert RuntimeKey.objects.count() == 1


def test_a_stranger_hears_what_is_heard_of_nothing(
    stranger: Human, owner: Human, agent: Agent, app: App, other_workspace: Workspace
) -> None:
    key, secret = issued(owner, app)
    own = App.objects.create(workspace=other_workspace, name="Own", environment="sandbox")
    for path in (keys_of(app), keys_of(own)):
        for act in ("rotate", "revoke"):
            assert stranger.get(f"{path}/{key.pk}/{act}").status_code == 404
            assert sent(stranger, f"{path}/{key.pk}/{act}", overlap_seconds="0").status_code == 404
    assert sent(stranger, keys_of(app), label="mine").status_code == 404
    assert key.hint not in stranger.get(keys_of(own)).text
    assert opens(agent, secret)


def test_keys_of_one_app_are_not_found_under_another(owner: Human, workspace: Workspace, app: App) -> None:
    key, _ = issued(owner, app)
    other = App.objects.create(workspace=workspace, name="Other", environment="sandbox")
    assert owner.get(f"{keys_of(other)}/{key.pk}/revoke").status_code == 404
    assert sent(owner, f"{keys_of(other)}/{key.pk}/revoke").status_code == 404
    assert key.hint not in owner.get(keys_of(other)).text


def test_keys_of_an_archived_app_are_gone(owner: Human, app: App) -> None:
    key, _ = issued(owner, app)
    sent(owner, keys_of(app).removesuffix("keys") + "archive", typed_name="Shop")
    for path in (keys_of(app), f"{keys_of(app)}/{key.pk}/revoke", f"{keys_of(app)}/{key.pk}/rotate"):
        assert owner.get(path).status_code == 404
