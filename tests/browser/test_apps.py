"""Apps and keys through the pages: by keyboard on a phone, without a script, and leaving a secret behind."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Dialog, expect

from tests.browser.human import Human
from tests.serving import Demo

pytestmark = pytest.mark.browser


def me(demo: Demo, secret: str) -> Any:
    answer = httpx.get(f"{demo.base_url}/v1/me", headers={"Authorization": f"Bearer {secret}"})
    return answer.json()["data"] if answer.status_code == 200 else answer.status_code


def test_from_an_app_to_a_working_key_by_keyboard(demo_on_sqlite: Demo, human: Human) -> None:
    page, demo = human.page, demo_on_sqlite
    page.goto(f"/console/w/{demo.facts['workspaces']['pending']}/apps/new")
    human.sign_in()
    human.type_into("name", "By keyboard")
    human.press(page.get_by_role("button", name="Create it"))
    page.wait_for_url("**/apps/app_*")
    app_id = page.input_value("#app-id")
    human.no_sideways_scrolling()
    human.press(page.get_by_role("link", name="Issue a key"))
    human.type_into("label", "Phone")
    human.press(page.get_by_role("button", name="Issue the key"))
    expect(page.locator("#secret")).to_be_visible()
    human.no_sideways_scrolling()
    secret = page.input_value("#secret")
    assert me(demo, secret)["app_id"] == app_id

    asked: list[str] = []

    def answered(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answered)
    human.press(page.get_by_role("link", name="To the keys"))
    page.wait_for_url("**/keys")
    assert asked == ["beforeunload"]
    human.press(page.get_by_role("link", name="Rotate"))
    human.press(page.get_by_role("button", name="Rotate and show the new key"))
    expect(page.locator("main")).to_contain_text("Works for another 23 hours")
    human.press(page.get_by_role("button", name="Copy").first)
    expect(page.locator("#secret-said")).to_have_text("Copied.")
    human.press(page.get_by_role("link", name="To the keys"))
    expect(page.locator("main")).to_contain_text("Replaced, still works")
    assert asked == ["beforeunload"]


def test_without_script_a_key_is_issued_and_the_app_archived(demo_on_sqlite: Demo, browser: Any) -> None:
    demo = demo_on_sqlite
    context = browser.new_context(java_script_enabled=False, base_url=demo.base_url)
    page = context.new_page()
    page.goto(f"/console/w/{demo.facts['workspaces']['denied']}/apps/new")
    page.fill("[name=login]", demo.facts["users"]["owner"]["email"])
    page.fill("[name=password]", demo.facts["users"]["owner"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/apps/new")
    page.fill("[name=name]", "No script")
    page.get_by_role("button", name="Create it").click()
    page.get_by_role("link", name="Issue a key").click()
    page.fill("[name=label]", "Server")
    page.get_by_role("button", name="Issue the key").click()
    secret = page.input_value("#secret")
    assert me(demo, secret)["environment"] == "sandbox"
    page.get_by_role("link", name="To the keys").click()
    page.get_by_role("link", name="About").click()
    page.get_by_role("link", name="Archive this app").click()
    page.fill("[name=typed_name]", "No script")
    page.get_by_role("button", name="Archive it").click()
    assert "is archived" in page.inner_text("main")
    assert me(demo, secret) == 401
    context.close()
