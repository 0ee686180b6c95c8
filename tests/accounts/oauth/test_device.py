"""POST /oauth/device (RFC 8628, 3.1 and 3.2)."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from accounts.models import DeviceAuthorization, Workspace
from accounts.permissions import SCOPES as REGISTRY
from tests.acts import FORM, READ, approve, form, from_address, let_in, oauth_error, show
from tests.personas import Agent, Human

DEVICE = "/oauth/device"


def basic(name: str, password: str = "") -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def test_a_client_gets_what_the_standard_says(agent: Agent) -> None:
    answer = form(agent.client, DEVICE, {"client_id": "codex", "scope": f"{READ} account:apps:write"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Request-Id"]
    assert "RateLimit" in answer.headers
    body = answer.json()
    row = DeviceAuthorization.objects.get()
    assert body == {
        "device_code": body["device_code"],
        "user_code": row.shown_code,
        "verification_uri": "http://testserver/console/device",
        "verification_uri_complete": f"http://testserver/console/device?user_code={row.shown_code}",
        "expires_in": 600,
        "interval": 5,
    }
    assert body["device_code"].startswith("ldc_")
    assert (row.client_label, row.requested_scopes) == ("codex", [READ, "account:apps:write"])


def test_no_scope_asks_to_look_at_the_workspace(agent: Agent) -> None:
    for index, fields in enumerate(({}, {"scope": ""}, {"scope": " "})):
        assert form(agent.client, DEVICE, {"client_id": f"codex-{index}", **fields}).status_code == 200
    assert list(DeviceAuthorization.objects.values_list("requested_scopes", flat=True)) == [[READ]] * 3


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("openid profile email offline_access", [READ]),
        ("openid account:usage:read", ["account:usage:read"]),
        (" ".join(REGISTRY), list(REGISTRY)),
        (f"{READ}  {READ}", [READ]),
    ],
)
def test_what_openid_clients_add_is_left_out(agent: Agent, scope: str, asked: list[str]) -> None:
    assert form(agent.client, DEVICE, {"client_id": "codex", "scope": scope}).status_code == 200
    assert DeviceAuthorization.objects.get().requested_scopes == asked


@pytest.mark.parametrize("scope", ["account:everything", "OPENID", f"{READ},account:apps:write", "a" * 5000])
def test_an_unknown_scope_is_refused(agent: Agent, scope: str) -> None:
    oauth_error(form(agent.client, DEVICE, {"client_id": "codex", "scope": scope}), 400, "invalid_scope")
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("content_type", [f"{FORM};charset=UTF-8", f"{FORM}; charset=utf-8", FORM.title()])
def test_a_charset_is_fine(agent: Agent, content_type: str) -> None:
    assert form(agent.client, DEVICE, {"client_id": "codex"}, content_type).status_code == 200


def test_unknown_parameters_are_fine(agent: Agent) -> None:
    fields = {"client_id": "codex", "resource": "https://x.example", "client_secret": "", "code_challenge": "x"}
    assert form(agent.client, DEVICE, fields).status_code == 200


@pytest.mark.parametrize("name", ["client_id", "scope", "unknown"])
def test_repeated_ones_are_not(agent: Agent, name: str) -> None:
    fields = [("client_id", "codex"), ("scope", READ), ("unknown", "x")]
    again = [*fields, next(field for field in fields if field[0] == name)]
    oauth_error(form(agent.client, DEVICE, again), 400, "invalid_request")
    assert not DeviceAuthorization.objects.exists()


def test_parameters_in_the_query_are_read_too(agent: Agent) -> None:
    assert form(agent.client, f"{DEVICE}?{urlencode({'client_id': 'codex'})}", b"").status_code == 200
    assert DeviceAuthorization.objects.get().client_label == "codex"


class TestClientName:
    @pytest.mark.parametrize("name", ["codex", "Claude Code", "x" * 80, "<b>bold</b>", "日本語", "a:b", "1+1=2 100%"])
    def test_it_becomes_the_label(self, agent: Agent, name: str) -> None:
        assert form(agent.client, DEVICE, {"client_id": name}).status_code == 200
        assert DeviceAuthorization.objects.get().client_label == name

    @pytest.mark.parametrize("name", ["codex", "Claude Code", "日本語"])
    def test_it_may_come_by_basic_with_an_empty_password(self, agent: Agent, name: str) -> None:
        for given in (name, quote_plus(name)):
            answer = form(agent.client, DEVICE, {"scope": READ}, Authorization=basic(given))
            assert answer.status_code == 200
        assert set(DeviceAuthorization.objects.values_list("client_label", flat=True)) == {name}

    def test_none_is_an_invalid_request(self, agent: Agent) -> None:
        for fields in ({}, {"client_id": ""}, {"scope": READ}, b""):
            oauth_error(form(agent.client, DEVICE, fields), 400, "invalid_request")

    @pytest.mark.parametrize("name", [" ", "\u200b", "x" * 81])
    def test_one_that_nobody_can_see_is_an_invalid_client(self, agent: Agent, name: str) -> None:
        oauth_error(form(agent.client, DEVICE, {"client_id": name}), 401, "invalid_client")
        assert not DeviceAuthorization.objects.exists()

    @pytest.mark.parametrize("header", [basic("codex", "secret"), "Basic !!!", "Basic", "Basic é", "Basic Y29kZXg="])
    def test_a_secret_or_nonsense_is_an_invalid_client(self, agent: Agent, header: str) -> None:
        answer = form(agent.client, DEVICE, {"scope": READ}, Authorization=header)
        oauth_error(answer, 401, "invalid_client")
        # RFC 6749, 5.2: the challenge names the scheme the client used.
        assert answer["WWW-Authenticate"].startswith("Basic ")
        assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("hostile", ["\x00", "\x1b", "\n", "\u202e", "\x7f"])
@pytest.mark.parametrize("name", ["client_id", "scope", "unknown"])
def test_hostile_text_is_refused(agent: Agent, name: str, hostile: str) -> None:
    fields = {"client_id": "codex", name: f"co{hostile}dex"}
    oauth_error(form(agent.client, DEVICE, fields), 400, "invalid_request")
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize(
    "body", [b"client_id=%FF%FE", b"client_id=%ED%A0%80", b"client_id=\xff", b"%00=1&client_id=x", b"&&&=&=="]
)
def test_bytes_that_are_no_text_break_nothing(agent: Agent, body: bytes) -> None:
    assert form(agent.client, DEVICE, body).status_code in {200, 400, 401}


@pytest.mark.parametrize("path", [DEVICE, "/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_a_thousand_parameters_are_too_many(agent: Agent, path: str) -> None:
    many = "&".join(f"p{index}=1" for index in range(5000))
    oauth_error(form(agent.client, path, many.encode()), 400, "invalid_request")
    oauth_error(form(agent.client, f"{path}?{many}", b""), 400, "invalid_request")


@pytest.mark.parametrize("path", [DEVICE, "/oauth/token", "/oauth/revoke", "/oauth/introspect"])
class TestTheDoor:
    def test_a_large_body(self, agent: Agent, path: str) -> None:
        oauth_error(form(agent.client, path, b"client_id=" + b"x" * 65_536), 413, "invalid_request")

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
    def test_another_content_type(self, agent: Agent, path: str, content_type: str) -> None:
        oauth_error(form(agent.client, path, b'{"client_id": "codex"}', content_type), 415, "invalid_request")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
    def test_another_method(self, agent: Agent, path: str, method: str) -> None:
        answer = agent.client.generic(method, path)
        oauth_error(answer, 405, "invalid_request")
        assert answer["Allow"] == "POST"

    def test_another_host(self, agent: Agent, path: str) -> None:
        oauth_error(form(agent.client, path, {"client_id": "x"}, Host="evil.example"), 400, "invalid_request")


def test_cookies_make_no_difference(owner: Human) -> None:
    assert form(owner.client, DEVICE, {"client_id": "codex"}).status_code == 200


def test_without_the_rate_limit_secret(agent: Agent, settings: Any) -> None:
    settings.DEVICE_RATE_LIMIT_SECRET = ""
    oauth_error(form(agent.client, DEVICE, {"client_id": "codex"}), 503, "temporarily_unavailable")
    assert not DeviceAuthorization.objects.exists()


def test_it_is_approved_on_the_same_page_as_the_other_face(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = form(agent.client, DEVICE, {"client_id": "codex"}).json()
    assert show(owner, started["user_code"]).json()["data"]["client_label"] == "codex"
    assert approve(owner, started["user_code"], workspace).status_code == 200


def test_it_says_https_and_the_host_it_was_called_by(agent: Agent, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["console.example.com"]
    answer = agent.client.generic(
        "POST", DEVICE, b"client_id=x", content_type=FORM, secure=True, headers={"Host": "console.example.com"}
    )
    assert answer.json()["verification_uri"] == "https://console.example.com/console/device"


def test_one_clients_name_is_nobodys_to_use_up(settings: Any, db: None) -> None:
    for number in range(31):
        elsewhere = from_address(f"203.0.113.{number}")
        assert form(elsewhere.client, "/oauth/device", {"client_id": "codex-cli"}).status_code == 200
    here = from_address("198.51.100.1")
    assert form(here.client, "/oauth/device", {"client_id": "codex-cli"}).status_code == 200
    body = {"client_label": "x", "client_fingerprint": "198.51.100.1:codex-cli", "scopes": ["account:usage:read"]}
    assert here.post("/v1/account/device/start", body).status_code == 200


def test_secrets_are_not_read_from_the_query(agent: Agent, owner: Human, workspace: Any) -> None:
    token = let_in(agent, owner, workspace)
    oauth_error(form(agent.client, f"/oauth/introspect?token={token}", {}), 400, "invalid_request")
    oauth_error(form(agent.client, f"/oauth/revoke?token={token}", {}), 400, "invalid_request")
