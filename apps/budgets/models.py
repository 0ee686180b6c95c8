"""Budget policies (in the pages: caps): limits in credits on an app or on one external user."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import TypeIDField
from accounts.workspaces.models import Workspace
from apps.external_users.models import ExternalUser
from apps.registry.models import App


class ResourceType(models.TextChoices):
    """What spending is counted; `all` counts everything."""

    ALL = "all", _("Everything")
    MESSAGE = "message", _("Messages")
    IMAGE = "image", _("Images")
    IMPORT = "import", _("Imports")
    DELIVERY = "delivery", _("Deliveries")


class Period(models.TextChoices):
    """When a cap starts anew, in UTC."""

    LIFETIME = "lifetime", _("Lifetime")
    DAY = "day", _("Day")
    MONTH = "month", _("Month")


class Enforcement(models.TextChoices):
    """`hard` refuses what would exceed it; `soft` only alerts."""

    HARD = "hard", _("Hard")
    SOFT = "soft", _("Soft")


class Limit(models.Model):
    """What a cap says, whoever it is about."""

    resource_type = models.CharField(max_length=12, choices=ResourceType.choices, default=ResourceType.ALL)
    period = models.CharField(max_length=8, choices=Period.choices, default=Period.LIFETIME)
    enforcement = models.CharField(max_length=4, choices=Enforcement.choices)
    limit_micro = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class BudgetPolicy(Limit):
    """One cap. There is one per (subject, resource type, period): setting it again replaces the limit."""

    id = TypeIDField("bp", primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="budget_policies")
    external_user = models.ForeignKey(ExternalUser, on_delete=models.CASCADE, null=True, related_name="budget_policies")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["app", "resource_type", "period"],
                condition=Q(external_user=None),
                name="budget_policy_one_per_app",
            ),
            models.UniqueConstraint(
                fields=["external_user", "resource_type", "period"],
                condition=Q(external_user__isnull=False),
                name="budget_policy_one_per_user",
            ),
            models.CheckConstraint(condition=Q(limit_micro__gt=0), name="budget_policy_limit_above_zero"),
        ]


class DefaultUserPolicy(Limit):
    """The cap that an external user first seen at spending time gets."""

    app = models.OneToOneField(App, on_delete=models.CASCADE, primary_key=True, related_name="default_user_policy")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(limit_micro__gt=0), name="default_user_policy_limit_above_zero"),
        ]
