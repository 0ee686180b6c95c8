"""What `manage.py demo` sets before the settings are read: a data folder, random secrets kept in it, a free port."""

import argparse
import json
import os
import secrets
import shutil
import socket
from pathlib import Path

SECRETS = ("SECRET_KEY", "CREDENTIAL_SECRET", "DEVICE_RATE_LIMIT_SECRET")
FIRST_PORT = 8000


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="manage.py demo", add_help=False)
    arguments.add_argument("--port", type=int, default=None)
    arguments.add_argument("--reset", action="store_true")
    arguments.add_argument("--no-serve", action="store_true")
    arguments.add_argument("--relaxed-limits", action="store_true")
    return arguments


def prepare(argv: list[str]) -> None:
    """Fills in the environment of the demo. What the caller set stays as it is."""
    options, _ = parser().parse_known_args(argv)
    folder = Path(os.environ.get("DATA_DIR") or Path(__file__).resolve().parents[2] / "var" / "demo").resolve()
    if options.reset:
        _clear(folder)
    (folder / "mail").mkdir(parents=True, exist_ok=True)
    port = options.port or int(os.environ.get("DEMO_PORT") or 0) or _free_port(FIRST_PORT)
    environment = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}",
        "STATIC_ROOT": str(folder / "static"),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "RATE_LIMIT_FACTOR": "1000" if options.relaxed_limits else "1",
        "LOG_LEVEL": "WARNING",
        **_secrets(folder / "secrets.json"),
    }
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    os.environ["DEMO"] = "true"
    os.environ["DEMO_PORT"] = str(port)
    # Mistakes in the environment (a production DATABASE_URL with a production address) are caught by the checks.
    os.environ["PUBLIC_URL"] = environment["PUBLIC_URL"]


def _secrets(file: Path) -> dict[str, str]:
    """Random, made once a data folder: a second start keeps sessions and credentials good."""
    if not file.exists():
        partial = file.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps({name: secrets.token_urlsafe(48) for name in SECRETS}))
        partial.replace(file)
    found: dict[str, str] = json.loads(file.read_text())
    return found


def _clear(folder: Path) -> None:
    """Forgets what an earlier demo left; touches nothing but the demo's own files."""
    for name in ("demo.sqlite3", "demo.sqlite3-wal", "demo.sqlite3-shm", "demo.json", "secrets.json"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "mail", ignore_errors=True)


def _free_port(first: int) -> int:
    for port in range(first, first + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No free port between {first} and {first + 199}; name one with --port.")
