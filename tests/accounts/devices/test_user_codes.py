"""User codes: what they are made of, and every way of typing one."""

import math
import string

from hypothesis import given
from hypothesis import strategies as st

from accounts.devices.user_codes import ALPHABET, LENGTH, new_user_code, normalized

CODES = st.text(alphabet=ALPHABET, min_size=LENGTH, max_size=LENGTH)
SEPARATOR = st.sampled_from(["", "-", " ", "  ", "\u2013", "\u2011", "\u2212", "\u00a0", "\u3000", "\u200b", "\t"])


def fullwidth(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


def test_a_code_holds_at_least_37_bits() -> None:
    assert LENGTH == 8
    assert math.log2(len(ALPHABET)) * LENGTH >= 37


def test_its_characters_are_of_the_contract_and_no_look_alikes() -> None:
    assert set(ALPHABET) <= set("BCDFGHJKLMNPQRSTVWXZ23456789")
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert not any({letter, digit} <= set(ALPHABET) for letter, digit in ("B8", "S5", "Z2"))


def test_new_codes_use_the_whole_alphabet_and_do_not_repeat() -> None:
    drawn = [new_user_code() for _ in range(2000)]
    assert set("".join(drawn)) == set(ALPHABET)
    assert len(set(drawn)) == len(drawn)
    assert all(normalized(code) == code for code in drawn)


@given(code=CODES, separators=st.lists(SEPARATOR, min_size=LENGTH + 1, max_size=LENGTH + 1), wide=st.booleans())
def test_case_width_and_separators_do_not_matter(code: str, separators: list[str], wide: bool) -> None:
    typed = "".join(char for pair in zip(separators, [*code, ""], strict=True) for char in pair)
    if wide:
        typed = "".join(fullwidth(char) if char in code else char for char in typed)
    assert normalized(typed) == code
    assert normalized(typed.lower()) == code


@given(code=CODES)
def test_look_alikes_are_forgiven(code: str) -> None:
    assert normalized(code.translate(str.maketrans("852", "BSZ"))) == code
    assert normalized(code.translate(str.maketrans("852", "bsz"))) == code


@given(typed=st.text(max_size=80))
def test_anything_else_is_no_code_and_no_error(typed: str) -> None:
    found = normalized(typed)
    assert found is None or (len(found) == LENGTH and set(found) <= set(ALPHABET))


@given(code=CODES, extra=st.sampled_from(ALPHABET), at=st.integers(0, LENGTH))
def test_one_character_more_or_less_is_another_thing(code: str, extra: str, at: int) -> None:
    assert normalized(code[:at] + extra + code[at:]) is None
    assert normalized(code[: at - 1] + code[at:]) is None if at else True


def test_what_is_not_in_the_alphabet_is_refused() -> None:
    for char in set(string.ascii_uppercase + string.digits + string.punctuation) - {*ALPHABET, *"BSZ-_."}:
        assert normalized(f"CDFG234{char}") is None, char
