"""The named checks of the environment: each can be provoked, and each stops the start with one line."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured

from console import checks

ROOT = Path(configured.BASE_DIR)
SOUND = {
    "SECRET_KEY": "s" * 50,
    "CREDENTIAL_SECRET": "c" * 50,
    "DEVICE_RATE_LIMIT_SECRET": "d" * 50,
    "PUBLIC_URL": "https://console.example.com",
}
OPENID = {"id": "x", "name": "X", "client_id": "x", "secret": "x", "server_url": "https://x.example"}
PROVOKED: dict[str, dict[str, Any]] = {
    "countersign.E001": {"SETTINGS_PROBLEMS": {"LOG_LEVEL": "LOG_LEVEL cannot be read: no"}},
    "countersign.E002": {"SECRET_LENGTHS": {"SECRET_KEY": 49, "CREDENTIAL_SECRET": 50}},
    "countersign.E003": {"SECRET_LENGTHS": {"SECRET_KEY": 50, "CREDENTIAL_SECRET": 0}},
    "countersign.E004": {"PUBLIC_URL": ""},
    "countersign.E005": {"PUBLIC_URL": "http://console.example.com"},
    "countersign.E006": {"LOG_LEVEL": "LOUD"},
    "countersign.E007": {"OPENID_PROVIDERS": [{"id": "x"}]},
    "countersign.E008": {"RATE_LIMIT_FACTOR": 0},
    "countersign.E009": {"DEMO": True, "PUBLIC_URL": "https://console.example.com"},
    "countersign.W001": {"DEVICE_RATE_LIMIT_SECRET": ""},
    "countersign.W002": {"RATE_LIMIT_FACTOR": 10, "DEMO": False},
}


@pytest.fixture
def sound(settings: Any) -> Any:
    settings.SECRET_LENGTHS = {"SECRET_KEY": 50, "CREDENTIAL_SECRET": 50}
    settings.PUBLIC_URL = "https://console.example.com"
    settings.OPENID_PROVIDERS = [OPENID]
    settings.LOG_LEVEL = "INFO"
    return settings


def found() -> list[str]:
    return [str(message.id) for message in checks.environment_is_sane()]


def test_a_sound_environment_has_nothing_to_say(sound: Any) -> None:
    assert found() == []


@pytest.mark.parametrize("name", sorted(PROVOKED))
def test_each_check_can_be_provoked(sound: Any, name: str) -> None:
    for setting, value in PROVOKED[name].items():
        setattr(sound, setting, value)
    assert found() == [name]
    [message] = checks.environment_is_sane()
    assert "\n" not in message.msg


def test_no_check_is_missing_here() -> None:
    numbered = set(re.findall(r"countersign\.[EW]\d{3}", Path(checks.__file__).read_text()))
    assert numbered | {"countersign.E002", "countersign.E003"} == set(PROVOKED)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_plain_http_is_fine_on_this_machine(sound: Any, host: str) -> None:
    sound.PUBLIC_URL = f"http://{host}"
    assert found() == []


def start(tmp_path: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Loads the WSGI callable as a server would, in an environment of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}"}
    return subprocess.run(
        [sys.executable, "-c", "import console.wsgi"],
        cwd=ROOT,
        env={**kept, **database, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_sound_environment_starts(tmp_path: Path) -> None:
    done = start(tmp_path, **SOUND)
    assert done.returncode == 0, done.stderr


def test_an_empty_environment_names_everything_that_is_missing(tmp_path: Path) -> None:
    done = start(tmp_path)
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert [line.split(":")[0] for line in lines] == ["countersign.E002", "countersign.E003", "countersign.E004"]


def test_every_wrong_value_is_named_in_a_line_of_its_own(tmp_path: Path) -> None:
    wrong = {
        "PUBLIC_URL": "console.example.com",
        "RATE_LIMIT_FACTOR": "many",
        "TRUSTED_PROXIES": "everybody",
        "DEBUG": "perhaps",
        "OPENID_PROVIDERS": "{",
        "DATABASE_URL": "mysql://nowhere/x",
        "LOG_LEVEL": "LOUD",
        "MAIL_URL": "smtp://host:port",
    }
    done = start(tmp_path, **{**SOUND, **wrong})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr
    lines = done.stderr.strip().splitlines()
    assert all(line.startswith("countersign.E") for line in lines)
    for name in wrong:
        assert sum(name in line.split(":")[1] for line in lines) >= 1, (name, lines)


@pytest.mark.parametrize("value", ['["x"]', "{}", '[{"id": "x"}]'])
def test_providers_of_any_shape_are_named(tmp_path: Path, value: str) -> None:
    done = start(tmp_path, **{**SOUND, "OPENID_PROVIDERS": value})
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 1
    assert "OPENID_PROVIDERS" in done.stderr


def test_the_deployment_check_is_clean(tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    secrets = {"SECRET_KEY": "0aZ9-_bY8x" * 5 + "qwertz", "CREDENTIAL_SECRET": "1aZ9-_bY8x" * 5}
    places = {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}", "MAIL_URL": "smtp://mail.example.com"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**kept, **SOUND, **secrets, **places},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
