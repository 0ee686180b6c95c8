"""User codes: what an agent prints and a human types."""

import re
import secrets
import unicodedata

# Consonants and digits, so that no word appears, less B, S and Z, which are misread as 8, 5 and 2 (and never the
# other way round, since typing them is forgiven). 25 characters, eight places: 37.15 bits.
ALPHABET = "CDFGHJKLMNPQRTVWX23456789"
LENGTH = 8
SHAPE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
LOOK_ALIKES = str.maketrans("BSZ", "852")
# Spaces of any kind, every dash of Unicode, and the invisible characters that copying brings along.
SEPARATORS = re.compile(r"[\s\-_.·‐-―−﹘﹣－\u00ad\u200b-\u200d\u2060\ufeff]+")
LONGEST_TYPED = 64


def new_user_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normalized(typed: str) -> str | None:
    """The eight characters of a code however it was typed; None for what cannot be a code.

    Any case, with or without spaces, any dash or none, full-width letters (NFKC), look-alikes forgiven.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    text = SEPARATORS.sub("", unicodedata.normalize("NFKC", typed)).upper().translate(LOOK_ALIKES)
    return text if SHAPE.fullmatch(text) else None
