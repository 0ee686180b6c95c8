"""kill -9 in the middle of everything: what was answered holds, nothing is half done, and the demo comes up again."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.browserless import Program, Visitor, shown, shown_id
from tests.serving import ROOT, Demo, demo_environment, free_port, running_demo, scratch_postgres

CALLERS = 4
LINES = {"pending": [], "approved": ["approved"], "consumed": ["approved", "collected"]}
SCOPE = ["account:workspace:read"]
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@dataclass
class Told:
    """What one agent and its human were told before everything ended. None: no answer came."""

    user_code: str
    device_code: str
    approved: bool = False
    token: str | None = None


@dataclass
class Traffic:
    """Agents that start, are approved and collect, without pause."""

    demo: Demo
    told: list[Told] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        # A connection that breaks is what a kill looks like from outside.
        with suppress(httpx.TransportError), Program(self.demo) as program, Visitor(self.demo) as owner:
            while not self.over.is_set():
                self._one(program, owner)

    def _one(self, program: Program, owner: Visitor) -> None:
        started = self._good(program.start(SCOPE, label=f"fault-{uuid4().hex[:12]}"))
        story = Told(started["user_code"], started["device_code"])
        self.told.append(story)
        self._good(owner.approve(story.user_code, scopes=SCOPE))
        story.approved = True
        story.token = self._good(program.poll(story.device_code))["account_access_token"]

    def _good(self, answer: httpx.Response) -> Any:
        if answer.status_code != 200:
            self.surprises.append(f"{answer.request.method} {answer.request.url}: {answer.text[:300]}")
            self.over.set()
            raise httpx.TransportError("see surprises")
        return answer.json()["data"]


@contextmanager
def traffic(demo: Demo) -> Iterator[Traffic]:
    """Callers that work until the block ends; it begins when each may have a story half told."""
    going = Traffic(demo)
    threads = [threading.Thread(target=going.run) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(going.told) >= 4 * CALLERS or not any(thread.is_alive() for thread in threads))
        yield going
    finally:
        going.over.set()
        for thread in threads:
            thread.join(timeout=40)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    with ExitStack() as stack:
        yield None if request.param == "sqlite" else stack.enter_context(scratch_postgres())


def assert_whole(demo: Demo) -> None:
    """Every authorization is one of the shapes that exist, with its audit lines, its token and its mail."""
    audit: dict[str, list[str]] = {}
    for subject, action in demo.sql("SELECT subject_id, action FROM accounts_auditentry ORDER BY id"):
        audit.setdefault(str(subject), []).append(str(action).partition(":")[2])
    mails: dict[str, int] = {}
    for (context,) in demo.sql("SELECT context FROM accounts_outboxmail WHERE template = 'device_approved'"):
        found = json.loads(context) if isinstance(context, str) else context
        mails[found["authorization_id"]] = mails.get(found["authorization_id"], 0) + 1
    tokens = {token for (token,) in demo.sql("SELECT id FROM accounts_accounttoken")}
    collected = set()
    for row in demo.sql(
        "SELECT id, state, token_id, workspace_id, decided_by_id, lifetime_seconds, collected_at"
        " FROM accounts_deviceauthorization"
    ):
        key = shown_id("da", row[0])
        state, token, workspace, decider, lifetime, collected_at = row[1:]
        granted = [workspace, decider, lifetime]
        assert audit.get(key, []) == LINES[state]
        assert (state == "consumed") == (token is not None) == (collected_at is not None)
        assert [part is not None for part in granted] == [state != "pending"] * 3
        assert mails.get(key, 0) == (0 if state == "pending" else 1)
        collected |= {token} - {None}
    assert collected == tokens


def assert_kept(demo: Demo, told: list[Told]) -> None:
    """Nothing that was answered is forgotten; what was under way can be finished, or was never there."""
    with Program(demo) as program, Visitor(demo) as owner:
        for story in told:
            statement = "SELECT state FROM accounts_deviceauthorization WHERE user_code = %s"
            [(state,)] = demo.sql(statement, shown(story.user_code))
            if story.token:
                assert state == "consumed"
                assert program.me(story.token).status_code == 200
                continue
            assert state in ({"approved", "consumed"} if story.approved else {"pending", "approved", "consumed"})
            if state == "pending":
                assert owner.approve(story.user_code).status_code == 200
            heard = program.poll(story.device_code)
            assert heard.status_code == (409 if state == "consumed" else 200)


def test_whatever_is_killed_nothing_is_half_done(tmp_path: Path, database_url: str | None) -> None:
    """One story, since starts are dear: a server process dies, then everything, then the one that all hang on."""
    chance = random.Random(8628)
    with running_demo(tmp_path, database_url) as demo:
        told = a_server_process_dies(demo)
        known = demo.facts
        with traffic(demo) as going:
            time.sleep(chance.uniform(0, 0.3))  # at any point
            demo.kill()
        assert demo.processes() == []
    assert going.surprises == []
    assert_whole(demo)

    with running_demo(tmp_path, database_url) as demo:
        assert demo.facts["users"] == known["users"]
        assert demo.facts["workspaces"] == known["workspaces"]
        assert_kept(demo, [*told, *going.told])
        with traffic(demo) as going:
            time.sleep(chance.uniform(0, 0.3))
            if database_url:
                the_server_dies(demo)
            else:
                the_parent_dies(demo)
    assert going.surprises == []
    assert_whole(demo)


def a_server_process_dies(demo: Demo) -> list[Told]:
    """The other one goes on serving, and a new one takes the dead one's place."""
    before = servers(demo)
    with traffic(demo) as going:
        demo.kill(before[-1])
        until(lambda: set(servers(demo)) != set(before) and len(servers(demo)) == len(before))
    assert demo.process.poll() is None
    assert_whole(demo)
    with traffic(demo) as again:
        pass
    assert [*going.surprises, *again.surprises] == []
    return [*going.told, *again.told]


def the_parent_dies(demo: Demo) -> None:
    """It leaves no child behind."""
    assert len(demo.processes()) >= 5  # the demo, the server with its two processes, the worker
    demo.kill(demo.process.pid)
    until(lambda: demo.processes() == [])


def the_server_dies(demo: Demo) -> None:
    """The demo ends with a sentence, and takes along what the server left behind."""
    demo.kill(servers(demo)[0])
    assert demo.process.wait(timeout=20) == 1
    assert demo.processes() == []
    assert "ended by itself" in (demo.folder / "demo.log").read_text()


def test_the_first_start_is_killed_at_any_point(tmp_path: Path, database_url: str | None) -> None:
    """Half migrated, half seeded: the next start goes on from there."""
    environment = demo_environment(tmp_path, database_url)
    command = [sys.executable, "manage.py", "demo", "--no-serve", "--port", str(free_port())]
    for stage in ("SELECT made_at FROM made_by_demo", "SELECT id FROM accounts_user"):
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as first:
            demo = Demo("", tmp_path, first, environment)
            until(lambda d=demo, s=stage: d.process.poll() is not None or can(d, s))  # type: ignore[misc]
            first.kill()
        assert first.returncode == -signal.SIGKILL
    last = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert last.returncode == 0, last.stderr
    assert len(json.loads((tmp_path / "demo.json").read_text())["workspaces"]) == 6


def can(demo: Demo, statement: str) -> bool:
    """Whether the database is as far as that."""
    try:
        demo.sql(statement)
    except (sqlite3.Error, psycopg.Error):
        return False
    return True


def servers(demo: Demo) -> list[int]:
    """The server's processes, the one that watches the others first."""
    found = []
    for pid in demo.processes():
        with suppress(OSError):
            if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found
