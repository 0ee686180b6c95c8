"""A real browser on the served product."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.human import Human
from tests.serving import Demo

PHONE = {"width": 320, "height": 640}


@pytest.fixture
def phone(browser: Browser, demo_on_sqlite: Demo) -> Iterator[Page]:
    """A page on a 320 px screen that fails its test on script errors and CSP violations."""
    context = browser.new_context(viewport=PHONE, base_url=demo_on_sqlite.base_url)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: _complain(complaints, message))
    yield page
    context.close()
    assert not complaints


@pytest.fixture
def human(phone: Page, demo_on_sqlite: Demo) -> Human:
    """The owner of the demo, with a phone and a keyboard, not signed in yet."""
    return Human(phone, demo_on_sqlite.facts["users"]["owner"])


def _complain(complaints: list[str], message: Any) -> None:
    # A refused form answers 4xx on purpose; the browser notes that as a failed resource.
    if message.type == "error" and "Failed to load resource" not in message.text:
        complaints.append(message.text)
