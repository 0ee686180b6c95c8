"""The audit log: who did what, with which authority, from where. Rows are only ever added."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.ids import TypeIDField
from accounts.workspaces.models import Workspace


class Action(models.TextChoices):
    """What can be done, as `subject:past-verb`."""

    WORKSPACE_CREATED = "workspace:created"
    WORKSPACE_RENAMED = "workspace:renamed"
    DEVICE_APPROVED = "device_authorization:approved"
    DEVICE_DENIED = "device_authorization:denied"
    DEVICE_WITHDRAWN = "device_authorization:withdrawn"
    DEVICE_COLLECTED = "device_authorization:collected"
    DEVICE_REUSED = "device_authorization:reused"
    APP_CREATED = "app:created"
    APP_RENAMED = "app:renamed"
    APP_ARCHIVED = "app:archived"
    RUNTIME_KEY_ISSUED = "runtime_key:issued"
    RUNTIME_KEY_ROTATED = "runtime_key:rotated"
    RUNTIME_KEY_REVOKED = "runtime_key:revoked"
    EXTERNAL_USER_CREATED = "external_user:created"
    EXTERNAL_USER_CHANGED = "external_user:changed"
    EXTERNAL_USER_DELETED = "external_user:deleted"
    CAP_SET = "budget_policy:set"
    CAP_REMOVED = "budget_policy:removed"
    DEFAULT_CAP_SET = "default_user_policy:set"
    TOKEN_REVOKED = "account_token:revoked"  # noqa: S105  (a name, not a secret)


class AuditEntry(models.Model):
    """One act. Names are copied, so that the log stays readable when a user or token is gone."""

    id = TypeIDField("aud", primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, null=True, related_name="audit_entries")
    action = models.CharField(max_length=48, choices=Action.choices)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=40, default="")
    actor_name = models.CharField(max_length=254, default="")
    on_behalf_of = models.CharField(max_length=254, default="")
    token_id = models.CharField(max_length=40, default="")
    subject_id = models.CharField(max_length=40, default="")
    subject_name = models.CharField(max_length=254, default="")
    details = models.JSONField(default=dict)
    address = models.CharField(max_length=45, default="")
    request_id = models.CharField(max_length=64, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-id"], name="audit_by_workspace"),
            models.Index(fields=["token_id", "id"], name="audit_by_token", condition=~models.Q(token_id="")),
        ]
