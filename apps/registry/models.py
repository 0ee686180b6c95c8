"""Apps: what a workspace builds on the platform."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.ids import TypeIDField
from accounts.workspaces.models import Workspace

NAME_LENGTH = 80


class Environment(models.TextChoices):
    SANDBOX = "sandbox", _("Sandbox")
    STAGING = "staging", _("Staging")
    PRODUCTION = "production", _("Production")


class AppState(models.TextChoices):
    """Whether an app may spend real credits. Only activation makes it active."""

    NOT_ACTIVE = "production_not_active", _("Not in production")
    ACTIVE = "production_active", _("In production")


class AppQuerySet(models.QuerySet["App"]):
    def visible_to(self, actor: Actor) -> "AppQuerySet":
        """The apps of the workspace the actor stands in: another workspace's are not there to be found."""
        return self.filter(workspace=actor.workspace) if actor.workspace else self.none()

    def current(self) -> "AppQuerySet":
        return self.filter(archived_at=None)

    def matching(self, query: str) -> "AppQuerySet":
        return self.filter(Q(name__icontains=query) | Q(pk=query)) if query else self


class App(models.Model):
    """One app in one environment. Archived, it keeps its history; its keys are dead."""

    id = TypeIDField("app", primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="apps")
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    environment = models.CharField(max_length=12, choices=Environment.choices)
    production_state = models.CharField(max_length=24, choices=AppState.choices, default=AppState.NOT_ACTIVE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    objects = AppQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="app_has_a_name"),
            models.CheckConstraint(condition=Q(environment__in=Environment.values), name="app_environment_known"),
            models.CheckConstraint(
                condition=~Q(production_state=AppState.ACTIVE) | Q(environment=Environment.PRODUCTION),
                name="app_active_only_in_production",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "-id"], name="app_by_workspace")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sandbox(self) -> bool:
        return self.environment != Environment.PRODUCTION
