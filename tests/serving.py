"""Runs the product as a deployment runs it: `manage.py demo` with a database and a data folder of its own."""

import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from console.demo.processes import _die_with_parent as die_with_parent
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

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement on the demo's own database, past the product. Placeholders are %s on both databases."""
        if url := self.environment.get("DATABASE_URL"):
            import psycopg

            with psycopg.connect(url, autocommit=True) as server:
                cursor = server.execute(statement.encode(), values)
                return cursor.fetchall() if cursor.description else []
        stored = [_stored_by_sqlite(value) for value in values]
        with closing(sqlite3.connect(self.folder / "demo.sqlite3", timeout=20, isolation_level=None)) as file:
            return file.execute(statement.replace("%s", "?"), stored).fetchall()

    def kill(self, *pids: int) -> None:
        """kill -9 for these processes, or for all of them at once, until none is left."""
        deadline = time.monotonic() + START_SECONDS
        while targets := pids or self.processes():
            for pid in targets:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if pids:
                return
            assert time.monotonic() < deadline, "a process outlives kill -9"
            time.sleep(0.01)

    def processes(self) -> list[int]:
        """The ids of the demo's processes that live, its own first: all in the session that it leads."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, _, session = status.read_text().rpartition(")")[2].split()[:4]
            except OSError:  # it ended while we looked
                continue
            if int(session) == self.process.pid and state != "Z":
                found.append(int(status.parent.name))
        return sorted(found, key=lambda pid: (pid != self.process.pid, pid))


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


def demo_environment(folder: Path, database_url: str | None = None) -> dict[str, str]:
    """What a demo is started with: nothing of the test run."""
    own = {"SECRET_KEY", "CREDENTIAL_SECRET", "DEVICE_RATE_LIMIT_SECRET", "PUBLIC_URL", "ALLOWED_HOSTS", "DATABASE_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in own | {"DJANGO_SETTINGS_MODULE"}}
    environment["DATA_DIR"] = str(folder)
    if database_url:
        environment["DATABASE_URL"] = database_url
    return environment


@contextmanager
def running_demo(folder: Path, database_url: str | None = None, *arguments: str) -> Iterator[Demo]:
    """`manage.py demo --relaxed-limits` until the block ends, leading a session of its own."""
    environment = demo_environment(folder, database_url)
    port = free_port()
    command = [sys.executable, "manage.py", "demo", "--port", str(port), *(arguments or ("--relaxed-limits",))]
    log = folder / "demo.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  (a test run that is killed leaves no demo behind)
        )
    demo = Demo(f"http://127.0.0.1:{port}", folder, process, environment)
    try:
        _wait(demo.base_url, process, log)
        yield demo
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        demo.kill()


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


def _stored_by_sqlite(value: Any) -> Any:
    """Times as Django writes them there."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
