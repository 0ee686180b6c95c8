"""The acts on caps. Each locks the app first, so that a cap and an activation never pass each other."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.audit.models import Action
from accounts.audit.rules import record
from accounts.permissions import Permission
from accounts.refusals import Code, Refusal
from apps.budgets.models import BudgetPolicy, DefaultUserPolicy, Enforcement, ResourceType
from apps.external_users.models import ExternalUser
from apps.registry.models import App, AppState


@dataclass(frozen=True, slots=True)
class Cap:
    """What is asked for: a limit in micro-credits, on what, how strictly, for which period."""

    limit_micro: int
    enforcement: str
    resource_type: str = "all"
    period: str = "lifetime"

    @property
    def is_gate(self) -> bool:
        """Whether it is the kind of cap that lets an app go live."""
        return self.enforcement == Enforcement.HARD and self.resource_type == ResourceType.ALL


def set_on_app(app: App, *, actor: Actor, cap: Cap) -> tuple[BudgetPolicy, bool]:
    """Sets or replaces the app's cap for one resource type and period; says whether it is new. What was spent stays.

    Raises: insufficient_scope, role_not_allowed (403), cap_required (409) when this would soften the last hard cap of
    an active app, not_found for an archived app.
    """
    return _set(app, None, actor, cap)


def set_on_user(user: ExternalUser, *, actor: Actor, cap: Cap) -> tuple[BudgetPolicy, bool]:
    """The same for one external user of an app."""
    return _set(user.app, user, actor, cap)


def remove(policy: BudgetPolicy, *, actor: Actor) -> None:
    """Takes a cap away. Raises cap_required (409) for the last hard cap of an active app."""
    with transaction.atomic():
        actor.require(Permission.CAPS_WRITE, policy.workspace)
        app = locked(policy.app)
        if policy.external_user is None:
            _require_another_gate(app, policy)
        if not BudgetPolicy.objects.filter(pk=policy.pk).delete()[0]:
            raise Refusal(Code.NOT_FOUND)
        _record(Action.CAP_REMOVED, policy, actor)


def set_default(app: App, *, actor: Actor, cap: Cap) -> DefaultUserPolicy:
    """The cap for external users first seen at spending time."""
    with transaction.atomic():
        actor.require(Permission.CAPS_WRITE, app.workspace)
        locked(app)
        policy, _ = DefaultUserPolicy.objects.update_or_create(app=app, defaults=_columns(cap))
        record(
            Action.DEFAULT_CAP_SET,
            actor=actor,
            workspace=app.workspace,
            subject_id=app.pk,
            subject_name=app.name,
            details=_columns(cap),
        )
    return policy


def locked(app: App) -> App:
    """The app's row, locked until the end of the transaction. Raises not_found once it is archived."""
    current = App.objects.select_for_update().filter(pk=app.pk, archived_at=None).first()
    if current is None:
        raise Refusal(Code.NOT_FOUND)
    return current


def _set(app: App, user: ExternalUser | None, actor: Actor, cap: Cap) -> tuple[BudgetPolicy, bool]:
    with transaction.atomic():
        actor.require(Permission.CAPS_WRITE, app.workspace)
        current = locked(app)
        same = BudgetPolicy.objects.filter(
            app=app, external_user=user, resource_type=cap.resource_type, period=cap.period
        ).first()
        if same is not None and user is None and not cap.is_gate:
            _require_another_gate(current, same)
        policy = same or BudgetPolicy(workspace=app.workspace, app=app, external_user=user)
        for name, value in _columns(cap).items():
            setattr(policy, name, value)
        policy.save()
        _record(Action.CAP_SET, policy, actor, _columns(cap))
    return policy, same is None


def _require_another_gate(app: App, leaving: BudgetPolicy) -> None:
    """An active app keeps at least one hard cap on everything."""
    if app.production_state != AppState.ACTIVE:
        return
    gates = BudgetPolicy.objects.filter(
        app=app, external_user=None, enforcement=Enforcement.HARD, resource_type=ResourceType.ALL
    )
    if gates.filter(pk=leaving.pk).exists() and not gates.exclude(pk=leaving.pk).exists():
        raise Refusal(Code.CAP_REQUIRED)


def _columns(cap: Cap) -> dict[str, Any]:
    return {
        "limit_micro": cap.limit_micro,
        "enforcement": cap.enforcement,
        "resource_type": cap.resource_type,
        "period": cap.period,
    }


def _record(action: Action, policy: BudgetPolicy, actor: Actor, details: dict[str, Any] | None = None) -> None:
    user = policy.external_user
    name = f"{policy.app.name} · {user.ref}" if user else policy.app.name
    record(
        action, actor=actor, workspace=policy.workspace, subject_id=policy.pk, subject_name=name[:254], details=details
    )
