"""Tenants and who belongs to them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import TypeIDField
from accounts.permissions import Role


class ProductionState(models.TextChoices):
    """Whether a workspace may move live money."""

    SANDBOX_ONLY = "sandbox_only", _("Sandbox only")
    DECLARATION_PENDING = "declaration_pending", _("Declaration in review")
    PRODUCTION_APPROVED = "production_approved", _("Approved for production")
    PRODUCTION_DENIED = "production_denied", _("Declaration denied")
    PRODUCTION_SUSPENDED = "production_suspended", _("Production suspended")


class Workspace(models.Model):
    """The tenant: everything but users belongs to exactly one."""

    id = TypeIDField("ws", primary_key=True)
    name = models.CharField(_("name"), max_length=80)
    production_state = models.CharField(
        max_length=24, choices=ProductionState.choices, default=ProductionState.SANDBOX_ONLY
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(name=""), name="workspace_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(production_state__in=ProductionState.values), name="workspace_production_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def environment(self) -> str:
        """What an agent's token resolves to here: `live` once the workspace is approved for production."""
        return "live" if self.production_state == ProductionState.PRODUCTION_APPROVED else "test"


class Membership(models.Model):
    """A user in a workspace, with one role."""

    id = TypeIDField("mem", primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_is_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]
