"""Secrets that programs hold: a prefix, 27 random base62 characters (160.7 bits), six characters of CRC-32.

Only the HMAC-SHA-256 of a credential is stored. The checksum lets scanners find leaked ones and refuses a mistyped
one before the database is asked.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_CHARACTERS = 27
CHECK_CHARACTERS = 6
SHAPE = re.compile(r"[a-z]{2,3}_(?:test_|live_)?[0-9A-Za-z]{33}")


class Kind(StrEnum):
    """The planes a credential may open, by their prefix."""

    DEVICE_CODE = "ldc_"
    ACCOUNT_TOKEN = "lat_"  # noqa: S105  (a prefix, not a secret)
    RUNTIME_KEY = "ck_"
    GATEWAY_KEY = "gk_"
    PLATFORM_TEST_KEY = "pk_test_"
    PLATFORM_LIVE_KEY = "pk_live_"


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential at the one moment its secret is known."""

    secret: str
    digest: bytes
    hint: str


def issue(kind: Kind) -> Issued:
    """A new credential. `hint` (prefix and last four) is what lists may show."""
    body = kind + _base62(secrets.randbelow(62**RANDOM_CHARACTERS), RANDOM_CHARACTERS)
    secret = body + checksum(body)
    return Issued(secret, digest(secret), f"{kind}…{secret[-4:]}")


def kind_of(text: str) -> Kind | None:
    """The kind a well-formed credential claims to be; None for anything mistyped or foreign. Asks no database."""
    if len(text) > 64 or not SHAPE.fullmatch(text) or checksum(text[:-CHECK_CHARACTERS]) != text[-CHECK_CHARACTERS:]:
        return None
    prefix = text[: -RANDOM_CHARACTERS - CHECK_CHARACTERS]
    return Kind(prefix) if prefix in set(Kind) else None


def digest(secret: str) -> bytes:
    """What is stored and looked up. A plain HMAC: the input has 160 random bits, a slow hash would add nothing."""
    return hmac.digest(settings.CREDENTIAL_SECRET.encode(), secret.encode(), hashlib.sha256)


def checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), CHECK_CHARACTERS)


def _base62(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        characters.append(ALPHABET[rest])
    return "".join(reversed(characters))
