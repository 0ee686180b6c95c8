"""Who is asking, and with what authority."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Optional

from accounts.permissions import ROLE_PERMISSIONS, SCOPES, Permission, permissions_of_scopes
from accounts.refusals import Code, Refusal

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.tokens.models import AccountToken
    from accounts.users.models import User
    from accounts.workspaces.models import Workspace


class ActorKind(StrEnum):
    ANYONE = "anyone"
    USER = "user"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an act came from; goes into the audit log."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """A browser user, an account token, the system, or anyone at all.

    `user` is the human who acts, or for an agent the one who let it in. `workspace` is the one a credential is bound
    to, or the one a browser session has chosen. Look-ups start here, so that another workspace's rows are not there
    to be found.
    """

    kind: ActorKind = ActorKind.ANYONE
    user: Optional["User"] = None
    token: Optional["AccountToken"] = None
    workspace: Optional["Workspace"] = None
    role: str | None = None
    signed_in_at: datetime | None = None
    origin: Origin = field(default_factory=Origin)

    @property
    def name(self) -> str:
        if self.token:
            return self.token.label
        return self.user.email if self.user else self.kind.value

    def workspaces(self) -> "QuerySet[Workspace]":
        """The workspaces this actor belongs to or is bound to."""
        from accounts.workspaces.models import Workspace

        if self.kind == ActorKind.USER and self.user:
            return Workspace.objects.filter(memberships__user=self.user)
        return Workspace.objects.filter(pk=self.workspace.pk) if self.workspace else Workspace.objects.none()

    def role_in(self, workspace: "Workspace") -> str | None:
        """The role of the human behind this actor, read anew: a demotion holds from the next act on."""
        from accounts.workspaces.models import Membership

        if self.user is None or not self.user.is_active:
            return None
        return Membership.objects.filter(workspace=workspace, user=self.user).values_list("role", flat=True).first()

    def permissions_in(self, workspace: "Workspace") -> frozenset[Permission]:
        """What this actor may do in a workspace; nothing where it does not belong."""
        if self.kind == ActorKind.USER:
            return ROLE_PERMISSIONS.get(self.role_in(workspace) or "", frozenset())
        if self.kind == ActorKind.AGENT and self.token and self.token.workspace_id == workspace.pk:
            return permissions_of_scopes(self.token.scopes)
        return frozenset()

    def require(self, permission: Permission, workspace: "Workspace") -> None:
        """Raises the refusal that fits: strangers get not_found, members and agents without the right a 403."""
        if permission in self.permissions_in(workspace):
            return
        if self.kind == ActorKind.AGENT and self.token and self.token.workspace_id == workspace.pk:
            raise insufficient_scope(permission)
        if self.kind == ActorKind.USER and self.role_in(workspace):
            raise Refusal(Code.FORBIDDEN_ROLE)
        raise Refusal(Code.NOT_FOUND)


def insufficient_scope(permission: Permission) -> Refusal:
    """403 for an agent. Acts only humans may do have no scope to ask for."""
    if permission.value not in SCOPES:
        return Refusal(Code.SESSION_REQUIRED)
    return Refusal(
        Code.INSUFFICIENT_SCOPE,
        details={"required_scope": permission.value},
        headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{permission.value}"'},
    )


SYSTEM = Actor(kind=ActorKind.SYSTEM)
