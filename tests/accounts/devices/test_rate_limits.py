"""How often device authorizations may be started: per address, per fingerprint, and in all."""

import re
from ipaddress import ip_network
from typing import Any

import pytest
from django.db.models import F

from accounts.bookkeeping import RateLimitCounter
from accounts.devices.agent_rules import STARTS_IN_ALL
from accounts.models import DeviceAuthorization
from tests.acts import READ, Clock, form, from_address, oauth_error, refused
from tests.personas import Agent

START = "/v1/account/device/start"
PER_ADDRESS, PER_FINGERPRINT, IN_ALL = 60, 30, STARTS_IN_ALL.quota


def start(agent: Agent, fingerprint: str, **headers: str) -> Any:
    body = {"client_label": "codex", "client_fingerprint": fingerprint, "scopes": [READ]}
    return agent.post(START, body, **headers)


def left(answer: Any) -> dict[str, int]:
    """What each limit has left, as the RateLimit header says it."""
    return {name: int(r) for name, r in re.findall(r'"device-start-(\w+)";r=(\d+);t=\d+', answer["RateLimit"])}


def use_up(address: str, *, forwarded: str = "") -> None:
    """Spends what an address may start, each time with another fingerprint."""
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    for index in range(PER_ADDRESS):
        assert start(from_address(address), f"print-{index}", **headers).status_code == 200


def test_an_address_may_start_sixty_in_ten_minutes(db: None, clock: Clock) -> None:
    use_up("203.0.113.1")
    before = DeviceAuthorization.objects.count()
    answer = start(from_address("203.0.113.1"), "another")
    detail = refused(answer, 429, "account_device_rate_limited")
    assert answer["Retry-After"] == "600"
    assert detail["retry_after_seconds"] == 600
    assert left(answer)["address"] == 0
    assert "q=60;w=600" in answer["RateLimit-Policy"]
    assert DeviceAuthorization.objects.count() == before
    assert start(from_address("203.0.113.2"), "another").status_code == 200
    clock.forward(seconds=600)
    assert start(from_address("203.0.113.1"), "another").status_code == 200


def test_a_window_opens_with_its_first_call(db: None, clock: Clock) -> None:
    start(from_address("203.0.113.1"), "first")
    clock.forward(seconds=599)
    use_up_rest = [start(from_address("203.0.113.1"), f"print-{index}").status_code for index in range(PER_ADDRESS - 1)]
    assert set(use_up_rest) == {200}
    answer = start(from_address("203.0.113.1"), "last")
    refused(answer, 429, "account_device_rate_limited")
    assert answer["Retry-After"] == "1"


def test_an_ipv6_network_counts_as_one_address(db: None, clock: Clock) -> None:
    for index in range(PER_ADDRESS):
        assert start(from_address(f"2001:db8:1:2:{index:x}::1"), f"print-{index}").status_code == 200
    refused(start(from_address("2001:db8:1:2:ffff::1"), "another"), 429, "account_device_rate_limited")
    assert start(from_address("2001:db8:1:3::1"), "another").status_code == 200


def test_an_ipv4_address_written_as_ipv6_is_the_same(db: None) -> None:
    start(from_address("203.0.113.1"), "a")
    assert left(start(from_address("::ffff:203.0.113.1"), "b"))["address"] == PER_ADDRESS - 2


def test_a_fingerprint_may_start_thirty_from_anywhere(db: None, clock: Clock) -> None:
    for index in range(PER_FINGERPRINT):
        assert start(from_address(f"203.0.113.{index}"), "same").status_code == 200
    answer = start(from_address("198.51.100.1"), "same")
    refused(answer, 429, "account_device_rate_limited")
    assert left(answer)["fingerprint"] == 0
    assert start(from_address("198.51.100.1"), "other").status_code == 200


def test_everybody_together_share_one_limit(db: None, clock: Clock) -> None:
    start(from_address("203.0.113.1"), "a")
    start(from_address("203.0.113.2"), "b")
    # The one counter that saw both calls.
    assert RateLimitCounter.objects.filter(count=2).update(count=F("count") + IN_ALL - 3) == 1
    assert left(start(from_address("203.0.113.3"), "c"))["all"] == 0
    answer = start(from_address("203.0.113.4"), "d")
    refused(answer, 429, "account_device_rate_limited")
    assert DeviceAuthorization.objects.count() == 3
    # What the refusal counted elsewhere was given back.
    clock.forward(seconds=600)
    assert left(start(from_address("203.0.113.4"), "d")) == {
        "address": PER_ADDRESS - 1,
        "fingerprint": PER_FINGERPRINT - 1,
        "all": IN_ALL - 1,
    }


def test_who_is_over_their_own_limit_does_not_use_up_everybodys(db: None, clock: Clock) -> None:
    for _ in range(PER_FINGERPRINT + 15):
        start(from_address("203.0.113.1"), "same")
    assert left(start(from_address("203.0.113.9"), "other"))["all"] == IN_ALL - PER_FINGERPRINT - 1
    assert left(start(from_address("203.0.113.1"), "other"))["address"] == PER_ADDRESS - PER_FINGERPRINT - 1


def test_a_refused_body_counts_for_nothing(db: None, clock: Clock) -> None:
    agent = from_address("203.0.113.1")
    for _ in range(5):
        agent.post(START, {"client_label": "codex"})
        agent.post(START, {"client_label": "c", "client_fingerprint": "f", "scopes": ["account:everything"]})
    assert left(start(agent, "f")) == {"address": 59, "fingerprint": 29, "all": IN_ALL - 1}


def test_both_faces_share_the_address(db: None, clock: Clock) -> None:
    use_up("203.0.113.1")
    answer = form(from_address("203.0.113.1").client, "/oauth/device", {"client_id": "codex"})
    oauth_error(answer, 429, "slow_down")
    assert answer["Retry-After"] == "600"
    assert left(answer)["address"] == 0


def test_no_address_or_fingerprint_is_stored_in_the_counters(db: None) -> None:
    start(from_address("203.0.113.1"), "the-fingerprint")
    stored = b"".join(bytes(row.key) for row in RateLimitCounter.objects.all())
    assert len(stored) == 3 * 32
    assert b"203.0.113.1" not in stored


@pytest.mark.parametrize("secret", ["other secret"])
def test_the_counters_hang_on_the_secret(db: None, settings: Any, secret: str) -> None:
    start(from_address("203.0.113.1"), "same")
    settings.DEVICE_RATE_LIMIT_SECRET = secret
    assert left(start(from_address("203.0.113.1"), "same"))["address"] == PER_ADDRESS - 1


class TestForwardedFor:
    def test_from_an_untrusted_peer_it_moves_no_bucket(self, db: None, clock: Clock) -> None:
        use_up("203.0.113.1", forwarded="192.0.2.1")
        answer = start(from_address("203.0.113.1"), "another", **{"X-Forwarded-For": "192.0.2.2"})
        refused(answer, 429, "account_device_rate_limited")
        assert left(start(from_address("192.0.2.1"), "another"))["address"] == PER_ADDRESS - 1
        assert set(DeviceAuthorization.objects.values_list("address", flat=True)) == {"203.0.113.1", "192.0.2.1"}

    def test_from_a_trusted_peer_it_does(self, db: None, settings: Any) -> None:
        settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
        for expected in (59, 58):
            answer = start(from_address("10.0.0.1"), "a", **{"X-Forwarded-For": "192.0.2.1"})
            assert left(answer)["address"] == expected
        assert left(start(from_address("10.0.0.1"), "a", **{"X-Forwarded-For": "192.0.2.2"}))["address"] == 59
        assert left(start(from_address("192.0.2.1"), "a"))["address"] == 57

    def test_only_the_part_that_trusted_proxies_vouch_for_counts(self, db: None, settings: Any) -> None:
        settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
        start(from_address("10.0.0.1"), "a", **{"X-Forwarded-For": "1.1.1.1, 192.0.2.1, 10.0.0.2"})
        assert DeviceAuthorization.objects.get().address == "192.0.2.1"

    @pytest.mark.parametrize("header", ["", "nonsense", "1.1.1.1, nonsense", ",,,", "x" * 5000])
    def test_nonsense_counts_for_the_proxy(self, db: None, settings: Any, header: str) -> None:
        settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
        assert start(from_address("10.0.0.1"), "a", **{"X-Forwarded-For": header}).status_code == 200
        assert DeviceAuthorization.objects.get().address == "10.0.0.1"


def test_the_relaxed_factor_multiplies_the_limits(db: None, settings: Any) -> None:
    settings.RATE_LIMIT_FACTOR = 10
    assert left(start(from_address("203.0.113.1"), "a")) == {"address": 599, "fingerprint": 299, "all": IN_ALL * 10 - 1}


def test_the_worker_forgets_past_windows(db: None, clock: Clock) -> None:
    from accounts import rate_limits

    start(from_address("203.0.113.1"), "a")
    assert rate_limits.prune() == 0
    clock.forward(seconds=601)
    assert rate_limits.prune() == 3
