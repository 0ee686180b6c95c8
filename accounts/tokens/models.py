"""Account tokens: what an agent holds after a human let it in."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.actors import Actor
from accounts.ids import TypeIDField
from accounts.permissions import Permission, grantable
from accounts.workspaces.models import Membership, Workspace


class RevokedBy(models.TextChoices):
    AGENT = "agent"
    HUMAN = "human"
    REUSE_DETECTION = "reuse_detection"


class AccountTokenQuerySet(models.QuerySet["AccountToken"]):
    def live(self, now: datetime | None = None) -> "AccountTokenQuerySet":
        """Neither revoked nor expired. Whether the granter may still grant is asked at each use."""
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())

    def visible_to(self, actor: Actor) -> "AccountTokenQuerySet":
        """The tokens of the actor's workspaces."""
        return self.filter(workspace__in=actor.workspaces())

    def with_granter_role(self) -> "AccountTokenQuerySet":
        """Annotates `granter_role`: the role of the granting human in the workspace, null when they left."""
        role = Membership.objects.filter(workspace=models.OuterRef("workspace"), user=models.OuterRef("granted_by"))
        return self.select_related("workspace", "granted_by").annotate(
            granter_role=models.Subquery(role.values("role")[:1])
        )


class AccountToken(models.Model):
    """Short-lived, revocable, scoped credential of an agent in one workspace (`lat_…`). Stored as HMAC only."""

    id = TypeIDField("tok", primary_key=True)
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=16)
    label = models.CharField(max_length=80)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="account_tokens")
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="granted_tokens")
    scopes = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_address = models.CharField(max_length=45, default="")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=16, choices=RevokedBy.choices, default="", blank=True)

    objects = AccountTokenQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="account_token_expires"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by="") | Q(revoked_at__isnull=False) & ~Q(revoked_by=""),
                name="account_token_revocation_is_attributed",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "-id"], name="account_token_by_workspace")]

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now

    def granter_may_grant(self, role: str | None) -> bool:
        """Whether the human behind it could grant all of it today: active, still a member, with a role that may."""
        return self.granted_by.is_active and set(self.scopes) <= grantable(role)

    def lacks(self, permission: Permission) -> bool:
        return permission.value not in self.scopes
