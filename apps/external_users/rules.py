"""The acts on external users."""

from enum import Enum

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.audit.models import Action
from accounts.audit.rules import record
from accounts.permissions import Permission
from accounts.refusals import Code, Refusal
from apps.budgets.models import BudgetPolicy, Enforcement
from apps.budgets.rules import locked
from apps.external_users.models import ExternalUser
from apps.registry.models import App


class Keep(Enum):
    """Says that something was not mentioned, where None means to take it away."""

    UNCHANGED = "unchanged"


UNCHANGED = Keep.UNCHANGED


def put(
    app: App, ref: str, *, actor: Actor, display_name: str | None = None, credit_limit: int | Keep | None = UNCHANGED
) -> tuple[ExternalUser, bool]:
    """Creates or changes the end-user with this reference; says whether it is new (or back after a deletion).

    `display_name` None leaves the name as it is. `credit_limit` in micro-credits is the user's hard lifetime policy on
    everything; None takes it away; UNCHANGED leaves it.
    Raises: insufficient_scope, role_not_allowed (403), not_found for an archived app.
    """
    with transaction.atomic():
        actor.require(Permission.EXTERNAL_USERS_WRITE, app.workspace)
        locked(app)
        user = ExternalUser.objects.filter(app=app, ref=ref).first()
        new = user is None or user.deleted_at is not None
        user = user or ExternalUser(app=app, workspace=app.workspace, ref=ref)
        user.deleted_at = None
        if display_name is not None:
            user.display_name = display_name
        user.save()
        if not isinstance(credit_limit, Keep):
            _set_credit_limit(user, credit_limit)
        details: dict[str, object] = {} if isinstance(credit_limit, Keep) else {"credit_limit_micro": credit_limit}
        _record(Action.EXTERNAL_USER_CREATED if new else Action.EXTERNAL_USER_CHANGED, user, actor, details)
    return user, new


def delete(user: ExternalUser, *, actor: Actor) -> None:
    """Takes an end-user away. Its caps and what it spent stay on record."""
    with transaction.atomic():
        actor.require(Permission.EXTERNAL_USERS_WRITE, user.workspace)
        if not ExternalUser.objects.filter(pk=user.pk, deleted_at=None).update(deleted_at=timezone.now()):
            raise Refusal(Code.NOT_FOUND)
        _record(Action.EXTERNAL_USER_DELETED, user, actor)


def credit_limit_of(user: ExternalUser) -> int | None:
    """The user's hard lifetime limit on everything, in micro-credits."""
    own = BudgetPolicy.objects.filter(
        external_user=user, resource_type="all", period="lifetime", enforcement=Enforcement.HARD
    )
    return own.values_list("limit_micro", flat=True).first()


def _set_credit_limit(user: ExternalUser, limit: int | None) -> None:
    if limit is None:
        # A soft policy is no credit limit: what this caller does not see it does not take away.
        BudgetPolicy.objects.filter(
            external_user=user, resource_type="all", period="lifetime", enforcement=Enforcement.HARD
        ).delete()
        return
    BudgetPolicy.objects.update_or_create(
        external_user=user,
        resource_type="all",
        period="lifetime",
        defaults={"limit_micro": limit, "enforcement": Enforcement.HARD},
        create_defaults={
            "limit_micro": limit,
            "enforcement": Enforcement.HARD,
            "app": user.app,
            "workspace": user.workspace,
        },
    )


def _record(action: Action, user: ExternalUser, actor: Actor, details: dict[str, object] | None = None) -> None:
    record(action, actor=actor, workspace=user.workspace, subject_id=user.pk, subject_name=user.ref, details=details)
