"""The acts on account tokens: who a presented one speaks for, and how it dies."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor, ActorKind, Origin
from accounts.audit.models import Action
from accounts.audit.rules import record
from accounts.credentials import Kind, digest, kind_of
from accounts.permissions import Permission
from accounts.refusals import Code, Refusal
from accounts.tokens.models import AccountToken, RevokedBy

USE_NOTED_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Presented:
    """What became of a token that someone presented: the token when it is good, else the reason it is not."""

    token: AccountToken | None
    problem: Code | None = None
    role: str | None = None


def inspect(secret: str, now: datetime) -> Presented:
    """Looks a token up: one query, and none for a mistyped one. Changes nothing."""
    if kind_of(secret) is not Kind.ACCOUNT_TOKEN:
        return Presented(None, Code.UNAUTHENTICATED)
    token = AccountToken.objects.with_granter_role().filter(digest=digest(secret)).first()
    if token is None:
        return Presented(None, Code.UNAUTHENTICATED)
    role: str | None = token.granter_role  # type: ignore[attr-defined]  # the annotation
    if token.revoked_at is not None or not token.granter_may_grant(role):
        return Presented(token, Code.TOKEN_REVOKED, role)
    if token.expires_at <= now:
        return Presented(token, Code.TOKEN_EXPIRED, role)
    return Presented(token, None, role)


def authenticate(secret: str, *, origin: Origin) -> Actor:
    """The agent behind a bearer token. Raises unauthenticated, token_expired or token_revoked (401)."""
    now = timezone.now()
    presented = inspect(secret, now)
    if presented.problem is not None or presented.token is None:
        raise unauthenticated(presented.problem or Code.UNAUTHENTICATED)
    token = presented.token
    _note_use(token, now, origin)
    return Actor(
        kind=ActorKind.AGENT,
        user=token.granted_by,
        token=token,
        workspace=token.workspace,
        role=presented.role,
        origin=origin,
    )


def unauthenticated(code: Code = Code.UNAUTHENTICATED) -> Refusal:
    """401 with the challenge that RFC 6750 asks for."""
    error = "" if code is Code.UNAUTHENTICATED else f' error="invalid_token", error_description="{code.code}"'
    return Refusal(code, headers={"WWW-Authenticate": f"Bearer{error}"})


def revoke(token: AccountToken, *, actor: Actor, by: RevokedBy) -> bool:
    """Kills a token at once, everywhere. False when it was dead already.

    An agent may revoke its own; the human who granted it theirs; `workspace:agents:revoke` any of the workspace.
    Keys that were issued with it stay.
    """
    with transaction.atomic():
        _require_may_revoke(token, actor)
        ended = AccountToken.objects.filter(pk=token.pk, revoked_at=None).update(
            revoked_at=timezone.now(), revoked_by=by
        )
        if ended:
            record(
                Action.TOKEN_REVOKED,
                actor=actor,
                workspace=token.workspace,
                token_id=token.pk,
                subject_id=token.pk,
                subject_name=token.label,
                details={"by": by.value},
            )
    return bool(ended)


def _require_may_revoke(token: AccountToken, actor: Actor) -> None:
    own = actor.token is not None and actor.token.pk == token.pk
    granted = actor.kind == ActorKind.USER and actor.user is not None and actor.user.pk == token.granted_by_id
    if own or granted or actor.kind == ActorKind.SYSTEM:
        return
    actor.require(Permission.AGENTS_REVOKE, token.workspace)


def _note_use(token: AccountToken, now: datetime, origin: Origin) -> None:
    """Last use, at most once a minute: bookkeeping that must not cost a write per call."""
    if token.last_used_at is None or now - token.last_used_at > USE_NOTED_EVERY:
        AccountToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_address=origin.address)
