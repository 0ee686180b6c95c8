"""What templates need that is no plain variable: times, the stop link of a mail, where an agent stands."""

from datetime import UTC, datetime

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.devices import stop_links
from accounts.devices.models import DeviceAuthorization, State
from accounts.permissions import SCOPES

register = template.Library()


@register.simple_tag
def stop_link(authorization_id: str, email: str) -> str:
    """The link that stops an agent without signing in, for one reader of one mail."""
    return stop_links.stop_link(authorization_id, email)


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """A time: in UTC as it is sent, in the reader's own zone once the script has run (UTC then on hover)."""
    if at is None:
        return ""
    utc = at.astimezone(UTC)
    words = f"{date_format(utc, 'j M Y, H:i')} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', utc.isoformat(timespec="seconds"), words, words)


@register.filter
def ago(at: datetime) -> str:
    """How long ago, in one unit."""
    now = timezone.now()
    if (now - at).total_seconds() < 60:
        return _("just now")
    return _("%(span)s ago") % {"span": timesince(at, now, depth=1)}


@register.filter
def standing(authorization: DeviceAuthorization, now: datetime) -> str:
    """Where an agent stands: waiting, approved, live, stopped, denied, over (its time ran out) or expired (unused)."""
    if (token := authorization.token) is not None:
        if token.revoked_at is not None:
            return "stopped"
        return "live" if token.is_live(now) else "over"
    status = authorization.status(now)
    return {State.PENDING.value: "waiting", State.CONSUMED.value: "over"}.get(status, status)


@register.filter
def scope_words(name: str) -> str:
    """A scope in words; its name where the registry does not know it any more."""
    return str(SCOPES[name].words) if name in SCOPES else name


@register.simple_tag(takes_context=True)
def my_role(context: Context) -> str:
    """The reader's role in the workspace at hand, also on pages that belong to no workspace."""
    here = context.get("here")
    if not here:
        return ""
    return next((row.role for row in context.get("memberships") or [] if row.workspace_id == here.pk), "")
