"""The JSON face of external users."""

import re
from typing import Any

from ninja import Query

from accounts.endpoints import Answer, ApiRequest, rfc3339
from accounts.paging import page_of
from accounts.refusals import Code, Refusal, invalid
from apps.external_users import rules
from apps.external_users.models import REF_PATTERN, ExternalUser
from apps.external_users.schemas import UserPut, UserQuery
from apps.registry.api import find as find_app
from billing.amounts import to_credits


def index(request: ApiRequest, app_id: str, query: Query[UserQuery]) -> Answer:
    """List an app's end-users, newest first."""
    users = ExternalUser.objects.filter(app=find_app(request, app_id)).current().matching(query.q or "")
    page = page_of(users, query.cursor, query.limit)
    return Answer([shown(user) for user in page.rows], page={"next_cursor": page.next_cursor})


def show(request: ApiRequest, app_id: str, ref: str) -> Answer:
    """One end-user of an app."""
    return Answer(shown(find(request, app_id, ref)))


def put(request: ApiRequest, app_id: str, ref: str, body: UserPut) -> Answer:
    """Create or change an end-user; `credit_limit` is its hard lifetime cap on everything."""
    if not re.fullmatch(REF_PATTERN, ref):
        raise invalid("ref", "1 to 128 characters of A-Z, a-z, 0-9 and . _ : @ -")
    given = body.model_fields_set
    user, new = rules.put(
        find_app(request, app_id),
        ref,
        actor=request.actor,
        display_name=body.display_name or "" if "display_name" in given else None,
        credit_limit=body.credit_limit if "credit_limit" in given else rules.UNCHANGED,
    )
    return Answer(shown(user), status=201 if new else 200)


def delete(request: ApiRequest, app_id: str, ref: str) -> Answer:
    """Delete an end-user. What it spent stays on record, and so do its caps should it come back."""
    user = find(request, app_id, ref)
    rules.delete(user, actor=request.actor)
    return Answer({"id": user.pk, "ref": user.ref, "deleted": True})


def find(request: ApiRequest, app_id: str, ref: str) -> ExternalUser:
    app = find_app(request, app_id)
    if not re.fullmatch(REF_PATTERN, ref):
        raise Refusal(Code.NOT_FOUND)
    user = ExternalUser.objects.current().select_related("app__workspace", "workspace").filter(app=app, ref=ref).first()
    if user is None:
        raise Refusal(Code.NOT_FOUND)
    return user


def shown(user: ExternalUser) -> dict[str, Any]:
    return {
        "id": user.pk,
        "app_id": user.app_id,
        "ref": user.ref,
        "display_name": user.display_name or None,
        "credit_limit": to_credits(rules.credit_limit_of(user)),
        "created_at": rfc3339(user.created_at),
    }
