"""The demo's child processes: the server and the worker, started together and ended together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
ROOT = Path(__file__).resolve().parents[2]


def server(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "2", "--blocking-threads", "2", "--no-ws", "--log-level", "warning"),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "console.wsgi:application"),
    ]


def worker() -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), "worker"]


def start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """A child that ends when this process ends, however it ends (on Linux; elsewhere with a clean end). It leads a
    process group, so that its own children can be ended when it was killed itself."""
    environment = dict(os.environ)
    return subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        env=environment,
        process_group=0,
        preexec_fn=_die_with_parent,  # noqa: PLW1509
    )


def wait_until_up(url: str, child: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    """Returns when the server answers; ends the demo with a sentence when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise SystemExit(f"The server ended at once (exit {child.returncode}). Is the port taken?")
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=1):  # noqa: S310  (our own loopback address)
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("The server did not answer within 30 seconds.")


def stop_all(children: Sequence["subprocess.Popen[bytes]"]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        # Whatever it left behind: a server that was killed does not end its own processes.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def end_on_signals() -> None:
    """SIGTERM ends the demo as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
