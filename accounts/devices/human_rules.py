"""What a human does with a request: finds it by its code, approves, denies, takes back, stops.

Every guard is one conditional UPDATE whose row count decides; the page and the JSON face call these and nothing else.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import outbox
from accounts.actors import Actor, ActorKind
from accounts.addresses import network
from accounts.audit.models import Action
from accounts.audit.rules import record
from accounts.devices.models import (
    KEPT_AFTER_EXPIRY,
    LIFETIME_SECONDS_MAX,
    LIFETIME_SECONDS_MIN,
    REASON_LENGTH,
    DeviceAuthorization,
    State,
)
from accounts.devices.user_codes import normalized
from accounts.permissions import SCOPES, Permission, grantable, in_registry_order
from accounts.rate_limits import Limit, Verdict, count, standing
from accounts.refusals import Code, Refusal, invalid
from accounts.text import hostile_character
from accounts.tokens.models import AccountToken, RevokedBy
from accounts.tokens.rules import revoke as revoke_token
from accounts.workspaces.models import Membership, Workspace
from accounts.workspaces.rules import checked_name, owners_and
from accounts.workspaces.rules import create as create_workspace

WRONG_CODES_PER_ACCOUNT = Limit("device-wrong-code-account", 10, 600)
WRONG_CODES_PER_ADDRESS = Limit("device-wrong-code-address", 10, 600)
FRESH_SIGN_IN = timedelta(minutes=5)


def find(typed: str, *, actor: Actor) -> DeviceAuthorization:
    """The request behind a code that a signed-in human typed or followed.

    Raises: account_device_code_unknown (404), account_device_code_entry_locked (429) after ten wrong codes in ten
    minutes from this account or this address; a right code does not reset the count.
    """
    user = _human(actor)
    counters = [(WRONG_CODES_PER_ACCOUNT, user), (WRONG_CODES_PER_ADDRESS, network(actor.origin.address))]
    standings = [standing(limit, subject, secret=settings.SECRET_KEY) for limit, subject in counters]
    if locked := [row for row in standings if row.remaining == 0]:
        wait = max(row.resets_in for row in locked)
        details = {"retry_after_seconds": wait}
        headers = {**Verdict(standings).headers, "Retry-After": str(wait)}
        raise Refusal(Code.CODE_ENTRY_LOCKED, details=details, headers=headers)
    code = normalized(typed)
    authorization = (
        DeviceAuthorization.objects.select_related("workspace", "decided_by", "token").filter(user_code=code).first()
        if code
        else None
    )
    if authorization is None or authorization.expires_at + KEPT_AFTER_EXPIRY <= timezone.now():
        count(counters, secret=settings.SECRET_KEY)
        raise Refusal(Code.DEVICE_CODE_UNKNOWN)
    return authorization


def approve(
    authorization: DeviceAuthorization,
    *,
    actor: Actor,
    workspace: Workspace | None = None,
    new_workspace_name: str | None = None,
    scopes: list[str],
    lifetime_seconds: int,
) -> DeviceAuthorization:
    """A human lets the agent in: one workspace (chosen, or made in the same transaction), scopes, a lifetime.

    `lifetime_seconds` is 900 to 28,800, counted from the moment the agent collects its token.
    Raises: session_required, reauthentication_required, scope_not_grantable (403), invalid_request (400),
    account_device_already_decided (409), account_device_expired (410).
    """
    _human(actor)
    _check_grant(authorization, scopes, lifetime_seconds)
    with transaction.atomic():
        require_open(authorization)
        require_fresh_sign_in(actor, scopes)
        if workspace is None:
            if new_workspace_name is None:
                raise invalid("workspace_id", "Choose a workspace, or name a new one in `new_workspace_name`.")
            workspace = create_workspace(actor=actor, name=checked_name(new_workspace_name, "new_workspace_name"))
        require_grantable(actor, workspace, scopes)
        now = timezone.now()
        decided = (
            DeviceAuthorization.objects.open(now)
            .filter(pk=authorization.pk)
            .update(
                state=State.APPROVED,
                decided_by=actor.user,
                decided_at=now,
                workspace=workspace,
                granted_scopes=in_registry_order(scopes),
                lifetime_seconds=lifetime_seconds,
            )
        )
        if not decided:
            raise _why_not_open(authorization)
        record(
            Action.DEVICE_APPROVED,
            actor=actor,
            workspace=workspace,
            subject_id=authorization.pk,
            subject_name=authorization.client_label,
            details={"scopes": in_registry_order(scopes), "lifetime_seconds": lifetime_seconds},
        )
        _tell_approval(authorization, workspace, actor, scopes, lifetime_seconds)
    authorization.refresh_from_db()
    return authorization


def deny(authorization: DeviceAuthorization, *, actor: Actor, reason: str = "") -> DeviceAuthorization:
    """A human says no; or the approver takes an approval back before the agent collected it. The agent hears
    `denied` and the reason.

    Raises: session_required (403), invalid_request (400), account_device_already_decided (409),
    account_device_expired (410).
    """
    _human(actor)
    reason = _checked_reason(reason)
    with transaction.atomic():
        now = timezone.now()
        row = DeviceAuthorization.objects.filter(pk=authorization.pk, expires_at__gt=now)
        denied = row.filter(state=State.PENDING).update(
            state=State.DENIED, decided_by=actor.user, decided_at=now, reason=reason
        )
        withdrawn = not denied and row.filter(state=State.APPROVED, decided_by=actor.user).update(
            state=State.DENIED, decided_at=now, reason=reason
        )
        if not denied and not withdrawn:
            raise _why_not_open(authorization)
        authorization.refresh_from_db()
        record(
            Action.DEVICE_WITHDRAWN if withdrawn else Action.DEVICE_DENIED,
            actor=actor,
            workspace=authorization.workspace,
            subject_id=authorization.pk,
            subject_name=authorization.client_label,
            details={"reason": reason} if reason else {},
        )
    return authorization


def stop(authorization: DeviceAuthorization, *, actor: Actor) -> None:
    """Ends whatever this authorization gave: an approval not collected yet is withdrawn, a token is revoked.
    Does nothing when it has ended already."""
    with transaction.atomic():
        current = DeviceAuthorization.objects.select_for_update().get(pk=authorization.pk)
        if current.state == State.CONSUMED and current.token_id:
            token = AccountToken.objects.select_related("workspace", "granted_by").get(pk=current.token_id)
            revoke_token(token, actor=actor, by=RevokedBy.HUMAN)
            return
        if current.state != State.APPROVED or current.workspace is None:
            return
        _require_may_stop(current, actor)
        DeviceAuthorization.objects.filter(pk=current.pk, state=State.APPROVED).update(
            state=State.DENIED, decided_at=timezone.now()
        )
        record(
            Action.DEVICE_WITHDRAWN,
            actor=actor,
            workspace=current.workspace,
            subject_id=current.pk,
            subject_name=current.client_label,
        )


def prune(now: datetime) -> int:
    """Forgets requests a day after their code expired, unless a token came of them. Called by the worker."""
    old = DeviceAuthorization.objects.filter(expires_at__lt=now - KEPT_AFTER_EXPIRY, token=None)
    return old.delete()[0]


def require_open(authorization: DeviceAuthorization) -> None:
    authorization.refresh_from_db(fields=["state", "expires_at"])
    if authorization.state != State.PENDING or authorization.has_expired(timezone.now()):
        raise _why_not_open(authorization)


def require_fresh_sign_in(actor: Actor, scopes: list[str]) -> None:
    """Scopes for money, team and keys need a sign-in or re-authentication in the last five minutes."""
    if not any(SCOPES[name].guarded for name in scopes):
        return
    if actor.signed_in_at is None or timezone.now() - actor.signed_in_at > FRESH_SIGN_IN:
        raise Refusal(Code.REAUTHENTICATION_REQUIRED)


def require_grantable(actor: Actor, workspace: Workspace, scopes: list[str]) -> None:
    """The actor's role must be able to grant every chosen scope. The membership row is locked against a demotion
    at the same moment."""
    row = Membership.objects.select_for_update().filter(workspace=workspace, user=actor.user).first()
    if row is None:
        raise Refusal(Code.NOT_FOUND, _("There is no such workspace, or you do not belong to it."))
    if beyond := [name for name in in_registry_order(scopes) if name not in grantable(row.role)]:
        raise Refusal(
            Code.SCOPE_NOT_GRANTABLE,
            details={"scopes": beyond, "role": row.role, "roles_that_may": SCOPES[beyond[0]].roles},
        )


def _human(actor: Actor) -> str:
    if actor.kind != ActorKind.USER or actor.user is None or not actor.user.is_active:
        raise Refusal(Code.SESSION_REQUIRED)
    return actor.user.pk


def _check_grant(authorization: DeviceAuthorization, scopes: list[str], lifetime_seconds: int) -> None:
    if not scopes:
        raise invalid("scopes", "Choose at least one scope, or deny the request.")
    for index, name in enumerate(scopes):
        if name not in authorization.requested_scopes:
            raise invalid(f"scopes.{index}", "The agent did not ask for this scope.")
    if not LIFETIME_SECONDS_MIN <= lifetime_seconds <= LIFETIME_SECONDS_MAX:
        raise invalid("lifetime_seconds", f"From {LIFETIME_SECONDS_MIN} to {LIFETIME_SECONDS_MAX} seconds.")


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if (hostile := hostile_character(reason)) is not None:
        raise invalid("reason", f"The character {hostile} is not allowed.")
    if len(reason) > REASON_LENGTH:
        raise invalid("reason", f"At most {REASON_LENGTH} characters.")
    return reason


def _why_not_open(authorization: DeviceAuthorization) -> Refusal:
    current = DeviceAuthorization.objects.get(pk=authorization.pk)
    if current.status(timezone.now()) == "expired":
        return Refusal(Code.DEVICE_EXPIRED)
    return Refusal(Code.DEVICE_ALREADY_DECIDED)


def _require_may_stop(authorization: DeviceAuthorization, actor: Actor) -> None:
    approver = actor.user is not None and actor.user.pk == authorization.decided_by_id
    if actor.kind == ActorKind.SYSTEM or (actor.kind == ActorKind.USER and approver):
        return
    assert authorization.workspace
    actor.require(Permission.AGENTS_REVOKE, authorization.workspace)


def _tell_approval(
    authorization: DeviceAuthorization, workspace: Workspace, actor: Actor, scopes: list[str], lifetime: int
) -> None:
    """Mail to the approver and the owners, each with a link that stops the agent without signing in."""
    assert actor.user
    for address in owners_and(workspace, actor.user.email):
        outbox.mail(
            "device_approved",
            to=address,
            context={
                "label": authorization.client_label,
                "approver": actor.user.email,
                "workspace": workspace.name,
                "workspace_id": workspace.pk,
                "scopes": in_registry_order(scopes),
                "minutes": lifetime // 60,
                "address": authorization.address,
                "authorization_id": authorization.pk,
            },
        )
