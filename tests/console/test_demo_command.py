"""`manage.py demo` and `manage.py agent` as a newcomer runs them, and the seed's own curl lines against the result."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.browserless import Visitor
from tests.needs import lacking
from tests.serving import ROOT, Demo, demo_environment, free_port, scratch_postgres

USERS = {"owner", "developer", "viewer", "reviewer", "stranger"}
WORKSPACES = {"sandbox", "blocked", "active", "pending", "denied", "suspended"}
KEYS = {"base_url", "stripe_url", "webhook_secret", "users", "workspaces", "user_code", "gateway_key"}


@pytest.fixture
def scratch_database() -> Iterator[str]:
    with scratch_postgres() as url:
        yield url


def prepare(folder: Path, *arguments: str, database_url: str | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", "demo", "--no-serve", *arguments]
    environment = demo_environment(folder, database_url)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)


def prepared(folder: Path, *arguments: str, database_url: str | None = None) -> dict[str, Any]:
    done = prepare(folder, *arguments, database_url=database_url)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((folder / "demo.json").read_text())
    return found


def test_it_prepares_a_folder_keeps_it_and_forgets_it_on_reset(tmp_path: Path) -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # somebody else has it: all the better
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        done = prepare(tmp_path)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "demo.json"
    first = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert set(first) == KEYS
    assert set(first["users"]) == USERS
    assert all(set(user) == {"email", "password"} for user in first["users"].values())
    assert len({user["password"] for user in first["users"].values()}) == len(USERS)
    assert set(first["workspaces"]) == WORKSPACES
    assert all(re.fullmatch(r"ws_[0-9a-z]{26}", name) for name in first["workspaces"].values())
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", first["user_code"])
    assert 8001 <= int(first["base_url"].removeprefix("http://127.0.0.1:")) <= 8199
    # What a human and an agent need is printed as well.
    for user in first["users"].values():
        assert f"{user['email']:<26} {user['password']}" in done.stdout
    assert f"{first['base_url']}/console/device?user_code={first['user_code']}" in done.stdout
    assert "curl -X POST" in done.stdout

    port = str(free_port())
    second = prepared(tmp_path, "--port", port)
    assert second["base_url"] == f"http://127.0.0.1:{port}"
    assert second["users"] == first["users"]
    assert second["workspaces"] == first["workspaces"]
    assert second["user_code"] != first["user_code"]

    (tmp_path / "notes.txt").write_text("not the demo's")
    third = prepared(tmp_path, "--reset", "--port", port)
    assert set(third["workspaces"].values()).isdisjoint(first["workspaces"].values())
    assert third["users"]["owner"]["password"] != first["users"]["owner"]["password"]
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.postgres
def test_it_keeps_and_resets_a_database_of_its_own(tmp_path: Path, scratch_database: str) -> None:
    first = prepared(tmp_path, "--port", "8000", database_url=scratch_database)
    assert prepared(tmp_path, "--port", "8000", database_url=scratch_database)["users"] == first["users"]
    # Another folder knows no passwords: people and workspaces stay, passwords are new.
    elsewhere = prepared(tmp_path / "other", "--port", "8000", database_url=scratch_database)
    assert elsewhere["workspaces"] == first["workspaces"]
    assert elsewhere["users"]["owner"]["email"] == first["users"]["owner"]["email"]
    assert elsewhere["users"]["owner"]["password"] != first["users"]["owner"]["password"]
    anew = prepared(tmp_path, "--reset", "--port", "8000", database_url=scratch_database)
    assert set(anew["workspaces"].values()).isdisjoint(first["workspaces"].values())


@pytest.mark.postgres
@pytest.mark.parametrize("arguments", [(), ("--reset",)])
def test_it_refuses_a_database_that_somebody_else_filled(
    tmp_path: Path, scratch_database: str, arguments: tuple[str, ...]
) -> None:
    import psycopg

    with psycopg.connect(scratch_database, autocommit=True) as server:
        server.execute("CREATE TABLE customers (name text)")
        server.execute("INSERT INTO customers VALUES ('Ada')")
    done = prepare(tmp_path, "--port", "8000", *arguments, database_url=scratch_database)
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: DATABASE_URL names a database that is not empty")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "demo.json").exists()
    with psycopg.connect(scratch_database) as server:
        tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        assert server.execute(tables).fetchall() == [("customers",)]
        assert server.execute("SELECT name FROM customers").fetchall() == [("Ada",)]


def run_agent(base_url: str, *arguments: str) -> "subprocess.Popen[str]":
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "manage.py", "agent", "--base-url", base_url, *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def code_shown_by(agent: "subprocess.Popen[str]") -> str:
    assert agent.stdout
    for line in agent.stdout:
        if found := re.search(r"My code is\s+(\S{4}-\S{4})", line):
            return found.group(1)
    agent.wait(timeout=10)
    raise AssertionError(f"it showed no code: {agent.stderr.read() if agent.stderr else ''}")


def test_the_agent_command_is_let_in_or_not(demo: Demo) -> None:
    """Two agents at once: one is approved, does its work and revokes its token; the other hears the reason."""
    with run_agent(demo.base_url, "--label", "small-agent") as good, run_agent(demo.base_url) as bad:
        with Visitor(demo) as owner:
            assert owner.approve(code_shown_by(good)).status_code == 200
            assert owner.deny(code_shown_by(bad), "Not on a Friday").status_code == 200
        said, complaint = good.communicate(timeout=30)
        assert good.returncode == 0, complaint
        assert "I am in: workspace Paper Planes (test)" in said
        assert "I have revoked my token" in said
        said, complaint = bad.communicate(timeout=30)
        assert bad.returncode == 1
        assert complaint.strip() == "CommandError: The human said no: Not on a Friday"


@pytest.mark.parametrize("base_url", ["http://no-such-host.invalid", "http://127.0.0.1:9"])
def test_the_agent_command_says_that_nobody_answers(base_url: str) -> None:
    with run_agent(base_url) as agent:
        _, complaint = agent.communicate(timeout=60)
    assert agent.returncode == 1
    assert complaint.startswith(f"CommandError: {base_url} does not answer")
    assert "Traceback" not in complaint


# The lines of the seed "Self-serve access", word for word; `$>` is how it prints a continued line.
START = """
$curl -X POST https://api.loreos.app/v1/account/device/start \\
> -H "Content-Type: application/json" \\
> -d '{
> "client_label": "codex-local-setup",
> "client_fingerprint": "opaque-agent-installation-id",
> "scopes": [
> "account:workspace:read",
> "account:apps:write",
> "account:api_keys:write",
> "account:external_users:write",
> "account:caps:write",
> "account:usage:read"
> ]
> }'
"""
TOKEN = """
$curl -X POST https://api.loreos.app/v1/account/device/token \\
> -H "Content-Type: application/json" \\
> -d '{ "device_code": "ldc_..." }'
"""
ME = """
$curl https://api.loreos.app/v1/account/me \\
> -H "Authorization: Bearer $LOREOS_ACCOUNT_TOKEN"
"""
REVOKE = """
$curl -X POST https://api.loreos.app/v1/account/tokens/current/revoke \\
> -H "Authorization: Bearer $LOREOS_ACCOUNT_TOKEN"
"""


def test_the_seed_runs_word_for_word(demo: Demo) -> None:
    if shutil.which("curl") is None:
        lacking("No curl found: install Debian's package curl.")

    def shell(lines: str, code: str = "", token: str = "") -> dict[str, Any]:
        script = re.sub(r"(?m)^[$>] ?", "", lines).replace("https://api.loreos.app", demo.base_url)
        done = subprocess.run(
            ["bash", "-euc", script.replace("ldc_...", code)],
            env={"PATH": os.environ["PATH"], "LOREOS_ACCOUNT_TOKEN": token, "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    started = shell(START)
    assert started["schema_version"] == "v0"
    assert started["next_actions"][0] == {
        "command": "POST /v1/account/device/token",
        "description": "Poll with device_code after the human approves the user_code.",
    }
    code = started["data"]["device_code"]
    assert shell(TOKEN, code)["data"]["status"] == "pending"
    with Visitor(demo) as owner:
        assert owner.approve(started["data"]["user_code"]).status_code == 200
    approved = shell(TOKEN, code)["data"]
    assert approved["status"] == "approved"
    token = approved["account_access_token"]
    assert token.startswith("lat_")
    assert shell(ME, token=token)["data"]["workspace"]["name"] == "Paper Planes"
    assert shell(REVOKE, token=token)["data"]["revoked"] is True
    assert shell(ME, token=token)["detail"]["code"] == "token_revoked"
    assert shell(TOKEN, code)["detail"]["code"] == "account_device_code_consumed"
