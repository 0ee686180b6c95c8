"""The JSON face of runtime keys."""

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from ninja import Query

from accounts.endpoints import Answer, ApiRequest, rfc3339
from accounts.paging import page_of
from accounts.refusals import invalid
from accounts.schemas import NextAction
from apps.registry.api import find as find_app
from apps.runtime_keys import rules
from apps.runtime_keys.actors import RuntimeRequest
from apps.runtime_keys.models import RuntimeKey
from apps.runtime_keys.schemas import KeyIssue, KeyQuery, KeyRotate

CALL_ME = NextAction(command="GET /v1/me", description="Call it with the new key, to see which app it opens.")


def index(request: ApiRequest, query: Query[KeyQuery]) -> Answer:
    """List runtime keys, newest first; without their secrets."""
    keys = RuntimeKey.objects.visible_to(request.actor).select_related("issued_by")
    if query.app_id:
        keys = keys.filter(app=find_app(request, query.app_id))
    page = page_of(keys, query.cursor, query.limit)
    return Answer([shown(key) for key in page.rows], page={"next_cursor": page.next_cursor})


def issue(request: ApiRequest, body: KeyIssue) -> Answer:
    """Issue a runtime key for an app's backend. Its secret is in this answer and nowhere again."""
    app = find_app(request, body.app_id)
    issued = rules.issue(app, actor=request.actor, label=body.label, expires_at=_moment(body.expires_at))
    return _with_secret(issued)


def rotate(request: ApiRequest, key_id: str, body: KeyRotate) -> Answer:
    """Put a new key in the place of an old one, which lives on for the overlap."""
    return _with_secret(rules.rotate(find(request, key_id), actor=request.actor, overlap_seconds=body.overlap_seconds))


def revoke(request: ApiRequest, key_id: str) -> Answer:
    """Revoke a key: refused from the next call on."""
    key = find(request, key_id)
    rules.revoke(key, actor=request.actor)
    key.refresh_from_db(fields=["revoked_at"])
    return Answer(shown(key))


def me(request: RuntimeRequest) -> Answer:
    """Which app this runtime key opens, and whether it is in production."""
    key = request.key
    return Answer(
        {
            "app_id": key.app_id,
            "key_id": key.pk,
            "workspace_id": key.workspace_id,
            "environment": key.app.environment,
            "is_sandbox": key.app.is_sandbox,
            "production_state": key.app.production_state,
        }
    )


def find(request: ApiRequest, key_id: str) -> RuntimeKey:
    return rules.find(key_id, actor=request.actor)


def shown(key: RuntimeKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "app_id": key.app_id,
        "label": key.label,
        "hint": key.hint,
        "status": key.status(timezone.now()),
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339(key.expires_at),
        "last_used_at": rfc3339(key.last_used_at),
        "revoked_at": rfc3339(key.revoked_at),
        "rotated_to_key_id": key.rotated_to_id,
        "issued_by": key.issued_by.email if key.issued_by else None,
        "issued_by_agent": key.issued_by_agent or None,
    }


def _with_secret(issued: rules.IssuedKey) -> Answer:
    data = {**shown(issued.key), "secret": issued.secret}
    return Answer(data, status=201, next_actions=[CALL_ME], secret=True)


def _moment(text: str | None) -> datetime | None:
    """An RFC 3339 time with its zone, in UTC."""
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # no such day, or one that UTC has no year for
    raise invalid("expires_at", "Use an RFC 3339 time with its zone, such as 2027-01-31T12:00:00Z.")
