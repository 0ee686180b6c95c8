"""The acts on runtime keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.audit.models import Action
from accounts.audit.rules import record
from accounts.credentials import Kind
from accounts.credentials import issue as issue_credential
from accounts.permissions import Permission
from accounts.refusals import Code, Refusal, invalid
from accounts.workspaces.rules import checked_name
from apps.registry.models import App
from apps.runtime_keys.models import OVERLAP_SECONDS_MAX, RuntimeKey


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key at the one moment its secret is known."""

    key: RuntimeKey
    secret: str


def find(key_id: str, *, actor: Actor) -> RuntimeKey:
    """The actor's key with this id; not_found for anybody else's or unknown."""
    keys = RuntimeKey.objects.visible_to(actor).select_related("workspace", "app__workspace", "issued_by")
    key = keys.filter(pk=key_id).first()
    if key is None:
        raise Refusal(Code.NOT_FOUND)
    return key


def issue(app: App, *, actor: Actor, label: str, expires_at: datetime | None = None) -> IssuedKey:
    """A new key for an app's backend. The secret is returned here and nowhere again.

    Raises: insufficient_scope, role_not_allowed (403), not_found for an archived app, invalid_request (400).
    """
    label = checked_name(label, "label")
    with transaction.atomic():
        actor.require(Permission.API_KEYS_WRITE, app.workspace)
        now = timezone.now()
        if expires_at is not None and expires_at <= now:
            raise invalid("expires_at", "This moment has passed.")
        _require_current(app)
        issued = _insert(app, actor, label, expires_at, now)
        _record(Action.RUNTIME_KEY_ISSUED, issued.key, actor)
    return issued


def rotate(key: RuntimeKey, *, actor: Actor, overlap_seconds: int) -> IssuedKey:
    """A new key in the place of an old one, which lives on for `overlap_seconds` (0 to 604,800) or until its own
    expiry, whichever is sooner. Of two rotations at once one wins.

    Raises: api_key_not_active (409) for a key that was rotated, revoked or has expired; invalid_request (400).
    """
    if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAX:
        raise invalid("overlap_seconds", f"From 0 to {OVERLAP_SECONDS_MAX} seconds.")
    with transaction.atomic():
        actor.require(Permission.API_KEYS_WRITE, key.workspace)
        _require_current(key.app)
        now = timezone.now()
        ends = now + timedelta(seconds=overlap_seconds)
        if key.expires_at is not None:
            ends = min(ends, key.expires_at)
        rotated = (
            RuntimeKey.objects.good(now).filter(pk=key.pk, rotated_at=None).update(rotated_at=now, expires_at=ends)
        )
        if not rotated:
            raise Refusal(Code.API_KEY_NOT_ACTIVE)
        issued = _insert(key.app, actor, key.label, key.expires_at, now)
        RuntimeKey.objects.filter(pk=key.pk).update(rotated_to=issued.key)
        details: dict[str, object] = {"new_key_id": issued.key.pk, "overlap_seconds": overlap_seconds}
        _record(Action.RUNTIME_KEY_ROTATED, key, actor, details)
    return issued


def revoke(key: RuntimeKey, *, actor: Actor) -> bool:
    """Kills a key from the next call on, in every process. False when it was revoked already."""
    with transaction.atomic():
        actor.require(Permission.API_KEYS_WRITE, key.workspace)
        ended = RuntimeKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
        if ended:
            _record(Action.RUNTIME_KEY_REVOKED, key, actor)
    return bool(ended)


def _insert(app: App, actor: Actor, label: str, expires_at: datetime | None, now: datetime) -> IssuedKey:
    credential = issue_credential(Kind.RUNTIME_KEY)
    key = RuntimeKey(
        digest=credential.digest,
        hint=credential.hint,
        workspace=app.workspace,
        app=app,
        label=label,
        issued_by=actor.user,
        issued_by_agent=actor.token.label if actor.token else "",
        created_at=now,
        expires_at=expires_at,
    )
    key.save(force_insert=True)
    return IssuedKey(key, credential.secret)


def _require_current(app: App) -> None:
    """The row is locked: an archive at the same moment comes before or after, never in between."""
    if App.objects.select_for_update().filter(pk=app.pk, archived_at=None).first() is None:
        raise Refusal(Code.NOT_FOUND)


def _record(action: Action, key: RuntimeKey, actor: Actor, details: dict[str, object] | None = None) -> None:
    record(
        action,
        actor=actor,
        workspace=key.workspace,
        subject_id=key.pk,
        subject_name=f"{key.label} ({key.hint})",
        details=details,
    )
