"""What an agent does: asks to be let in, and polls. Both faces call these and nothing else.

Source: RFC 8628, and the contract's section 3.
"""

import hashlib
import hmac
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import outbox
from accounts.actors import Actor, ActorKind, Origin
from accounts.addresses import network
from accounts.audit.models import Action
from accounts.audit.rules import record
from accounts.credentials import Kind, digest, issue, kind_of
from accounts.devices.models import (
    CODE_LIFETIME,
    INTERVAL_STEP_SECONDS,
    KEPT_AFTER_EXPIRY,
    DeviceAuthorization,
    Face,
    State,
)
from accounts.devices.user_codes import new_user_code
from accounts.permissions import grantable, in_registry_order, require_known
from accounts.rate_limits import Limit, Verdict, count, refuse_if_exceeded, relaxed_commit
from accounts.refusals import Code, Refusal
from accounts.tokens.models import AccountToken, RevokedBy
from accounts.tokens.rules import revoke as revoke_token
from accounts.workspaces.rules import owners_and

STARTS_PER_ADDRESS = Limit("device-start-address", 60, 600)
STARTS_PER_FINGERPRINT = Limit("device-start-fingerprint", 30, 600)
STARTS_IN_ALL = Limit("device-start-all", 30_000, 600)
REUSE_GRACE = timedelta(minutes=1)
CODE_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Started:
    """What the agent gets, once: the row keeps only the HMAC of the device code."""

    authorization: DeviceAuthorization
    device_code: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll heard. `secret` is there exactly once in the life of an authorization."""

    status: str
    authorization: DeviceAuthorization
    slow_down: bool = False
    secret: str | None = None


def start(*, face: Face, client_label: str, fingerprint: str, scopes: list[str], origin: Origin) -> Started:
    """An agent asks to be let in.

    Raises: unknown_scope (400), account_device_rate_limited (429), account_device_rate_limit_secret_missing (503).
    Stores nothing when it refuses.
    """
    require_known(scopes)
    secret = settings.DEVICE_RATE_LIMIT_SECRET
    if not secret:
        raise Refusal(Code.DEVICE_SECRET_MISSING)
    verdict = count(
        [
            (STARTS_PER_ADDRESS, network(origin.address)),
            (STARTS_PER_FINGERPRINT, f"{face}:{fingerprint}"),
            (STARTS_IN_ALL, ""),
        ],
        secret=secret,
    )
    refuse_if_exceeded(verdict, Code.DEVICE_RATE_LIMITED)
    device_code = issue(Kind.DEVICE_CODE)
    now = timezone.now()
    authorization = DeviceAuthorization(
        device_code_digest=device_code.digest,
        face=face,
        client_label=client_label,
        fingerprint_digest=hmac.digest(secret.encode(), fingerprint.encode(), hashlib.sha256),
        requested_scopes=in_registry_order(scopes),
        address=origin.address,
        user_agent=origin.user_agent,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    _insert_with_free_code(authorization)
    return Started(authorization, device_code.secret, verdict)


def require_issued_to(device_code: str, client_names: list[str]) -> None:
    """A device code works for the OAuth client it was issued to, and for no other (RFC 6749, 5.2: invalid_grant)."""
    label = DeviceAuthorization.objects.filter(device_code_digest=digest(device_code)).values_list("client_label")
    if label.exclude(client_label__in=client_names).exists():
        raise Refusal(Code.DEVICE_CODE_UNKNOWN)


def poll(*, face: Face, device_code: str, origin: Origin) -> Polled:
    """An agent asks what became of its request; hands out the token when a human has approved.

    `face` is the one it asks at: the standard's says of an expired code that it has expired, collected or not.
    Raises: account_device_code_unknown (404), account_device_code_consumed (409; from another address more than a
    minute later the token is revoked as well, and the owners are told), account_device_expired (410, OAuth only).
    """
    authorization = _note_poll(device_code, timezone.now())
    if authorization is None:
        raise Refusal(Code.DEVICE_CODE_UNKNOWN)
    now = timezone.now()
    status = authorization.status(now)
    if status == State.APPROVED:
        return _collect(authorization, origin)
    if status == State.CONSUMED:
        _detect_reuse(authorization, origin, now)
        expired = face == Face.OAUTH and authorization.has_expired(now)
        raise Refusal(Code.DEVICE_EXPIRED if expired else Code.DEVICE_CODE_CONSUMED)
    slow = status == State.PENDING and authorization.polled_early
    return Polled(status, authorization, slow_down=slow)


def _insert_with_free_code(authorization: DeviceAuthorization) -> None:
    """Tries another user code on the rare collision (one in some billions while few thousand codes are kept)."""
    for attempt in range(CODE_ATTEMPTS):
        authorization.user_code = new_user_code()
        # Inside a larger transaction (Idempotency-Key) a collision must undo the INSERT alone.
        fence = transaction.atomic() if connection.in_atomic_block else nullcontext()
        try:
            with fence:
                _insert(authorization)
        except IntegrityError:
            if attempt == CODE_ATTEMPTS - 1:
                raise
        else:
            return


# A new row holds these; the nullable columns are what comes later.
STARTED_FIELDS = [field for field in DeviceAuthorization._meta.concrete_fields if not field.null]
INSERT_SQL = "INSERT INTO {table} ({columns}) VALUES ({values})".format(  # noqa: S608  (names, no values)
    table=DeviceAuthorization._meta.db_table,
    columns=", ".join(str(field.column) for field in STARTED_FIELDS),
    values=", ".join(["%s"] * len(STARTED_FIELDS)),
)


def _insert(row: DeviceAuthorization) -> None:
    """`save(force_insert=True)` without composing the same statement again for every row: a third of a start's cost."""
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in STARTED_FIELDS]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_SQL, values)
    row._state.adding, row._state.db = False, connection.alias


# Half a second of grace: timers fire early, and a client that keeps the interval must never be told to slow down.
NOTE_POLL_SQL = """
UPDATE accounts_deviceauthorization SET
    polled_early = (last_polled_at IS NOT NULL AND {elapsed} < interval_seconds - 0.5),
    interval_seconds = interval_seconds
        + CASE WHEN last_polled_at IS NOT NULL AND {elapsed} < interval_seconds - 0.5 THEN %s ELSE 0 END,
    last_polled_at = %s
WHERE device_code_digest = %s RETURNING {columns}
"""
ELAPSED_SECONDS = {
    "postgresql": "EXTRACT(EPOCH FROM (%s::timestamptz - last_polled_at))",
    "sqlite": "((julianday(%s) - julianday(last_polled_at)) * 86400.0)",
}
# What an agent that waits is told; whoever needs more of the row gets it from the database when they ask.
POLLED_FIELDS = [
    field
    for field in DeviceAuthorization._meta.concrete_fields
    if field.name in {"id", "state", "expires_at", "interval_seconds", "polled_early", "reason"}
]


def _note_poll(device_code: str, now: datetime) -> DeviceAuthorization | None:
    """Books the poll and reads the row in one statement, so that of two simultaneous polls one is early."""
    if kind_of(device_code) is not Kind.DEVICE_CODE:
        return None
    moment = connection.ops.adapt_datetimefield_value(now)
    columns = ", ".join(str(field.column) for field in POLLED_FIELDS)
    sql = NOTE_POLL_SQL.format(elapsed=ELAPSED_SECONDS[connection.vendor], columns=columns + relaxed_commit())
    with connection.cursor() as cursor:
        cursor.execute(sql, [moment, moment, INTERVAL_STEP_SECONDS, moment, digest(device_code)])
        # Read to the end: SQLite commits a RETURNING statement only then.
        rows = cursor.fetchall()
    if not rows:
        return None
    found = _polled_row(rows[0])
    return None if found.expires_at + KEPT_AFTER_EXPIRY <= now else found


def _polled_row(row: tuple[Any, ...]) -> DeviceAuthorization:
    """The columns as a row of the model, the others deferred."""
    values = []
    for field, stored in zip(POLLED_FIELDS, row, strict=False):  # `relaxed_commit` may have added one
        value = stored
        column = field.get_col(DeviceAuthorization._meta.db_table)
        for convert in (*connection.ops.get_db_converters(column), *field.get_db_converters(connection)):
            value = convert(value, column, connection)
        values.append(value)
    return DeviceAuthorization.from_db(connection.alias, [field.attname for field in POLLED_FIELDS], values)


def _collect(authorization: DeviceAuthorization, origin: Origin) -> Polled:
    """Approved → consumed, and the one token, in one transaction: of any number of polls one gets it."""
    issued = issue(Kind.ACCOUNT_TOKEN)
    with transaction.atomic():
        # The clock is read inside: a poll that waited for a lock must not issue past the code's end.
        now = timezone.now()
        taken = DeviceAuthorization.objects.filter(
            pk=authorization.pk, state=State.APPROVED, expires_at__gt=now
        ).update(state=State.CONSUMED, collected_at=now, collected_address=origin.address)
        if not taken:
            return _heard_instead(authorization, now)
        grant = DeviceAuthorization.objects.select_related("workspace", "decided_by").get(pk=authorization.pk)
        if not _may_still_grant(grant):
            return _take_back(grant, origin)
        token = _token_for(grant, issued.digest, issued.hint, now)
        token.save(force_insert=True)
        DeviceAuthorization.objects.filter(pk=grant.pk).update(token=token)
        grant.token = token
        record(
            Action.DEVICE_COLLECTED,
            actor=Actor(kind=ActorKind.AGENT, user=token.granted_by, token=token, origin=origin),
            workspace=grant.workspace,
            subject_id=grant.pk,
            subject_name=grant.client_label,
        )
    return Polled(State.APPROVED, grant, secret=issued.secret)


def _may_still_grant(grant: DeviceAuthorization) -> bool:
    """Whether the approver could approve the same again: still there, active, with a role that may."""
    if grant.decided_by is None or grant.workspace is None:
        return False
    approver = Actor(kind=ActorKind.USER, user=grant.decided_by)
    return set(grant.granted_scopes) <= grantable(approver.role_in(grant.workspace))


def _take_back(grant: DeviceAuthorization, origin: Origin) -> Polled:
    """The approver left or lost the role before the agent came back: no token leaves, the agent hears `denied`."""
    reason = "The human who approved this may no longer grant it. Ask somebody else."
    DeviceAuthorization.objects.filter(pk=grant.pk).update(
        state=State.DENIED, collected_at=None, collected_address="", reason=reason
    )
    record(
        Action.DEVICE_WITHDRAWN,
        actor=Actor(kind=ActorKind.SYSTEM, origin=origin),
        workspace=grant.workspace,
        subject_id=grant.pk,
        subject_name=grant.client_label,
        details={"reason": reason},
    )
    grant.refresh_from_db()
    return Polled(State.DENIED, grant)


def _token_for(grant: DeviceAuthorization, token_digest: bytes, hint: str, now: datetime) -> AccountToken:
    # The constraint `grant_is_whole`.
    assert grant.workspace
    assert grant.decided_by
    assert grant.lifetime_seconds
    return AccountToken(
        digest=token_digest,
        hint=hint,
        label=grant.client_label,
        workspace=grant.workspace,
        granted_by=grant.decided_by,
        scopes=grant.granted_scopes,
        created_at=now,
        expires_at=now + timedelta(seconds=grant.lifetime_seconds),
    )


def _heard_instead(authorization: DeviceAuthorization, now: datetime) -> Polled:
    """Another poll, a withdrawal or the clock came first."""
    current = DeviceAuthorization.objects.get(pk=authorization.pk)
    status = current.status(now)
    if status == State.CONSUMED:
        raise Refusal(Code.DEVICE_CODE_CONSUMED)
    return Polled(status, current)


def _detect_reuse(authorization: DeviceAuthorization, origin: Origin, now: datetime) -> None:
    """A consumed device code that comes back later from elsewhere was copied: the token dies, the owners hear."""
    token = AccountToken.objects.select_related("workspace", "granted_by").filter(pk=authorization.token_id).first()
    if token is None or authorization.collected_at is None or not token.is_live(now):
        return
    same_place = network(origin.address) == network(authorization.collected_address)
    if same_place or now - authorization.collected_at <= REUSE_GRACE:
        return
    system = Actor(kind=ActorKind.SYSTEM, origin=origin)
    with transaction.atomic():
        if not revoke_token(token, actor=system, by=RevokedBy.REUSE_DETECTION):
            return
        record(
            Action.DEVICE_REUSED,
            actor=system,
            workspace=token.workspace,
            token_id=token.pk,
            subject_id=authorization.pk,
            subject_name=authorization.client_label,
        )
        for address in owners_and(token.workspace, token.granted_by.email):
            outbox.mail(
                "device_code_reused",
                to=address,
                context={
                    "label": token.label,
                    "workspace": token.workspace.name,
                    "workspace_id": token.workspace_id,
                    "address": origin.address,
                },
            )
