"""Mail as a consequence of an act: written in its transaction, sent by the worker, retried until it is sent."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.bookkeeping import OutboxMail

LEASE = timedelta(minutes=5)
RETRY_AFTER = (5, 30, 120, 600, 1800)
GIVEN_UP_AFTER = timedelta(days=3)
SENT_KEPT = timedelta(days=7)
logger = logging.getLogger(__name__)


def mail(template: str, *, to: str, context: dict[str, Any]) -> None:
    """Puts a mail into the outbox. It is rendered when it is sent, from `emails/<template>.txt` (first line: the
    subject) and `emails/<template>.html`; the context holds ids and words, never a secret."""
    OutboxMail(recipient=to, template=template, context=context).save(force_insert=True)


def prepared_mail(*, to: str, subject: str, text: str, html: str) -> None:
    """Puts a mail that is rendered already into the outbox; its body is wiped once it is sent."""
    OutboxMail(recipient=to, subject=subject[:255], text=text, html=html).save(force_insert=True)


def sweep(now: datetime | None = None, batch: int = 20, alive: Callable[[], None] = lambda: None) -> int:
    """Sends what is due. Each mail is claimed by a short transaction of its own, so that workers never share one, and
    sent outside of any: a slow mail server holds no lock. `alive` is called before each, since one may take long."""
    sent = 0
    for _ in range(batch):
        alive()
        row = _claim(now or timezone.now())
        if row is None:
            break
        sent += _send(row, now or timezone.now())
    return sent


def _claim(now: datetime) -> OutboxMail | None:
    """The next due mail, leased to this worker: nobody else takes it before the lease ends."""
    with transaction.atomic():
        due = OutboxMail.objects.filter(sent_at=None, due_at__lte=now).order_by("due_at", "id")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        row = due.first()
        if row is None:
            return None
        row.attempts += 1
        row.due_at = now + LEASE
        row.save(update_fields=["attempts", "due_at"])
    return row


def prune(now: datetime) -> int:
    """Forgets what was sent a week ago, and what could not be sent for three days."""
    kept = OutboxMail.objects.exclude(sent_at=None).filter(sent_at__lt=now - SENT_KEPT).delete()[0]
    return kept + OutboxMail.objects.filter(sent_at=None, created_at__lt=now - GIVEN_UP_AFTER).delete()[0]


def _send(row: OutboxMail, now: datetime) -> int:
    try:
        _message(row).send()
    except Exception as down:  # whatever went wrong is kept with the mail and logged; the other mails go on
        row.error = f"{type(down).__name__}: {down}"[:500]
        row.due_at = now + timedelta(seconds=RETRY_AFTER[min(row.attempts, len(RETRY_AFTER)) - 1])
        row.save(update_fields=["error", "due_at"])
        logger.warning("mail %s failed at attempt %s", row.pk, row.attempts, exc_info=not isinstance(down, OSError))
        return 0
    row.sent_at, row.error, row.text, row.html = now, "", "", ""
    row.save(update_fields=["sent_at", "error", "text", "html"])
    return 1


def _message(row: OutboxMail) -> EmailMultiAlternatives:
    subject, text, html = row.subject, row.text, row.html
    if row.template:
        context = {**row.context, "public_url": settings.PUBLIC_URL, "recipient": row.recipient}
        subject, _, text = render_to_string(f"emails/{row.template}.txt", context).partition("\n")
        html = render_to_string(f"emails/{row.template}.html", context)
    message = EmailMultiAlternatives(subject.strip(), text.strip() + "\n", to=[row.recipient])
    message.extra_headers["Message-ID"] = f"<outbox-{row.pk}-{int(row.created_at.timestamp())}@countersign>"
    if html:
        message.attach_alternative(html, "text/html")
    return message
