"""Idempotency-Key: the first success to a key is kept and answered again for 24 hours.

The record is written in the transaction of the act itself: there is no moment in which the act is done and its answer
not kept. Refusals are not kept, since they changed nothing: the same call may be repeated once its cause is mended.
Answers may hold a secret, so they are encrypted under a key derived from the Idempotency-Key, which is not stored.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone

from accounts.bookkeeping import IdempotencyRecord
from accounts.refusals import Code, Refusal, invalid

KEPT = timedelta(hours=24)
SHAPE = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("Content-Type", "Cache-Control", "Location")


@dataclass(frozen=True, slots=True)
class Request:
    """What makes two calls the same: the caller's scope, the key, and a digest of method, path and body."""

    scope: str
    key: str
    digest: bytes

    @property
    def record_key(self) -> bytes:
        return self._derived("record")

    @property
    def cipher_key(self) -> bytes:
        return self._derived("cipher")

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(settings.SECRET_KEY.encode(), f"{purpose}\0{self.scope}\0{self.key}".encode(), "sha256")


def request_digest(method: str, path: str, body: bytes) -> bytes:
    return hashlib.sha256(f"{method} {path}\0".encode() + body).digest()


def checked_key(key: str) -> str:
    if not SHAPE.fullmatch(key):
        raise invalid("Idempotency-Key", "Use 1 to 255 visible ASCII characters.")
    return key


def once(request: Request, produce: Callable[[], HttpResponse]) -> HttpResponse:
    """Runs `produce` for the first call with this key and answers later ones with what it said.

    Raises idempotency_key_reused for another body, idempotency_in_progress while the first one runs (on SQLite, which
    has one writer, the second call waits for the first instead).
    """
    refused: Refusal | None = None
    response: HttpResponse | None = None
    with transaction.atomic():
        _claim(request.record_key)
        kept = IdempotencyRecord.objects.filter(pk=request.record_key, created_at__gt=timezone.now() - KEPT).first()
        if kept is not None:
            return _replay(kept, request)
        try:
            response = produce()
        except Refusal as refusal:
            # Held until the commit: what a refusal counts (a wrong code, a limit) must not be rolled back.
            refused = refusal
        else:
            if response.status_code < 300 and getattr(response, "keep", True):
                _keep(request, response)
    if refused is not None or response is None:
        raise refused or AssertionError("neither an answer nor a refusal")
    return response


def prune(now: datetime) -> int:
    return IdempotencyRecord.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _claim(record_key: bytes) -> None:
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(record_key[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise Refusal(Code.IDEMPOTENCY_IN_PROGRESS, headers={"Retry-After": "1"})


def _replay(kept: IdempotencyRecord, request: Request) -> HttpResponse:
    if not hmac.compare_digest(bytes(kept.request_digest), request.digest):
        raise Refusal(Code.IDEMPOTENCY_KEY_REUSED)
    answer = json.loads(_decrypt(request.cipher_key, bytes(kept.answer)))
    response = HttpResponse(answer["body"], status=kept.status, headers=answer["headers"])
    response["Idempotency-Replayed"] = "true"
    return response


def _keep(request: Request, response: HttpResponse) -> None:
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    answer = json.dumps({"headers": headers, "body": response.content.decode()}).encode()
    IdempotencyRecord.objects.update_or_create(
        pk=request.record_key,
        defaults={
            "request_digest": request.digest,
            "status": response.status_code,
            "answer": _encrypt(request.cipher_key, answer),
            "created_at": timezone.now(),
        },
    )


def _encrypt(key: bytes, clear: bytes) -> bytes:
    import os

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # imported where used: it costs memory

    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, clear, None)


def _decrypt(key: bytes, sealed: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
