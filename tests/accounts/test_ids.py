"""Ids: prefixed, opaque, time-ordered; a text that is no id finds nothing."""

import re
import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.ids import new_id, to_uuid
from accounts.models import Workspace


def test_an_id_says_what_it_is_of() -> None:
    assert re.fullmatch(r"ws_[0-7][0-9a-hjkmnp-tv-z]{25}", new_id("ws"))


def test_later_ids_sort_later() -> None:
    first = new_id("ws")
    until = time.time() + 0.003
    while time.time() < until:
        pass
    assert first < new_id("ws")


def test_the_uuid_comes_back() -> None:
    made = new_id("ws")
    assert isinstance(to_uuid("ws", made), UUID)
    assert to_uuid("tok", made) is None


@given(st.text(max_size=60))
def test_other_texts_are_no_ids(text: str) -> None:
    assert to_uuid("ws", text) is None


@pytest.mark.parametrize(
    "text",
    ["", "ws_", "ws", "nonsense", "ws_zzzzzzzzzzzzzzzzzzzzzzzzzz", "WS_01h455vb4pex5vsknk084sn02q", "x" * 5000, "\x00"],
)
def test_a_text_that_is_no_id_finds_nothing(db: None, text: str) -> None:
    Workspace.objects.create(name="One")
    assert not Workspace.objects.filter(pk=text).exists()


def test_a_row_is_found_by_its_own_id_only(db: None) -> None:
    one = Workspace.objects.create(name="One")
    Workspace.objects.create(name="Two")
    assert Workspace.objects.get(pk=one.pk).name == "One"
    assert not Workspace.objects.filter(pk=one.pk.replace("ws_", "tok_")).exists()
    assert not Workspace.objects.filter(pk=one.pk.upper()).exists()
