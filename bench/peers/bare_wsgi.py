"""The floor of Python: device start and poll in one WSGI callable with psycopg and the product's SQL.

No framework, no validation, no envelope checks, no headers beyond the needed: what any Python server must spend.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

KEY = b"a-secret-of-the-bench-that-guards-nothing-at-all"
ALPHABET = "CDFGHJKLMNPQRTVWX23456789"
STATE = threading.local()

COUNT_SQL = """
INSERT INTO accounts_ratelimitcounter AS c (key, window_ends, count) VALUES (%s, %s, 1), (%s, %s, 1), (%s, %s, 1)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN c.window_ends > %s THEN c.count + 1 ELSE 1 END,
    window_ends = CASE WHEN c.window_ends > %s THEN c.window_ends ELSE excluded.window_ends END
RETURNING key, count, window_ends, set_config('synchronous_commit', 'off', true)
"""
INSERT_SQL = """
INSERT INTO accounts_deviceauthorization (
    id, device_code_digest, user_code, face, client_label, fingerprint_digest, requested_scopes, address, user_agent,
    created_at, expires_at, state, interval_seconds, polled_early, granted_scopes, reason, collected_address
) VALUES (%s, %s, %s, 'json', %s, %s, %s, %s, %s, %s, %s, 'pending', 5, false, '[]', '', '')
"""
POLL_SQL = """
UPDATE accounts_deviceauthorization SET
    polled_early = (last_polled_at IS NOT NULL
        AND EXTRACT(EPOCH FROM (%s::timestamptz - last_polled_at)) < interval_seconds - 0.5),
    interval_seconds = interval_seconds + CASE WHEN last_polled_at IS NOT NULL
        AND EXTRACT(EPOCH FROM (%s::timestamptz - last_polled_at)) < interval_seconds - 0.5 THEN 5 ELSE 0 END,
    last_polled_at = %s
WHERE device_code_digest = %s RETURNING state, expires_at, interval_seconds, polled_early,
    set_config('synchronous_commit', 'off', true)
"""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    act = {"/v1/account/device/start": _start, "/v1/account/device/token": _poll}.get(environ["PATH_INFO"])
    if act is None:
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    answer = json.dumps({"schema_version": "v0", "data": act(environ, body), "next_actions": []}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def _start(environ: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    now, second = datetime.now(UTC), int(time.time())
    address = environ["REMOTE_ADDR"]
    subjects = sorted(_digest(f"{kind}\x00{subject}") for kind, subject in (
        ("address", address), ("fingerprint", body["client_fingerprint"]), ("all", "")
    ))  # fmt: skip
    counted = [value for key in subjects for value in (key, second + 600)]
    _connection().execute(COUNT_SQL, [*counted, second, second]).fetchall()
    code = f"ldc_{secrets.token_urlsafe(24)}"
    user_code = "".join(secrets.choice(ALPHABET) for _ in range(8))
    row = [uuid.uuid4(), _digest(code), user_code, body["client_label"], _digest(body["client_fingerprint"])]
    row += [Jsonb(body["scopes"]), address, environ.get("HTTP_USER_AGENT", ""), now, now + timedelta(minutes=10)]
    _connection().execute(INSERT_SQL, row)
    return {
        "device_code": code,
        "user_code": user_code,
        "verification_uri": f"http://{environ['HTTP_HOST']}/console/device?user_code={user_code}",
        "expires_at": row[-1].isoformat(),
        "interval_seconds": 5,
        "requested_scopes": body["scopes"],
    }


def _poll(environ: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    found = _connection().execute(POLL_SQL, [now, now, now, _digest(body["device_code"])]).fetchone()
    assert found is not None
    state, expires_at, interval, early, _ = found
    return {"status": state, "expires_at": expires_at.isoformat(), "interval_seconds": interval, "slow_down": early}


def _digest(text: str) -> bytes:
    return hmac.digest(KEY, text.encode(), hashlib.sha256)


def _connection() -> "psycopg.Connection[Any]":
    """One a thread, kept; every statement prepared from its second time on, as in the product."""
    if not hasattr(STATE, "connection"):
        STATE.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=1)
    found: psycopg.Connection[Any] = STATE.connection
    return found
