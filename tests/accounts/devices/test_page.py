"""The approval page where a program's client would not notice: ways back, refusals at their field."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import DeviceAuthorization
from accounts.refusals import Code
from tests.acts import READ
from tests.personas import Agent, Human


def test_a_session_that_ended_leads_back_to_the_code_and_not_to_the_act(agent: Agent) -> None:
    code = agent.start([READ])["user_code"]
    away = Client().post(f"/console/device/{code}/approve", {})
    assert away.status_code == 302
    assert parse_qs(urlsplit(away["Location"]).query)["next"] == [f"/console/device?user_code={code}"]


@pytest.mark.parametrize("reason", ["no\u200e thanks", "a\u202eb"])
def test_a_reason_that_cannot_be_stored_is_told_at_its_field(agent: Agent, owner: Human, reason: str) -> None:
    code = agent.start([READ])["user_code"]
    owner.client.get(f"/console/device?user_code={code}")
    form = {"reason": reason, "csrfmiddlewaretoken": owner.client.cookies["csrftoken"].value}
    answer = owner.client.post(f"/console/device/{code}/deny", form)
    assert answer.status_code == 422
    assert b"is not allowed" in answer.content
    assert str(Code.DEVICE_ALREADY_DECIDED.message) not in answer.content.decode()
    assert DeviceAuthorization.objects.get().state == "pending"


@pytest.mark.parametrize("label", ["\u3164", "\u115f\u1160", "\u2800", "\u200b"])
def test_a_label_that_cannot_be_seen_is_refused(agent: Agent, label: str) -> None:
    body = {"client_label": label, "client_fingerprint": "x", "scopes": [READ]}
    assert agent.post("/v1/account/device/start", body).status_code == 400


def test_what_is_searched_may_hold_anything(owner: Human) -> None:
    workspace = owner.user.memberships.get().workspace_id
    for page in ("agents", "audit", "apps"):
        assert owner.client.get(f"/console/w/{workspace}/{page}?q=%00a%ff").status_code == 200


def test_a_session_cookie_nobody_was_given_is_nobodys(db: None) -> None:
    client = Client()
    client.cookies["countersign_session"] = "aaaaaaaaaa\x00b"
    assert client.get("/console/device").status_code == 302
