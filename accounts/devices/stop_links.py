"""The link in the approval mail that stops an agent without signing in. Signed, not stored; it can only stop."""

from django.conf import settings
from django.core import signing

from accounts.actors import Actor, ActorKind, Origin
from accounts.devices.models import LIFETIME_SECONDS_MAX, DeviceAuthorization
from accounts.refusals import Code, Refusal
from accounts.users.models import User

SALT = "countersign.stop-link"
# A token lives at most eight hours after its code was collected; the link outlives it a little.
MAX_AGE_SECONDS = LIFETIME_SECONDS_MAX + 3600


def stop_link(authorization_id: str, email: str) -> str:
    """The address to put into a mail to this person."""
    return f"{settings.PUBLIC_URL}/console/stop/{signing.dumps([authorization_id, email], salt=SALT)}"


def read_stop_link(link: str, *, origin: Origin) -> tuple[DeviceAuthorization, Actor]:
    """What a link stops, and in whose name. Raises not_found for a forged, expired or orphaned one."""
    try:
        authorization_id, email = signing.loads(link, salt=SALT, max_age=MAX_AGE_SECONDS)
    except (signing.BadSignature, ValueError):
        raise Refusal(Code.NOT_FOUND) from None
    found = DeviceAuthorization.objects.select_related("workspace", "token").filter(pk=authorization_id).first()
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if found is None or user is None:
        raise Refusal(Code.NOT_FOUND)
    return found, Actor(kind=ActorKind.USER, user=user, origin=origin)
