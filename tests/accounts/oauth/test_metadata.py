"""GET /.well-known/oauth-authorization-server (RFC 8414), and the OpenID path."""

from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

from accounts.permissions import SCOPES
from tests.acts import GRANT, oauth_error

PATHS = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]


@pytest.mark.parametrize("path", PATHS)
def test_it_names_what_is_there(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert body["issuer"] == "http://testserver"
    assert body["grant_types_supported"] == [GRANT]
    assert body["scopes_supported"] == list(SCOPES)
    assert body["token_endpoint_auth_methods_supported"] == ["none"]
    for name, value in body.items():
        if name.endswith("_endpoint"):
            assert resolve(value.removeprefix("http://testserver")), name
    assert body["device_authorization_endpoint"] == "http://testserver/oauth/device"
    assert body["token_endpoint"] == "http://testserver/oauth/token"
    assert body["revocation_endpoint"] == "http://testserver/oauth/revoke"
    assert body["introspection_endpoint"] == "http://testserver/oauth/introspect"
    assert isinstance(body["response_types_supported"], list)


def test_the_issuer_is_the_host_it_was_asked_at(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["console.example.com"]
    body = Client().get(PATHS[0], secure=True, headers={"Host": "console.example.com"}).json()
    assert body["issuer"] == "https://console.example.com"
    assert body["token_endpoint"] == "https://console.example.com/oauth/token"


@pytest.mark.parametrize("path", PATHS)
def test_another_host_is_refused(path: str) -> None:
    answer = Client().get(path, headers={"Host": "evil.example"})
    oauth_error(answer, 400, "invalid_request")
    assert "evil" not in answer.content.decode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_method(path: str, method: str) -> None:
    answer = Client().generic(method, path)
    oauth_error(answer, 405, "invalid_request")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("path", PATHS)
def test_head_is_answered_like_get(path: str) -> None:
    answer = Client().head(path)
    assert (answer.status_code, answer.content) == (200, b"")
