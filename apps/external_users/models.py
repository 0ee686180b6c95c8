"""External users: the end-users of an app, known by the app's own reference."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.ids import TypeIDField
from accounts.workspaces.models import Workspace
from apps.registry.models import App

REF_LENGTH = 128
REF_PATTERN = r"^[A-Za-z0-9._:@-]{1,128}$"
DISPLAY_NAME_LENGTH = 80


class ExternalUserQuerySet(models.QuerySet["ExternalUser"]):
    def current(self) -> "ExternalUserQuerySet":
        return self.filter(deleted_at=None)

    def matching(self, query: str) -> "ExternalUserQuerySet":
        return self.filter(Q(ref__istartswith=query) | Q(display_name__icontains=query)) if query else self


class ExternalUser(models.Model):
    """One end-user of one app. Deleted, it keeps its caps and what it spent: coming back does not start anew."""

    id = TypeIDField("eu", primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="external_users")
    ref = models.CharField(max_length=REF_LENGTH)
    display_name = models.CharField(max_length=DISPLAY_NAME_LENGTH, default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)

    objects = ExternalUserQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "ref"], name="external_user_ref_is_unique"),
            models.CheckConstraint(condition=~Q(ref=""), name="external_user_has_a_ref"),
        ]
        indexes: ClassVar = [models.Index(fields=["app", "-id"], name="external_user_by_app")]
