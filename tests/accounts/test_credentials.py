"""Credentials: what they look like, and that a mistyped one is refused before the database is asked."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.credentials import ALPHABET, RANDOM_CHARACTERS, Kind, checksum, digest, issue, kind_of
from tests.acts import refused
from tests.personas import Agent


@pytest.mark.parametrize("kind", list(Kind))
def test_an_issued_credential_knows_its_kind(kind: Kind) -> None:
    issued = issue(kind)
    assert re.fullmatch(re.escape(kind) + "[0-9A-Za-z]{33}", issued.secret)
    assert kind_of(issued.secret) is kind
    assert issued.hint == f"{kind}…{issued.secret[-4:]}"
    assert issued.digest == digest(issued.secret)
    assert len(issued.digest) == 32


def test_it_holds_at_least_160_random_bits() -> None:
    assert 62**RANDOM_CHARACTERS >= 2**160
    assert len(set(ALPHABET)) == 62
    assert len({issue(Kind.ACCOUNT_TOKEN).secret for _ in range(1000)}) == 1000


def test_its_last_six_characters_are_the_crc_of_the_rest() -> None:
    import zlib

    secret = issue(Kind.RUNTIME_KEY).secret
    number = 0
    for char in secret[-6:]:
        number = number * 62 + ALPHABET.index(char)
    assert number == zlib.crc32(secret[:-6].encode())


@pytest.mark.parametrize("kind", list(Kind))
def test_every_change_of_one_character_is_noticed(kind: Kind) -> None:
    secret = issue(kind).secret
    wrong = {secret[:at] + char + secret[at + 1 :] for at in range(len(secret)) for char in ALPHABET + "_-"} - {secret}
    assert [text for text in wrong if kind_of(text) is not None] == []


def test_every_swap_of_neighbours_and_every_loss_is_noticed() -> None:
    secret = issue(Kind.ACCOUNT_TOKEN).secret
    swapped = {secret[:at] + secret[at + 1] + secret[at] + secret[at + 2 :] for at in range(len(secret) - 1)}
    shorter = {secret[:at] + secret[at + 1 :] for at in range(len(secret))}
    longer = {secret[:at] + "0" + secret[at:] for at in range(len(secret) + 1)}
    assert [text for text in (swapped | shorter | longer) - {secret} if kind_of(text) is not None] == []


def test_no_query_is_spent_on_a_mistyped_one(agent: Agent, django_assert_num_queries: Any) -> None:
    secret = issue(Kind.ACCOUNT_TOKEN).secret
    with django_assert_num_queries(0):
        for at in range(len("lat_"), len(secret)):
            agent.token = secret[:at] + ("0" if secret[at] != "0" else "1") + secret[at + 1 :]
            refused(agent.get("/v1/account/me"), 401, "unauthenticated")


@given(st.text(max_size=80))
def test_any_other_text_is_no_credential(text: str) -> None:
    assert kind_of(text) is None


@pytest.mark.parametrize("prefix", ["", "xx_", "lat", "LAT_", "pk_", "pk_test", "ck_test_", "pk_sandbox_"])
def test_a_good_checksum_under_another_prefix_is_none(prefix: str) -> None:
    body = prefix + "0" * RANDOM_CHARACTERS
    assert kind_of(body + checksum(body)) is None


@pytest.mark.parametrize("tail", ["\n", " ", "\x00", "é"])
def test_nothing_may_follow(tail: str) -> None:
    assert kind_of(issue(Kind.ACCOUNT_TOKEN).secret + tail) is None


def test_the_digest_hangs_on_the_secret_of_the_deployment(settings: Any) -> None:
    secret = issue(Kind.ACCOUNT_TOKEN).secret
    before = digest(secret)
    settings.CREDENTIAL_SECRET = "another " * 8
    assert digest(secret) != before
