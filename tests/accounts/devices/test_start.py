"""POST /v1/account/device/start."""

import re

import pytest

from accounts.models import DeviceAuthorization
from tests.personas import SCOPES, Agent

START = "/v1/account/device/start"
BODY = {"client_label": "codex-local-setup", "client_fingerprint": "opaque", "scopes": SCOPES}


def test_an_agent_gets_a_code_to_show_and_a_code_to_poll_with(agent: Agent) -> None:
    answer = agent.post(START, BODY)
    assert answer.status_code == 200
    body = answer.json()
    assert body["schema_version"] == "v0"
    data = body["data"]
    assert set(data) == {
        *("device_code", "user_code", "verification_uri", "expires_at", "interval_seconds", "requested_scopes"),
    }
    assert re.fullmatch(r"ldc_[0-9A-Za-z]{33}", data["device_code"])
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", data["user_code"])
    assert data["verification_uri"].endswith(f"/console/device?user_code={data['user_code']}")
    assert data["interval_seconds"] == 5
    assert data["requested_scopes"] == SCOPES
    assert body["next_actions"][0]["command"] == "POST /v1/account/device/token"
    assert answer["Cache-Control"] == "no-store"
    assert "RateLimit" in answer.headers
    assert data["device_code"] not in str(DeviceAuthorization.objects.values())


@pytest.mark.parametrize("scope", ["account:everything", "", "ACCOUNT:WORKSPACE:READ"])
def test_an_unknown_scope_is_refused_with_the_known_ones(agent: Agent, scope: str) -> None:
    answer = agent.post(START, {**BODY, "scopes": [scope]})
    assert answer.status_code == 400
    detail = answer.json()["detail"]
    assert detail["code"] == "unknown_scope"
    assert "account:workspace:read" in detail["known_scopes"]
    assert not DeviceAuthorization.objects.exists()
