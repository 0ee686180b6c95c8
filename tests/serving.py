"""Runs the product as a deployment runs it: `manage.py demo` with a database and a data folder of its own."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.needs import postgres_server

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90


@dataclass
class Demo:
    """A running demo: where it is, what it seeded, and its process."""

    base_url: str
    folder: Path
    process: "subprocess.Popen[bytes]"
    environment: dict[str, str]

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return found

    def mails(self) -> list[str]:
        return [file.read_text() for file in sorted((self.folder / "mail").glob("*.eml"))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def scratch_postgres() -> Iterator[str]:
    """A database of its own on the PostgreSQL server, gone afterwards."""
    import psycopg

    server = postgres_server()
    name = f"countersign_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def running_demo(folder: Path, database_url: str | None = None, *arguments: str) -> Iterator[Demo]:
    """`manage.py demo --relaxed-limits` until the block ends. The child environment holds nothing of the test run."""
    own = {"SECRET_KEY", "CREDENTIAL_SECRET", "DEVICE_RATE_LIMIT_SECRET", "PUBLIC_URL", "ALLOWED_HOSTS", "DATABASE_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in own | {"DJANGO_SETTINGS_MODULE"}}
    environment["DATA_DIR"] = str(folder)
    if database_url:
        environment["DATABASE_URL"] = database_url
    port = free_port()
    command = [sys.executable, "manage.py", "demo", "--port", str(port), *(arguments or ("--relaxed-limits",))]
    log = folder / "demo.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base, process, log)
        yield Demo(base, folder, process, environment)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(base: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{base}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the demo did not come up:\n{log.read_text()[-4000:]}")
