"""Text that is safe to store and to show: no control characters, no lone surrogates, no bidi overrides."""

import re
import unicodedata

# C0, DEL, C1, line and paragraph separators, bidi embeddings/overrides/isolates, lone surrogates.
HOSTILE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ud800-\udfff]")
# Letters and symbols by category, yet drawn as nothing: Hangul fillers and the blank Braille pattern.
FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
HOSTILE_MULTILINE = re.compile(HOSTILE.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))


def hostile_character(text: str, *, multiline: bool = False) -> str | None:
    """The name of the first character that must not be stored, e.g. `U+202E`; None when there is none."""
    found = (HOSTILE_MULTILINE if multiline else HOSTILE).search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def is_visible(text: str) -> bool:
    """Whether anything of it can be seen: blank, zero-width and filler characters alone do not count."""
    return any(
        not char.isspace() and char not in FILLERS and unicodedata.category(char) not in {"Cf", "Mn", "Zs"}
        for char in text
    )
