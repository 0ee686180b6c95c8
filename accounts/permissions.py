"""Who may do what: two tables, role → permissions and scope → permissions, and nothing else.

Names follow `account:<subject>:<read|write>` for what an agent may be granted and `workspace:<subject>:<verb>` for
what only humans may do.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Code, Refusal


class Permission(StrEnum):
    """One thing an actor may be allowed to do in a workspace."""

    WORKSPACE_READ = "account:workspace:read"
    TEAM_WRITE = "account:team:write"
    APPS_WRITE = "account:apps:write"
    API_KEYS_WRITE = "account:api_keys:write"
    EXTERNAL_USERS_WRITE = "account:external_users:write"
    CAPS_WRITE = "account:caps:write"
    USAGE_READ = "account:usage:read"
    BILLING_WRITE = "account:billing:write"
    TREASURY_WRITE = "account:treasury:write"
    AUDIT_READ = "workspace:audit:read"
    AGENTS_REVOKE = "workspace:agents:revoke"
    WORKSPACE_RENAME = "workspace:name:write"


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    DEVELOPER = "developer", _("Developer")
    VIEWER = "viewer", _("Viewer")


_VIEWER = frozenset({Permission.WORKSPACE_READ, Permission.USAGE_READ})
_DEVELOPER = _VIEWER | {
    Permission.APPS_WRITE,
    Permission.API_KEYS_WRITE,
    Permission.EXTERNAL_USERS_WRITE,
    Permission.CAPS_WRITE,
}
_ADMIN = frozenset(Permission)

ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.OWNER: _ADMIN,
    Role.ADMIN: _ADMIN - {Permission.TREASURY_WRITE},
    Role.DEVELOPER: _DEVELOPER,
    Role.VIEWER: _VIEWER,
}


class Risk(StrEnum):
    READ = "read"
    WRITE = "write"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an agent may ask for. `guarded` scopes (money, team, keys) need a sign-in in the last five minutes."""

    name: str
    words: Promise
    risk: Risk
    permissions: frozenset[Permission]
    guarded: bool = False

    @property
    def roles(self) -> list[str]:
        """The roles that may grant this scope: those that hold every permission in it."""
        return [role for role, held in ROLE_PERMISSIONS.items() if self.permissions <= held]


def _scope(permission: Permission, words: Promise, risk: Risk, *, guarded: bool = False) -> Scope:
    return Scope(permission.value, words, risk, frozenset({permission}), guarded)


SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        _scope(
            Permission.WORKSPACE_READ,
            _("Look at the workspace: its apps, your role, its billing status"),
            Risk.READ,
        ),
        _scope(Permission.TEAM_WRITE, _("Invite, change and remove team members"), Risk.WRITE, guarded=True),
        _scope(Permission.APPS_WRITE, _("Create apps and manage their activation"), Risk.WRITE),
        _scope(Permission.API_KEYS_WRITE, _("Issue, rotate and revoke keys"), Risk.WRITE, guarded=True),
        _scope(Permission.EXTERNAL_USERS_WRITE, _("Create, list, change and delete end-users of apps"), Risk.WRITE),
        _scope(Permission.CAPS_WRITE, _("Set spending caps on apps and end-users"), Risk.WRITE),
        _scope(Permission.USAGE_READ, _("Read usage by app and end-user"), Risk.READ),
        _scope(
            Permission.BILLING_WRITE,
            _("Start a checkout or open the billing portal; a human still pays"),
            Risk.MONEY,
            guarded=True,
        ),
        _scope(Permission.TREASURY_WRITE, _("Authorize money movement"), Risk.MONEY, guarded=True),
    )
}
DEFAULT_SCOPE = Permission.WORKSPACE_READ.value


def grantable(role: str | None) -> frozenset[str]:
    """The names of the scopes that a member with this role may grant."""
    held = ROLE_PERMISSIONS.get(role or "", frozenset())
    return frozenset(name for name, scope in SCOPES.items() if scope.permissions <= held)


def permissions_of_scopes(names: list[str]) -> frozenset[Permission]:
    """Every permission that a set of granted scopes carries. A name no longer known carries none."""
    return frozenset(permission for name in names if name in SCOPES for permission in SCOPES[name].permissions)


def require_known(scopes: list[str]) -> None:
    if unknown := [name for name in scopes if name not in SCOPES]:
        raise Refusal(Code.UNKNOWN_SCOPE, details={"unknown_scopes": unknown, "known_scopes": list(SCOPES)})


def in_registry_order(scopes: list[str]) -> list[str]:
    """Without repeats, in the order of the registry: the same grant always reads the same."""
    return [name for name in SCOPES if name in set(scopes)]
