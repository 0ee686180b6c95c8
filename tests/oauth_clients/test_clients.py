"""Seven OAuth clients that know nothing but the base URL run the device flow against the served product.

Each story is a driver in a process of its own and a human. All stories of the module run at once, since each mostly
waits for its next poll.
"""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browserless import Program, Visitor, age
from tests.needs import lacking
from tests.serving import Demo

FOLDER = Path(__file__).parent
DRIVERS = {
    "Authlib": "authlib_driver.py",
    "huggingface_hub": "huggingface_hub_driver.py",
    "msal": "msal_driver.py",
    "oauth4webapi": "oauth4webapi_driver.mjs",
    "openid-client": "openid_client_driver.mjs",
    "requests-oauth2client": "requests_oauth2client_driver.py",
    "requests-oauthlib": "requests_oauthlib_driver.py",
}
ON_POSTGRES = ("openid-client", "requests-oauthlib")
OUTCOMES = ("approved", "denied", "expired")
STORY_SECONDS = 50


@dataclass(frozen=True)
class Story:
    client: str
    outcome: str
    database: str

    def __str__(self) -> str:
        return f"{self.client}-{self.outcome}-{self.database}"

    @property
    def in_node(self) -> bool:
        return DRIVERS[self.client].endswith(".mjs")


STORIES = [Story(client, outcome, "sqlite") for client in DRIVERS for outcome in OUTCOMES]
STORIES += [Story(client, outcome, "postgres") for client in ON_POSTGRES for outcome in OUTCOMES]


def marked(story: Story) -> Any:
    marks = [pytest.mark.node] if story.in_node else []
    marks += [pytest.mark.postgres] if story.database == "postgres" else []
    return pytest.param(story, marks=marks, id=str(story))


@pytest.fixture(scope="module")
def tales(request: pytest.FixtureRequest) -> Iterator[dict[Story, "Future[dict[str, Any]]"]]:
    """The stories that this run selected, all under way."""
    items = [item for item in request.session.items if item.path == request.path]
    wanted = [item.callspec.params["story"] for item in items if hasattr(item, "callspec")]
    possible = [story for story in wanted if not story.in_node or node_lack() is None]
    demos = {name: request.getfixturevalue(f"demo_on_{name}") for name in {story.database for story in possible}}
    with ThreadPoolExecutor(max_workers=len(STORIES)) as pool:
        yield {story: pool.submit(play, story, demos[story.database]) for story in possible}


@pytest.mark.parametrize("story", [marked(story) for story in STORIES])
def test_a_client_hears_what_the_human_decided(
    story: Story, tales: dict[Story, "Future[dict[str, Any]]"], request: pytest.FixtureRequest
) -> None:
    if story.in_node and (lack := node_lack()):
        lacking(lack)
    heard = tales[story].result(timeout=STORY_SECONDS)
    assert heard["outcome"] == story.outcome
    if story.outcome != "approved":
        assert heard["error"] == {"denied": "access_denied", "expired": "expired_token"}[story.outcome]
        return
    assert heard["token_type"].lower() == "bearer"
    assert heard["scope"] == "account:workspace:read"
    demo: Demo = request.getfixturevalue(f"demo_on_{story.database}")
    with Program(demo) as program:
        me = program.me(heard["access_token"])
    assert me.status_code == 200, me.text
    assert me.json()["data"]["label"] == story.client
    assert me.json()["data"]["scopes"] == ["account:workspace:read"]


def node_lack() -> str | None:
    if shutil.which("node") is None:
        return "No Node.js found: install version 20 or newer (Debian's packages nodejs and npm)."
    if not all((FOLDER / "node_modules" / name).is_dir() for name in ("openid-client", "oauth4webapi")):
        return "npm packages are missing: in tests/oauth_clients run npm install --no-audit --no-fund --no-package-lock"
    return None


def play(story: Story, demo: Demo) -> dict[str, Any]:
    """Runs the driver; when it shows its code, the human does their part; the driver then says what it heard."""
    runtime = "node" if story.in_node else sys.executable
    command = [runtime, str(FOLDER / "drivers" / DRIVERS[story.client]), demo.base_url, story.client]
    driver = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    alarm = threading.Timer(STORY_SECONDS, driver.kill)
    alarm.start()
    with driver:
        try:
            assert driver.stdout
            first = driver.stdout.readline()
            if first:
                told = json.loads(first)
                assert told["verification_uri_complete"].startswith(f"{demo.base_url}/console/device?user_code=")
                decide(story, demo, told["user_code"])
            last, complaint = driver.communicate()
        finally:
            driver.kill()
            alarm.cancel()
    assert driver.returncode == 0, f"{command} ended with {driver.returncode}:\n{complaint[-3000:]}"
    heard: dict[str, Any] = json.loads(last)
    return heard


def decide(story: Story, demo: Demo, user_code: str) -> None:
    if story.outcome == "expired":
        age(demo, user_code)
        return
    with Visitor(demo) as owner:
        if story.outcome == "approved":
            answer = owner.approve(user_code, scopes=["account:workspace:read"])
        else:
            answer = owner.deny(user_code, "Not today")
    assert answer.status_code == 200, answer.text
