"""The tables of this floor; each is defined in the room of its concept."""

from accounts.audit.models import AuditEntry
from accounts.bookkeeping import Fact, IdempotencyRecord, OutboxMail, RateLimitCounter
from accounts.devices.models import DeviceAuthorization
from accounts.tokens.models import AccountToken
from accounts.users.models import User
from accounts.workspaces.models import Membership, Workspace

__all__ = [
    "AccountToken",
    "AuditEntry",
    "DeviceAuthorization",
    "Fact",
    "IdempotencyRecord",
    "Membership",
    "OutboxMail",
    "RateLimitCounter",
    "User",
    "Workspace",
]
