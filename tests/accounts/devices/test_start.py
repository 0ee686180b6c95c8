"""POST /v1/account/device/start."""

import json
import re
from typing import Any

import pytest

from accounts.models import DeviceAuthorization
from accounts.permissions import SCOPES as REGISTRY
from tests.acts import Clock, complained_fields, refused
from tests.personas import SCOPES, Agent

START = "/v1/account/device/start"
BODY: dict[str, Any] = {"client_label": "codex-local-setup", "client_fingerprint": "opaque", "scopes": SCOPES}
NO_TEXT: list[Any] = [None, 5, True, [], {}, "", " "]
NO_SCOPES: list[Any] = [None, "account:workspace:read", {}, 5, [], ["account:workspace:read"] * 10]


def raw(text: str) -> bytes:
    """A body as it stands, with the fields that a test does not care about."""
    return text.encode()


def test_an_agent_gets_a_code_to_show_and_a_code_to_poll_with(agent: Agent) -> None:
    answer = agent.post(START, BODY)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"schema_version", "data", "next_actions"}
    assert body["schema_version"] == "v0"
    data = body["data"]
    assert set(data) == {
        *("device_code", "user_code", "verification_uri", "expires_at", "interval_seconds", "requested_scopes"),
    }
    assert re.fullmatch(r"ldc_[0-9A-Za-z]{33}", data["device_code"])
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", data["user_code"])
    assert data["verification_uri"] == f"http://testserver/console/device?user_code={data['user_code']}"
    assert data["interval_seconds"] == 5
    assert data["requested_scopes"] == SCOPES
    assert [action["command"] for action in body["next_actions"]] == ["POST /v1/account/device/token"]
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Request-Id"]
    assert data["device_code"] not in str(DeviceAuthorization.objects.values())


def test_the_code_lives_ten_minutes(agent: Agent, clock: Clock) -> None:
    data = agent.start()
    row = DeviceAuthorization.objects.get()
    assert (row.expires_at - row.created_at).total_seconds() == 600
    assert data["expires_at"] == row.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_answer_says_where_the_limits_stand(agent: Agent) -> None:
    answer = agent.post(START, BODY)
    assert "q=60;w=600" in answer["RateLimit-Policy"]
    assert re.search(r'"device-start-address";r=59;t=\d+', answer["RateLimit"])


def test_scopes_are_listed_once_and_in_the_order_of_the_registry(agent: Agent) -> None:
    answer = agent.post(START, {**BODY, "scopes": ["account:usage:read", "account:workspace:read"] * 2})
    assert answer.json()["data"]["requested_scopes"] == ["account:workspace:read", "account:usage:read"]


def test_all_nine_scopes_may_be_asked_for(agent: Agent) -> None:
    answer = agent.post(START, {**BODY, "scopes": list(REGISTRY)})
    assert answer.json()["data"]["requested_scopes"] == list(REGISTRY)


@pytest.mark.parametrize("scope", ["account:everything", "", "ACCOUNT:WORKSPACE:READ"])
def test_an_unknown_scope_is_refused_with_the_known_ones(agent: Agent, scope: str) -> None:
    detail = refused(agent.post(START, {**BODY, "scopes": [scope]}), 400, "unknown_scope")
    assert detail["known_scopes"] == list(REGISTRY)
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize(
    "label",
    [
        "<script>alert(1)</script>",
        "<b>bold</b> & \"quotes\" 'and' {{ braces }} {% tags %}",
        "'; DROP TABLE accounts_user; --",
        "Ägent 日本語 🤖",
        "x",
        "x" * 80,
        "\U0001f916" * 80,
    ],
)
def test_markup_and_every_script_are_just_text(agent: Agent, label: str) -> None:
    assert agent.post(START, {**BODY, "client_label": label}).status_code == 200
    assert DeviceAuthorization.objects.get().client_label == label


def test_outer_spaces_of_a_label_are_dropped(agent: Agent) -> None:
    assert agent.post(START, {**BODY, "client_label": "  codex  "}).status_code == 200
    assert DeviceAuthorization.objects.get().client_label == "codex"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("client_label", value) for value in NO_TEXT],
        *[("client_fingerprint", value) for value in NO_TEXT],
        ("client_label", "x" * 81),
        ("client_label", "x" * 10_240),
        ("client_label", "\u200b\u200d\ufeff"),
        ("client_fingerprint", "x" * 201),
        ("client_fingerprint", "\u3000\u00a0"),
        *[("scopes", value) for value in NO_SCOPES],
    ],
)
def test_a_bad_value_is_named(agent: Agent, field: str, value: Any) -> None:
    assert complained_fields(agent.post(START, {**BODY, field: value})) == [field]
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("value", [5, None, True, [], {}, 1.5])
def test_a_scope_that_is_no_text_is_named_by_its_place(agent: Agent, value: Any) -> None:
    scopes = ["account:workspace:read", value]
    assert complained_fields(agent.post(START, {**BODY, "scopes": scopes})) == ["scopes.1"]
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("field", ["client_label", "client_fingerprint", "scopes"])
def test_a_missing_field_is_named(agent: Agent, field: str) -> None:
    body = {name: value for name, value in BODY.items() if name != field}
    assert complained_fields(agent.post(START, body)) == [field]
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_empty_body_names_every_field(agent: Agent, body: bytes) -> None:
    assert complained_fields(agent.post(START, body)) == ["client_label", "client_fingerprint", "scopes"]


@pytest.mark.parametrize("name", ["clientLabel", "client_label ", "scope", "__proto__", "x" * 5000, ""])
def test_an_unknown_field_is_refused(agent: Agent, name: str) -> None:
    assert complained_fields(agent.post(START, {**BODY, name: "x"})) == [name]
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize(
    "hostile",
    ["\x00", "\x1b", "\x07", "\x7f", "\x85", "\n", "\ud800", "\udfff", "\u202e", "\u2066"],  # noqa: PT014  (two surrogates)
)
@pytest.mark.parametrize("field", ["client_label", "client_fingerprint"])
def test_hostile_text_is_refused(agent: Agent, field: str, hostile: str) -> None:
    answer = agent.post(START, {**BODY, field: f"co{hostile}dex"})
    assert complained_fields(answer) == [field]
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("hostile", ["\x00", "\ud800", "\u202e"])
def test_hostile_scopes_and_field_names_are_refused(agent: Agent, hostile: str) -> None:
    assert complained_fields(agent.post(START, {**BODY, "scopes": [f"account:{hostile}"]})) == ["scopes.0"]
    complained_fields(agent.post(START, {**BODY, f"na{hostile}me": "x"}))
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b'{"client_label": "a", "client_label": "b", "client_fingerprint": "x", "scopes": ["account:workspace:read"]}',
        b'{"client_label": "a", "client_fingerprint": "x", "scopes": [{"a": 1, "a": 2}]}',
    ],
)
def test_a_field_that_stands_twice_is_refused(agent: Agent, body: bytes) -> None:
    assert complained_fields(agent.post(START, body)) in (["client_label"], ["a"])
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("depth", [200, 900, 1_000, 3_000, 9_000, 32_000])
@pytest.mark.parametrize("closed", [True, False])
def test_nested_brackets_are_refused(agent: Agent, depth: int, closed: bool) -> None:
    nest = b"[" * depth + b"]" * depth * closed
    body = b'{"client_label": "a", "client_fingerprint": "x", "scopes": ' + nest + b"}"
    complained_fields(agent.post(START, body))
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("depth", [900, 5_000])
def test_nested_objects_are_refused(agent: Agent, depth: int) -> None:
    body = b'{"client_label": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    complained_fields(agent.post(START, body))


def test_a_hundred_thousand_brackets_are_too_large(agent: Agent) -> None:
    refused(agent.post(START, b"[" * 100_000), 413, "payload_too_large")


def test_a_body_over_64_kib_is_too_large(agent: Agent) -> None:
    shortest = len(json.dumps({**BODY, "x": ""}))
    most = {**BODY, "x": "y" * (64 * 1024 - shortest)}
    assert complained_fields(agent.post(START, most)) == ["x"]
    refused(agent.post(START, {**most, "x": most["x"] + "y"}), 413, "payload_too_large")
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""),
        *("application/json; charset=latin-1", "application/jsonp", "application/json-patch+json"),
    ],
)
def test_another_content_type_is_refused(agent: Agent, content_type: str) -> None:
    answer = agent.client.generic("POST", START, json.dumps(BODY).encode(), content_type=content_type)
    refused(answer, 415, "unsupported_media_type")
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", "application/json;charset=UTF-8"])
def test_json_may_say_its_charset(agent: Agent, content_type: str) -> None:
    assert agent.client.generic("POST", START, json.dumps(BODY).encode(), content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b'"text"', b"5", b"null", b"true", b"[{}]"),
        *(b"{", b"{'a': 1}", b'{"a": 1,}', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"//", b" ", b"{}{}"),
        *(b'{"client_label": NaN}', b'{"client_label": Infinity}', b'{"client_label": -Infinity}'),
        *(b'{"client_label": "\xff"}', b'{"client_label": "\xed\xa0\x80"}', b'{"client_label": "\xc0\xaf"}'),
        *(b'{"client_label": ' + b"9" * 5000 + b"}", b'{"client_label": 1.' + b"1" * 5000 + b"}"),
        b'{"client_label": "raw\x00nul"}',
    ],
)
def test_what_is_no_json_object_is_refused(agent: Agent, body: bytes) -> None:
    assert complained_fields(agent.post(START, body)) == [""]
    assert not DeviceAuthorization.objects.exists()


@pytest.mark.parametrize("number", ["1e400", "-1e-400", "1E+10", "0.1"])
def test_numbers_of_any_size_are_read_and_refused(agent: Agent, number: str) -> None:
    body = f'{{"client_label": {number}, "client_fingerprint": "x", "scopes": ["account:workspace:read"]}}'
    assert complained_fields(agent.post(START, raw(body))) == ["client_label"]


def test_without_the_rate_limit_secret_it_says_so(agent: Agent, settings: Any) -> None:
    from accounts.bookkeeping import RateLimitCounter

    settings.DEVICE_RATE_LIMIT_SECRET = ""
    refused(agent.post(START, BODY), 503, "account_device_rate_limit_secret_missing")
    assert not DeviceAuthorization.objects.exists()
    assert not RateLimitCounter.objects.exists()


def test_a_user_code_that_is_taken_is_drawn_again(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter("CCCCCCCCCCCCCCCCDDDDDDDD")
    monkeypatch.setattr("secrets.choice", lambda _: next(drawn))
    first = agent.post(START, BODY, **{"Idempotency-Key": "one"})
    second = agent.post(START, BODY, **{"Idempotency-Key": "two"})
    assert first.json()["data"]["user_code"] == "CCCC-CCCC"
    assert second.json()["data"]["user_code"] == "DDDD-DDDD"
