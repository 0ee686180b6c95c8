"""The acts on apps."""

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.audit.models import Action
from accounts.audit.rules import record
from accounts.permissions import Permission
from accounts.refusals import Code, Refusal, invalid
from accounts.workspaces.models import Workspace
from accounts.workspaces.rules import checked_name
from apps.registry.models import App, Environment
from apps.runtime_keys.models import RuntimeKey


def find(app_id: str, *, actor: Actor) -> App:
    """The actor's app with this id; not_found for anybody else's, archived or unknown."""
    app = App.objects.visible_to(actor).current().select_related("workspace").filter(pk=app_id).first()
    if app is None:
        raise Refusal(Code.NOT_FOUND)
    return app


def create(*, actor: Actor, workspace: Workspace, name: str, environment: str) -> App:
    """A new app. A production app starts blocked until it is activated.

    Raises: insufficient_scope, role_not_allowed (403), invalid_request (400).
    """
    name = checked_name(name)
    if environment not in Environment.values:
        raise invalid("environment", f"One of {', '.join(Environment.values)}.")
    with transaction.atomic():
        actor.require(Permission.APPS_WRITE, workspace)
        app = App(workspace=workspace, name=name, environment=environment, created_by=actor.user)
        app.save(force_insert=True)
        _record(Action.APP_CREATED, app, actor, {"environment": environment})
    return app


def rename(app: App, *, actor: Actor, name: str) -> App:
    """Changes the name people see; id, keys and links stay."""
    name = checked_name(name)
    with transaction.atomic():
        actor.require(Permission.APPS_WRITE, app.workspace)
        before = App.objects.select_for_update().get(pk=app.pk)
        if before.archived_at is not None:
            raise Refusal(Code.NOT_FOUND)
        if before.name != name:
            App.objects.filter(pk=app.pk).update(name=name)
            app.name = name
            _record(Action.APP_RENAMED, app, actor, {"before": before.name})
    app.name = name
    return app


def archive(app: App, *, actor: Actor) -> App:
    """Ends an app: its keys die at once, its history stays. Archiving twice is not_found, as for what is gone."""
    with transaction.atomic():
        actor.require(Permission.APPS_WRITE, app.workspace)
        now = timezone.now()
        if not App.objects.filter(pk=app.pk, archived_at=None).update(archived_at=now):
            raise Refusal(Code.NOT_FOUND)
        killed = RuntimeKey.objects.filter(app=app, revoked_at=None).update(revoked_at=now)
        app.archived_at = now
        _record(Action.APP_ARCHIVED, app, actor, {"keys_revoked": killed})
    return app


def _record(action: Action, app: App, actor: Actor, details: dict[str, object]) -> None:
    record(action, actor=actor, workspace=app.workspace, subject_id=app.pk, subject_name=app.name, details=details)
