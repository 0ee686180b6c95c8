"""Signing in with an OpenID provider, and back to the agent's code."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.users.openid_peer import CLIENT_ID, CODE, OpenIDPeer, openid_peer

BACK = "/console/device?user_code=CDFG-2345"


@pytest.fixture
def peer(settings: Any) -> Iterator[OpenIDPeer]:
    with openid_peer() as found:
        app = {
            "provider_id": "corporate",
            "name": "Corporate",
            "client_id": CLIENT_ID,
            "secret": "s3cret",
            "settings": {"server_url": found.url},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        yield found


def sign_in(peer: OpenIDPeer, client: Client) -> Any:
    """Through the provider and back: what a browser would do, with the provider's page left out."""
    away = client.post(f"/accounts/oidc/corporate/login/?next={BACK.replace('?', '%3F').replace('=', '%3D')}")
    assert away.status_code == 302
    asked = parse_qs(urlsplit(away["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    peer.nonce = asked.get("nonce", [None])[0]
    return client.get("/accounts/oidc/corporate/login/callback/", {"code": CODE, "state": asked["state"][0]})


@pytest.mark.django_db
def test_a_new_human_with_a_verified_address_is_signed_up_and_led_back_to_the_code(peer: OpenIDPeer) -> None:
    peer.claims = {"sub": "42", "email": "ada@example.com", "email_verified": True, "name": "Ada L."}
    client = Client()
    back = sign_in(peer, client)
    assert back.status_code == 302
    assert back["Location"] == BACK
    assert User.objects.get(email="ada@example.com").name == "Ada L."
    assert client.get("/console/device").status_code == 200


@pytest.mark.django_db
def test_an_unverified_address_must_be_confirmed_first(peer: OpenIDPeer) -> None:
    peer.claims = {"sub": "43", "email": "eve@example.com", "email_verified": False}
    client = Client()
    sign_in(peer, client)
    assert client.get("/console/device").status_code == 302


@pytest.mark.django_db
def test_a_provider_cannot_take_over_an_account_that_has_a_password(peer: OpenIDPeer) -> None:
    User.objects.create_user("ada@example.com", "correct horse battery")
    peer.claims = {"sub": "44", "email": "ada@example.com", "email_verified": True}
    client = Client()
    sign_in(peer, client)
    assert client.get("/console/device").status_code == 302
    assert User.objects.count() == 1
