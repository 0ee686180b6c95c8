"""The acts on workspaces."""

from django.db import transaction

from accounts.actors import Actor
from accounts.audit.models import Action
from accounts.audit.rules import record
from accounts.permissions import Permission, Role
from accounts.refusals import Code, Refusal, invalid
from accounts.text import hostile_character, is_visible
from accounts.workspaces.models import Membership, Workspace


def create(*, actor: Actor, name: str) -> Workspace:
    """A new workspace, owned by the human who makes it.

    Raises: session_required for anyone but a signed-in human; invalid_request for a name that cannot be seen.
    """
    if actor.user is None or actor.token is not None:
        raise Refusal(Code.SESSION_REQUIRED)
    name = checked_name(name)
    with transaction.atomic():
        workspace = Workspace(name=name)
        workspace.save(force_insert=True)
        Membership(workspace=workspace, user=actor.user, role=Role.OWNER).save(force_insert=True)
        record(Action.WORKSPACE_CREATED, actor=actor, workspace=workspace, subject_id=workspace.pk, subject_name=name)
    return workspace


def rename(workspace: Workspace, *, actor: Actor, name: str) -> Workspace:
    """Changes the name people see; ids and links stay."""
    name = checked_name(name)
    with transaction.atomic():
        actor.require(Permission.WORKSPACE_RENAME, workspace)
        before = workspace.name
        workspace.name = name
        workspace.save(update_fields=["name"])
        record(
            Action.WORKSPACE_RENAMED,
            actor=actor,
            workspace=workspace,
            subject_id=workspace.pk,
            subject_name=name,
            details={"before": before},
        )
    return workspace


def checked_name(name: str, field: str = "name") -> str:
    """The name without outer spaces; refuses what is empty, too long or cannot be stored."""
    name = name.strip()
    if (hostile := hostile_character(name)) is not None:
        raise invalid(field, f"The character {hostile} is not allowed.")
    if not is_visible(name) or len(name) > 80:
        raise invalid(field, "Give it a name of 1 to 80 visible characters.")
    return name


def owners_and(workspace: Workspace, email: str) -> list[str]:
    """The addresses of everybody who answers for the workspace, and one more; each once."""
    owners = Membership.objects.filter(workspace=workspace, role=Role.OWNER, user__is_active=True)
    return sorted({email, *owners.values_list("user__email", flat=True)})
