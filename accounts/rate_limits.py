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


# One statement for all counters. Rows are sorted by key, so that two calls never wait for each other in a ring. A
# window opens with the first call it counts, so no boundary of the clock lets a burst through or cuts a lock short.
COUNT_SQL = """
INSERT INTO accounts_ratelimitcounter AS c (key, window_ends, count) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN c.window_ends > %s THEN c.count + 1 ELSE 1 END,
    window_ends = CASE WHEN c.window_ends > %s THEN c.window_ends ELSE excluded.window_ends END
RETURNING key, count, window_ends{relaxed_commit}
"""


def relaxed_commit() -> str:
    """Said in the RETURNING of a statement that only keeps books: PostgreSQL need not wait for the disk.

    Everybody's calls queue for the row of a common counter, so its lock must not last as long as a write to the disk;
    a crash of the database server forgets at most the last moment of counting. It holds for this statement alone, and
    is not said inside a larger transaction, which must be kept.
    """
    relaxed = connection.vendor == "postgresql" and not connection.in_atomic_block
    return ", set_config('synchronous_commit', 'off', true)" if relaxed else ""


def count(subjects: Sequence[tuple[Limit, str]], *, secret: str) -> Verdict:
    """Counts one call against every limit. A call refused by one of them is given back to the others, so that
    nobody who is over their own limit can use up everybody's."""
    now = int(time.time())
    keyed = {_key(limit, subject, secret): limit for limit, subject in subjects}
    parameters: list[bytes | int] = []
    for key in sorted(keyed):
        parameters += [key, now + keyed[key].window_seconds]
    with connection.cursor() as cursor:
        sql = COUNT_SQL.format(rows=", ".join(["(%s, %s, 1)"] * len(keyed)), relaxed_commit=relaxed_commit())
        cursor.execute(sql, [*parameters, now, now])
        counted = {bytes(key): (int(seen), int(ends) - now) for key, seen, ends, *_ in cursor.fetchall()}
    verdict = Verdict([Standing(limit, *counted[key]) for key, limit in keyed.items()])
    if verdict.exceeded:
        _give_back([key for key, limit in keyed.items() if not Standing(limit, *counted[key]).exceeded])
    return verdict


def standing(limit: Limit, subject: str, *, secret: str) -> Standing:
    """Where the subject stands in its current window, without counting."""
    now = int(time.time())
    open_window = RateLimitCounter.objects.filter(key=_key(limit, subject, secret), window_ends__gt=now)
    seen, ends = open_window.values_list("count", "window_ends").first() or (0, now + limit.window_seconds)
    return Standing(limit, seen, ends - now)


def refuse_if_exceeded(verdict: Verdict, code: Code = Code.RATE_LIMITED) -> None:
    """429 with Retry-After and the RateLimit headers, when a limit is exceeded."""
    if not verdict.exceeded:
        return
    wait = max(standing.resets_in for standing in verdict.exceeded)
    raise Refusal(code, details={"retry_after_seconds": wait}, headers={**verdict.headers, "Retry-After": str(wait)})


def prune() -> int:
    """Forgets the counters of past windows; called by the worker."""
    return RateLimitCounter.objects.filter(window_ends__lt=time.time()).delete()[0]


def _give_back(keys: list[bytes]) -> None:
    for key in sorted(keys):
        RateLimitCounter.objects.filter(key=key, count__gt=0).update(count=models.F("count") - 1)


def _key(limit: Limit, subject: str, secret: str) -> bytes:
    return hmac.digest(secret.encode(), f"{limit.name}\x00{subject}".encode(), hashlib.sha256)
