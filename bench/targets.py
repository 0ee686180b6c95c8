"""The product and its peers, each started as a deployment would start it, on a loopback port of its own."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.databases import scratch
from bench.machine import end

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
PR_SET_PDEATHSIG = 1
START_SECONDS = 60
DOT_PACKAGES = ("django-oauth-toolkit==3.4.1", "oauthlib==3.3.1", "django==6.1.3", "granian==2.8.7", "psycopg[binary]")


class Unavailable(Exception):  # noqa: N818
    """A peer that cannot run here; the message is the sentence that the bench prints."""


@dataclass
class Target:
    """A server that answers. `start_body` and `poll_body` say the same thing in its own words."""

    name: str
    base: str
    process: "subprocess.Popen[bytes]"
    start_path: str
    start_body: str
    poll_path: str
    poll_body: str
    content_type: str = "application/x-www-form-urlencoded"

    def post(self, path: str, body: str) -> httpx.Response:
        headers = {"Content-Type": self.content_type, "Accept": "application/json"}
        return httpx.post(self.base + path, content=body, headers=headers, timeout=10)

    def device_code(self, n: int) -> str:
        """A code that waits for its human, asked for over HTTP."""
        answer = self.post(self.start_path, self.start_body.replace("{n}", str(n)))
        if answer.status_code != 200:
            raise Unavailable(f"{self.name} refused a start: {answer.status_code} {answer.text[:300]}")
        found = answer.json()
        return str(found.get("data", found)["device_code"])


def product_environment(port: int, database: str) -> dict[str, str]:
    """Production settings; the only thing relaxed is the rate limits, which are counted all the same."""
    secret = "a-secret-of-the-bench-that-guards-nothing-at-all-"
    return {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "SECRET_KEY": f"{secret}session",
        "CREDENTIAL_SECRET": f"{secret}credential",
        "DEVICE_RATE_LIMIT_SECRET": f"{secret}limits",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": database,
        "RATE_LIMIT_FACTOR": "100000",
        "LOG_LEVEL": "WARNING",
    }


def migrate(database: str) -> None:
    """The product's tables."""
    environment = product_environment(1, database)
    run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], environment, ROOT)


@contextmanager
def product() -> Iterator[Target]:
    with scratch() as database:
        migrate(database)
        port = free_port()
        environment = product_environment(port, database)
        command = granian("console.wsgi:application", port)
        with serving(command, environment, ROOT, f"http://127.0.0.1:{port}/healthz") as process:
            yield _ours("Countersign", port, process)


@contextmanager
def bare_wsgi() -> Iterator[Target]:
    """The floor of Python: one WSGI callable with psycopg and the product's SQL."""
    with scratch() as database:
        migrate(database)
        port = free_port()
        environment = {**os.environ, "DATABASE_URL": database}
        command = granian("bench.peers.bare_wsgi:application", port)
        with serving(command, environment, ROOT, f"http://127.0.0.1:{port}/") as process:
            yield _ours("bare WSGI", port, process)


@contextmanager
def bare_django() -> Iterator[Target]:
    """Django with one view and one query: what any Django worker weighs."""
    with scratch() as database:
        port = free_port()
        environment = {**os.environ, "DATABASE_URL": database}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        command = granian("bench.peers.bare_django:application", port)
        with serving(command, environment, ROOT, f"http://127.0.0.1:{port}/") as process:
            yield Target("bare Django", f"http://127.0.0.1:{port}", process, "/", "", "/", "")


@contextmanager
def django_oauth_toolkit() -> Iterator[Target]:
    """The same granian, the same Django, connections kept and statements prepared as in the product."""
    with _toolkit("DOT 3.4.1, tuned as we are", "0") as target:
        yield target


@contextmanager
def django_oauth_toolkit_as_generated() -> Iterator[Target]:
    """The same with the middleware and the database options that `startproject` generates."""
    with _toolkit("DOT 3.4.1, startproject", "1") as target:
        yield target


@contextmanager
def _toolkit(name: str, as_generated: str) -> Iterator[Target]:
    packages = [part for package in DOT_PACKAGES for part in ("--with", package)]
    python = ["uv", "run", "--quiet", "--no-project", "--python", sys.executable, *packages, "python"]
    folder = PEERS / "dot"
    with scratch() as database:
        port = free_port()
        environment = {
            **os.environ,
            "DATABASE_URL": database,
            "DJANGO_SETTINGS_MODULE": "dot_settings",
            "DOT_AS_GENERATED": as_generated,
        }
        environment.pop("VIRTUAL_ENV", None)
        run([*python, "dot_prepare.py"], environment, folder)
        command = [*python, *granian("dot_wsgi:application", port)[1:]]
        with serving(command, environment, folder, f"http://127.0.0.1:{port}/") as process:
            yield Target(
                name,
                f"http://127.0.0.1:{port}",
                process,
                "/o/device-authorization/",
                "client_id=bench&scope=read",
                "/o/token/",
                "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=bench&device_code={code}",
            )


@contextmanager
def oidc_provider() -> Iterator[Target]:
    """In memory, so in one process: it has no database to wait for, and shares nothing."""
    folder = node_packages("oidc_provider")
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "NODE_ENV": "production"}
    with serving(["node", "server.mjs"], environment, folder, f"http://127.0.0.1:{port}/") as process:
        yield Target(
            "oidc-provider in memory",
            f"http://127.0.0.1:{port}",
            process,
            "/device/auth",
            "client_id=bench&scope=openid",
            "/token",
            "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=bench&device_code={code}",
        )


@contextmanager
def better_auth() -> Iterator[Target]:
    """On PostgreSQL, one process a core, its own rate limiter off: ours counts, it need not."""
    folder = node_packages("better_auth")
    with scratch() as database:
        port = free_port()
        environment = {**os.environ, "PORT": str(port), "DATABASE_URL": database, "NODE_ENV": "production"}
        run(["node", "migrate.mjs"], environment, folder)
        with serving(["node", "server.mjs"], environment, folder, f"http://127.0.0.1:{port}/") as process:
            yield Target(
                "better-auth",
                f"http://127.0.0.1:{port}",
                process,
                "/api/auth/device/code",
                '{"client_id": "bench-{n}", "scope": "read"}',
                "/api/auth/device/token",
                '{"grant_type": "urn:ietf:params:oauth:grant-type:device_code", '
                '"client_id": "bench-0", "device_code": "{code}"}',
                content_type="application/json",
            )


DEVICE_TARGETS: list[Callable[[], AbstractContextManager[Target]]] = [
    product,
    bare_wsgi,
    django_oauth_toolkit,
    django_oauth_toolkit_as_generated,
    oidc_provider,
    better_auth,
]


def _ours(name: str, port: int, process: "subprocess.Popen[bytes]") -> Target:
    return Target(
        name,
        f"http://127.0.0.1:{port}",
        process,
        "/v1/account/device/start",
        '{"client_label": "bench", "client_fingerprint": "bench-{n}", "scopes": '
        '["account:workspace:read", "account:apps:write"]}',
        "/v1/account/device/token",
        '{"device_code": "{code}"}',
        content_type="application/json",
    )


def granian(application: str, port: int) -> list[str]:
    """The server of every Python target: two workers with two threads each."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "2", "--blocking-threads", "2", "--no-ws", "--log-level", "warning", application),
    ]


def node_packages(name: str) -> Path:
    """The folder of a Node peer with its packages in place."""
    folder = PEERS / name
    if shutil.which("npm") is None:
        raise Unavailable(f"{name}: left out, Node.js is not installed.")
    if not (folder / "node_modules").is_dir():
        run(["npm", "install", "--no-audit", "--no-fund", "--loglevel", "error"], dict(os.environ), folder)
    return folder


def run(command: list[str], environment: dict[str, str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"left out, `{' '.join(command[:3])} …` failed: {lines[-1] if lines else done.returncode}")


@contextmanager
def serving(
    command: list[str], environment: dict[str, str], folder: Path, probe: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """A child in a session of its own that answers at `probe`; it ends with the block, or with us."""
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, preexec_fn=die_with_parent,
    )  # fmt: skip
    try:
        _wait_until_up(probe, process)
        yield process
    finally:
        end(process)


def _wait_until_up(probe: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"left out, its server ended at once (exit {process.returncode}).")
        try:
            httpx.get(probe, timeout=1)
            return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise Unavailable(f"left out, its server did not answer within {START_SECONDS} seconds.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
