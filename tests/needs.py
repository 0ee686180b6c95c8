"""What a machine may lack. A lack skips with a sentence; under REQUIRE_ALL=1 it fails instead."""

import os
import shutil
from typing import NoReturn

import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def lacking(sentence: str) -> NoReturn:
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def chromium() -> str:
    """The path of a Chromium on this machine."""
    found = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    return found or lacking("No Chromium found: install Debian's package chromium (apt-get install chromium).")


def postgres_server() -> str:
    """The URL of a PostgreSQL server on which databases may be made."""
    import psycopg

    url = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        lacking("No PostgreSQL answers: start one on 127.0.0.1:5432 or name one in TEST_POSTGRES_URL.")
    return url
