"""Rate limits that hold over every process: one counter a subject and window, in the database."""

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, models

from accounts.bookkeeping import RateLimitCounter
from accounts.refusals import Code, Refusal


@dataclass(frozen=True, slots=True)
class Limit:
    """`quota` calls in each `window_seconds`, per subject. The name appears in the RateLimit headers."""

    name: str
    quota: int
    window_seconds: int

    @property
    def allowed(self) -> int:
        return self.quota * settings.RATE_LIMIT_FACTOR


@dataclass(frozen=True, slots=True)
class Standing:
    """One limit after a call was counted."""

    limit: Limit
    count: int
    resets_in: int

    @property
    def exceeded(self) -> bool:
        return self.count > self.limit.allowed

    @property
    def remaining(self) -> int:
        return max(0, self.limit.allowed - self.count)


@dataclass(frozen=True, slots=True)
class Verdict:
    standings: list[Standing]

    @property
    def exceeded(self) -> list[Standing]:
        return [standing for standing in self.standings if standing.exceeded]

    @property
    def headers(self) -> dict[str, str]:
        """The RateLimit fields of the IETF draft: what is left and when it resets, and the policies."""
        return {
            "RateLimit": ", ".join(f'"{s.limit.name}";r={s.remaining};t={s.resets_in}' for s in self.standings),
            "RateLimit-Policy": ", ".join(
                f'"{s.limit.name}";q={s.limit.allowed};w={s.limit.window_seconds}' for s in self.standings
            ),
        }


# One statement for all counters. Rows are sorted by key, so that two calls never wait for each other in a ring.
COUNT_SQL = """
INSERT INTO accounts_ratelimitcounter AS c (key, window_ends, count) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN c.window_ends = excluded.window_ends THEN c.count + 1 ELSE 1 END,
    window_ends = excluded.window_ends
RETURNING key, count
"""


def count(subjects: Sequence[tuple[Limit, str]], *, secret: str) -> Verdict:
    """Counts one call against every limit. A call refused by one of them is given back to the others, so that
    nobody who is over their own limit can use up everybody's."""
    now = time.time()
    keys = [_key(limit, subject, secret) for limit, subject in subjects]
    rows = sorted(zip(keys, (limit for limit, _ in subjects), strict=True), key=lambda row: row[0])
    parameters: list[object] = []
    for key, limit in rows:
        parameters += [key, _window_end(limit, now)]
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SQL.format(rows=", ".join(["(%s, %s, 1)"] * len(rows))), parameters)
        counts = {bytes(key): int(seen) for key, seen in cursor.fetchall()}
    standings = [
        Standing(limit, counts[key], int(limit.window_seconds - now % limit.window_seconds) + 1)
        for key, (limit, _) in zip(keys, subjects, strict=True)
    ]
    verdict = Verdict(standings)
    if verdict.exceeded:
        _give_back([key for key, standing in zip(keys, standings, strict=True) if not standing.exceeded])
    return verdict


def seen(limit: Limit, subject: str, *, secret: str) -> int:
    """How often the subject was counted in the current window, without counting."""
    found = RateLimitCounter.objects.filter(
        key=_key(limit, subject, secret), window_ends=_window_end(limit, time.time())
    ).values_list("count", flat=True)
    return found.first() or 0


def refuse_if_exceeded(verdict: Verdict, code: Code = Code.RATE_LIMITED) -> None:
    """429 with Retry-After and the RateLimit headers, when a limit is exceeded."""
    if not verdict.exceeded:
        return
    wait = max(standing.resets_in for standing in verdict.exceeded)
    raise Refusal(
        code, details={"retry_after_seconds": wait}, headers={**verdict.headers, "Retry-After": str(wait)}
    )


def prune() -> int:
    """Forgets the counters of past windows; called by the worker."""
    return RateLimitCounter.objects.filter(window_ends__lt=time.time()).delete()[0]


def _give_back(keys: list[bytes]) -> None:
    for key in sorted(keys):
        RateLimitCounter.objects.filter(key=key, count__gt=0).update(count=models.F("count") - 1)


def _key(limit: Limit, subject: str, secret: str) -> bytes:
    return hmac.digest(secret.encode(), f"{limit.name}\x00{subject}".encode(), hashlib.sha256)


def _window_end(limit: Limit, now: float) -> int:
    return int(now // limit.window_seconds + 1) * limit.window_seconds
