"""Runtime keys: what an app's backend holds."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.actors import Actor
from accounts.ids import TypeIDField
from accounts.workspaces.models import Workspace
from apps.registry.models import App

LABEL_LENGTH = 80
OVERLAP_SECONDS_MAX = 604_800


class RuntimeKeyQuerySet(models.QuerySet["RuntimeKey"]):
    def visible_to(self, actor: Actor) -> "RuntimeKeyQuerySet":
        """The keys of the workspace the actor stands in."""
        return self.filter(workspace=actor.workspace) if actor.workspace else self.none()

    def good(self, now: datetime) -> "RuntimeKeyQuerySet":
        """Neither revoked nor expired, of an app that is not archived."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
        return self.filter(unexpired, revoked_at=None, app__archived_at=None)


class RuntimeKey(models.Model):
    """Credential of an app's backend (`ck_…`). Stored as HMAC only. A rotated key lives on for its overlap."""

    id = TypeIDField("key", primary_key=True)
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=16)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="runtime_keys")
    label = models.CharField(max_length=LABEL_LENGTH)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # The agent that asked for it, copied: its token is gone long before the key is.
    issued_by_agent = models.CharField(max_length=LABEL_LENGTH, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    rotated_at = models.DateTimeField(null=True)
    rotated_to = models.OneToOneField("self", on_delete=models.SET_NULL, null=True, related_name="rotated_from")
    revoked_at = models.DateTimeField(null=True)

    objects = RuntimeKeyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gte=F("created_at")), name="runtime_key_expires_later"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-id"], name="runtime_key_by_workspace"),
            models.Index(fields=["app", "-id"], name="runtime_key_by_app"),
        ]

    def status(self, now: datetime) -> str:
        """What lists say: active, rotating (replaced, in its overlap), expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "rotating" if self.rotated_at is not None else "active"
