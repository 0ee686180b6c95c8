"""Runtime keys: issue, use, rotate, revoke."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.models import RuntimeKey
from tests.apps.registry.test_apps import made
from tests.personas import Agent

KEYS = "/v1/account/api-keys"


def issued(let_in: Agent, app: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = let_in.post(KEYS, {"app_id": app["id"], "label": "local-server", **more})
    assert answer.status_code == 201, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def me(let_in: Agent, secret: str) -> Any:
    return let_in.get("/v1/me", Authorization=f"Bearer {secret}")


def test_a_key_is_issued_and_opens_its_app(let_in: Agent) -> None:
    app = made(let_in)
    answer = let_in.post(KEYS, {"app_id": app["id"], "label": "local-server"})
    key = answer.json()["data"]
    assert key["secret"].startswith("ck_")
    assert answer["Cache-Control"] == "no-store"
    assert key["hint"] == f"ck_…{key['secret'][-4:]}"
    assert (key["issued_by"], key["issued_by_agent"]) == ("owner@example.com", "codex-local-setup")
    assert key["secret"] not in str(RuntimeKey.objects.values())
    opened = me(let_in, key["secret"])
    assert opened.status_code == 200
    assert opened.json()["data"] == {
        "app_id": app["id"],
        "key_id": key["id"],
        "workspace_id": app["workspace_id"],
        "environment": "sandbox",
        "is_sandbox": True,
        "production_state": "production_not_active",
    }


def test_introspection_costs_one_query_once_the_use_is_noted(let_in: Agent) -> None:
    key = issued(let_in, made(let_in))
    me(let_in, key["secret"])
    with CaptureQueriesContext(connection) as queries:
        assert me(let_in, key["secret"]).status_code == 200
    assert len(queries) == 1


def test_the_list_shows_no_secret(let_in: Agent) -> None:
    app = made(let_in)
    key = issued(let_in, app)
    listed = let_in.get(f"{KEYS}?app_id={app['id']}").json()["data"]
    assert [row["id"] for row in listed] == [key["id"]]
    assert "secret" not in listed[0]


def test_rotation_lets_both_keys_work_for_the_overlap(let_in: Agent) -> None:
    old = issued(let_in, made(let_in))
    answer = let_in.post(f"{KEYS}/{old['id']}/rotate", {"overlap_seconds": 60})
    assert answer.status_code == 201
    new = answer.json()["data"]
    assert me(let_in, old["secret"]).status_code == me(let_in, new["secret"]).status_code == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        assert me(let_in, old["secret"]).status_code == 401
        assert me(let_in, new["secret"]).status_code == 200


def test_a_key_rotates_once(let_in: Agent) -> None:
    old = issued(let_in, made(let_in))
    assert let_in.post(f"{KEYS}/{old['id']}/rotate", {"overlap_seconds": 604800}).status_code == 201
    again = let_in.post(f"{KEYS}/{old['id']}/rotate", {"overlap_seconds": 0})
    assert (again.status_code, again.json()["detail"]["code"]) == (409, "api_key_not_active")


@pytest.mark.parametrize("overlap", [-1, 604801, "60", None, 1.5, True])
def test_an_overlap_out_of_range_is_refused(let_in: Agent, overlap: Any) -> None:
    old = issued(let_in, made(let_in))
    assert let_in.post(f"{KEYS}/{old['id']}/rotate", {"overlap_seconds": overlap}).status_code == 400
    assert me(let_in, old["secret"]).status_code == 200


def test_a_revoked_key_is_refused_from_the_next_call_on(let_in: Agent) -> None:
    key = issued(let_in, made(let_in))
    answer = let_in.call("DELETE", f"{KEYS}/{key['id']}")
    assert answer.status_code == 200
    assert answer.json()["data"]["status"] == "revoked"
    refused = me(let_in, key["secret"])
    assert (refused.status_code, refused.json()["detail"]["code"]) == (401, "unauthenticated")


def test_a_key_outlives_the_token_it_was_issued_with(let_in: Agent) -> None:
    key = issued(let_in, made(let_in))
    let_in.post("/v1/account/tokens/current/revoke")
    assert me(let_in, key["secret"]).status_code == 200


@pytest.mark.parametrize("moment", ["2020-01-01T00:00:00Z", "tomorrow", "2099-01-01T00:00:00", 5, ""])
def test_an_expiry_that_is_past_or_unclear_is_refused(let_in: Agent, moment: Any) -> None:
    app = made(let_in)
    answer = let_in.post(KEYS, {"app_id": app["id"], "label": "k", "expires_at": moment})
    assert answer.status_code == 400
    assert answer.json()["detail"]["fields"][0]["field"] == "expires_at"


def test_each_plane_refuses_the_others_credential(let_in: Agent) -> None:
    key = issued(let_in, made(let_in))
    crossed = let_in.get("/v1/account/me", Authorization=f"Bearer {key['secret']}")
    assert (crossed.status_code, crossed.json()["detail"]["code"]) == (403, "wrong_credential_plane")
    crossed = let_in.get("/v1/me")
    assert (crossed.status_code, crossed.json()["detail"]["code"]) == (403, "wrong_credential_plane")


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_an_expiry_beyond_the_calendar_is_refused(let_in: Agent, moment: str) -> None:
    app = made(let_in)
    assert let_in.post(KEYS, {"app_id": app["id"], "label": "k", "expires_at": moment}).status_code == 400
