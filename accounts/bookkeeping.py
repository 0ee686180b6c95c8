"""Small tables of the kernel: rate-limit counters, idempotency records, the outbox, facts about the deployment."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class RateLimitCounter(models.Model):
    """How often one subject was seen in one window. Keys are HMACs: no address or fingerprint is stored here."""

    key = models.BinaryField(max_length=32, primary_key=True)
    window_ends = models.BigIntegerField(db_index=True)  # seconds since 1970, UTC
    count = models.IntegerField()


class IdempotencyRecord(models.Model):
    """The first answer to a POST that carried an Idempotency-Key, encrypted under that key; kept 24 hours."""

    key = models.BinaryField(max_length=32, primary_key=True)
    request_digest = models.BinaryField(max_length=32)
    status = models.IntegerField(null=True)
    answer = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)


class OutboxMail(models.Model):
    """A mail that was decided on in a transaction and is sent by the worker, again and again until it is sent."""

    id = models.BigAutoField(primary_key=True)
    recipient = models.EmailField(max_length=254)
    template = models.CharField(max_length=80, default="")
    context = models.JSONField(default=dict)
    subject = models.CharField(max_length=255, default="")
    text = models.TextField(default="")
    html = models.TextField(default="")
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.IntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="outbox_mail_due", condition=models.Q(sent_at=None)),
        ]


class Fact(models.Model):
    """One thing the deployment knows about itself, such as the last sign of life of the worker."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.JSONField()
    at = models.DateTimeField(default=timezone.now)
