"""The JSON face of caps."""

from typing import Any

from ninja import Query

from accounts.endpoints import Answer, ApiRequest, rfc3339
from accounts.paging import page_of
from accounts.refusals import Code, Refusal
from accounts.schemas import ListQuery
from apps.budgets import rules
from apps.budgets.models import BudgetPolicy, DefaultUserPolicy
from apps.budgets.schemas import CapQuery, CapSet
from apps.external_users.api import find as find_user
from apps.registry.api import find as find_app
from billing.amounts import to_credits


def on_app(request: ApiRequest, app_id: str, query: Query[ListQuery]) -> Answer:
    """List the caps on an app."""
    rows = BudgetPolicy.objects.filter(app=find_app(request, app_id), external_user=None)
    return _page(rows, query)


def set_on_app(request: ApiRequest, app_id: str, body: CapSet) -> Answer:
    """Set or replace an app's cap for one resource type and period; what was spent stays."""
    policy, new = rules.set_on_app(find_app(request, app_id), actor=request.actor, cap=body.cap())
    return Answer(shown(policy), status=201 if new else 200)


def remove_from_app(request: ApiRequest, app_id: str, policy_id: str) -> Answer:
    """Remove a cap of an app or of one of its end-users."""
    rows = BudgetPolicy.objects.select_related("app", "workspace", "external_user")
    policy = rows.filter(app=find_app(request, app_id), pk=policy_id).first()
    return _removed(request, policy)


def on_user(request: ApiRequest, app_id: str, ref: str, query: Query[ListQuery]) -> Answer:
    """List the caps on an end-user."""
    rows = BudgetPolicy.objects.filter(external_user=find_user(request, app_id, ref)).select_related("external_user")
    return _page(rows, query)


def set_on_user(request: ApiRequest, app_id: str, ref: str, body: CapSet) -> Answer:
    """Set or replace an end-user's cap for one resource type and period."""
    policy, new = rules.set_on_user(find_user(request, app_id, ref), actor=request.actor, cap=body.cap())
    return Answer(shown(policy), status=201 if new else 200)


def remove_from_user(request: ApiRequest, app_id: str, ref: str, query: Query[CapQuery]) -> Answer:
    """Remove an end-user's cap for one resource type and period."""
    user = find_user(request, app_id, ref)
    rows = BudgetPolicy.objects.select_related("app", "workspace", "external_user")
    policy = rows.filter(external_user=user, resource_type=query.resource_type, period=query.period).first()
    return _removed(request, policy)


def set_default(request: ApiRequest, app_id: str, body: CapSet) -> Answer:
    """Set the cap for end-users first seen at spending time."""
    return Answer(shown(rules.set_default(find_app(request, app_id), actor=request.actor, cap=body.cap())))


def shown(policy: BudgetPolicy | DefaultUserPolicy) -> dict[str, Any]:
    user = policy.external_user if isinstance(policy, BudgetPolicy) else None
    return {
        "id": policy.pk if isinstance(policy, BudgetPolicy) else None,
        "app_id": policy.app_id,
        "external_user_ref": user.ref if user else None,
        "limit_credits": to_credits(policy.limit_micro),
        "enforcement": policy.enforcement,
        "resource_type": policy.resource_type,
        "period": policy.period,
        "created_at": rfc3339(policy.created_at),
        "updated_at": rfc3339(policy.updated_at),
    }


def _page(rows: Any, query: ListQuery) -> Answer:
    page = page_of(rows, query.cursor, query.limit)
    return Answer([shown(policy) for policy in page.rows], page={"next_cursor": page.next_cursor})


def _removed(request: ApiRequest, policy: BudgetPolicy | None) -> Answer:
    if policy is None:
        raise Refusal(Code.NOT_FOUND)
    removed = policy.pk
    rules.remove(policy, actor=request.actor)
    return Answer({"id": removed, "deleted": True})
