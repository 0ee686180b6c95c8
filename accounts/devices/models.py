"""Device authorizations: an agent's request to be let in, and the grant a human made of it."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import TypeIDField
from accounts.tokens.models import AccountToken
from accounts.workspaces.models import Workspace

CODE_LIFETIME = timedelta(minutes=10)
KEPT_AFTER_EXPIRY = timedelta(days=1)
FIRST_INTERVAL_SECONDS = 5
INTERVAL_STEP_SECONDS = 5
LABEL_LENGTH = 80
FINGERPRINT_LENGTH = 200
REASON_LENGTH = 500
LIFETIME_SECONDS_MIN = 900
LIFETIME_SECONDS_DEFAULT = 3600
LIFETIME_SECONDS_MAX = 28800


class State(models.TextChoices):
    """What has been decided. Expiry is a time, not a state: every guard compares `expires_at` as well."""

    PENDING = "pending", _("Waiting for a human")
    APPROVED = "approved", _("Approved, not collected yet")
    CONSUMED = "consumed", _("Collected by the agent")
    DENIED = "denied", _("Denied")


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.APPROVED, State.DENIED}),
    State.APPROVED: frozenset({State.CONSUMED, State.DENIED}),
    State.CONSUMED: frozenset(),
    State.DENIED: frozenset(),
}


class Face(models.TextChoices):
    """Which of the two faces the agent speaks; the rules do not care."""

    JSON = "json"
    OAUTH = "oauth"


class DeviceAuthorizationQuerySet(models.QuerySet["DeviceAuthorization"]):
    def open(self, now: datetime) -> "DeviceAuthorizationQuerySet":
        return self.filter(state=State.PENDING, expires_at__gt=now)


class DeviceAuthorization(models.Model):
    """A device code (secret, the agent's) and a user code (shown, the human's) over one row."""

    id = TypeIDField("da", primary_key=True)
    device_code_digest = models.BinaryField(max_length=32, unique=True)
    user_code = models.CharField(max_length=8, unique=True)
    face = models.CharField(max_length=8, choices=Face.choices)
    client_label = models.CharField(max_length=LABEL_LENGTH)
    fingerprint_digest = models.BinaryField(max_length=32)
    requested_scopes = models.JSONField()
    address = models.CharField(max_length=45)
    user_agent = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)

    # Bookkeeping of polls: no index, never state.
    interval_seconds = models.IntegerField(default=FIRST_INTERVAL_SECONDS)
    last_polled_at = models.DateTimeField(null=True)
    polled_early = models.BooleanField(default=False)

    # The grant, or the refusal.
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, null=True, related_name="device_authorizations")
    granted_scopes = models.JSONField(default=list)
    lifetime_seconds = models.IntegerField(null=True)
    reason = models.CharField(max_length=REASON_LENGTH, default="", blank=True)
    collected_at = models.DateTimeField(null=True)
    collected_address = models.CharField(max_length=45, default="")
    token = models.OneToOneField(
        AccountToken, on_delete=models.SET_NULL, null=True, related_name="device_authorization"
    )

    objects = DeviceAuthorizationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="device_authorization_expires"),
            models.CheckConstraint(
                condition=Q(state__in=[State.PENDING, State.DENIED])
                | Q(workspace__isnull=False, decided_at__isnull=False, lifetime_seconds__isnull=False),
                name="device_authorization_grant_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state=State.CONSUMED, collected_at__isnull=False)
                | ~Q(state=State.CONSUMED) & Q(collected_at=None),
                name="device_authorization_collected_once",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "-id"], name="device_auth_by_workspace")]

    @property
    def shown_code(self) -> str:
        return f"{self.user_code[:4]}-{self.user_code[4:]}"

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at <= now

    def status(self, now: datetime) -> str:
        """What the agent and the page are told: pending, approved, consumed, denied or expired."""
        if self.state in {State.PENDING, State.APPROVED} and self.has_expired(now):
            return "expired"
        return self.state
