"""The JSON face of apps."""

from typing import Any

from ninja import Query

from accounts.endpoints import Answer, ApiRequest, rfc3339
from accounts.paging import page_of
from accounts.permissions import Permission
from accounts.schemas import NextAction
from apps.registry import rules
from apps.registry.models import App
from apps.registry.schemas import AppCreate, AppQuery, AppRename


def index(request: ApiRequest, query: Query[AppQuery]) -> Answer:
    """List the workspace's apps, newest first."""
    apps = App.objects.visible_to(request.actor).current().matching(query.q or "")
    if query.environment:
        apps = apps.filter(environment=query.environment)
    page = page_of(apps, query.cursor, query.limit)
    return Answer([shown(app) for app in page.rows], page={"next_cursor": page.next_cursor})


def show(request: ApiRequest, app_id: str) -> Answer:
    """One app."""
    return Answer(shown(find(request, app_id)))


def create(request: ApiRequest, body: AppCreate) -> Answer:
    """Create an app in sandbox, staging or production."""
    assert request.actor.workspace
    app = rules.create(
        actor=request.actor, workspace=request.actor.workspace, name=body.name, environment=body.environment
    )
    return Answer(shown(app), status=201, next_actions=_after_create(request, app))


def rename(request: ApiRequest, app_id: str, body: AppRename) -> Answer:
    """Rename an app; its id and keys stay."""
    return Answer(shown(rules.rename(find(request, app_id), actor=request.actor, name=body.name)))


def archive(request: ApiRequest, app_id: str) -> Answer:
    """Archive an app: its keys die at once, its history stays."""
    return Answer(shown(rules.archive(find(request, app_id), actor=request.actor)))


def find(request: ApiRequest, app_id: str) -> App:
    return rules.find(app_id, actor=request.actor)


def shown(app: App) -> dict[str, Any]:
    return {
        "id": app.pk,
        "workspace_id": app.workspace_id,
        "name": app.name,
        "environment": app.environment,
        "is_sandbox": app.is_sandbox,
        "production_state": app.production_state,
        "created_at": rfc3339(app.created_at),
        "archived_at": rfc3339(app.archived_at),
    }


def _after_create(request: ApiRequest, app: App) -> list[NextAction]:
    """What this caller may do next: only what its scopes or role allow."""
    held = request.actor.permissions_in(app.workspace)
    actions = []
    if Permission.API_KEYS_WRITE in held:
        actions.append(
            NextAction(command="POST /v1/account/api-keys", description=f"Issue a runtime key for {app.pk}.")
        )
    if Permission.CAPS_WRITE in held:
        path = f"/v1/account/apps/{app.pk}/budget-policies"
        actions.append(NextAction(command=f"POST {path}", description="Set a spending cap on the app."))
    return actions
