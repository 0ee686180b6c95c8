"""Where a request comes from."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.test import RequestFactory

from accounts.addresses import client_address, is_trusted_peer, network


def seen(peer: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


@pytest.fixture(autouse=True)
def proxies(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.1", None, "203.0.113.1"),
        ("203.0.113.1", "192.0.2.1", "203.0.113.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "1.1.1.1, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "1.1.1.1,192.0.2.1,10.1.1.1", "192.0.2.1"),
        ("10.0.0.1", "10.2.2.2, 10.1.1.1", "10.2.2.2"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("fd00::1", "[2001:db8::1]", "2001:db8::1"),
        ("::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:203.0.113.1", "192.0.2.1", "203.0.113.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1, nonsense", "10.0.0.1"),
        ("", None, ""),
        ("unix:", "192.0.2.1", ""),
    ],
)
def test_the_last_address_nobody_vouches_for(peer: str, forwarded: str | None, expected: str) -> None:
    assert seen(peer, forwarded) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.1", "203.0.113.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.1", "203.0.113.1"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_what_counts_as_one_place(address: str, expected: str) -> None:
    assert network(address) == expected


def test_only_listed_peers_are_trusted() -> None:
    factory = RequestFactory()
    assert is_trusted_peer(factory.get("/", REMOTE_ADDR="10.9.9.9"))
    assert not is_trusted_peer(factory.get("/", REMOTE_ADDR="203.0.113.1"))
