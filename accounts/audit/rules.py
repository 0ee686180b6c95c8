"""Writing the audit log."""

from typing import Any

from accounts.actors import Actor
from accounts.audit.models import Action, AuditEntry
from accounts.workspaces.models import Workspace


def record(
    action: Action,
    *,
    actor: Actor,
    workspace: Workspace | None,
    subject_id: str = "",
    subject_name: str = "",
    token_id: str = "",
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """Adds one entry. Call it inside the transaction of the act: an act without its line does not exist."""
    entry = AuditEntry(
        workspace=workspace,
        action=action,
        actor_kind=actor.kind.value,
        actor_id=actor.token.pk if actor.token else actor.user.pk if actor.user else "",
        actor_name=actor.name,
        on_behalf_of=actor.user.email if actor.token and actor.user else "",
        token_id=token_id or (actor.token.pk if actor.token else ""),
        subject_id=subject_id,
        subject_name=subject_name,
        details=details or {},
        address=actor.origin.address,
        request_id=actor.origin.request_id,
    )
    entry.save(force_insert=True)
    return entry
