"""The story the product exists for: an agent asks by HTTP, a human decides on a phone, by keyboard."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.human import Human
from tests.serving import Demo

pytestmark = pytest.mark.browser
SCOPES = ["account:workspace:read", "account:apps:write", "account:usage:read"]


def start(demo: Demo, label: str = "codex-local-setup") -> dict[str, Any]:
    body = {"client_label": label, "client_fingerprint": label, "scopes": SCOPES}
    data: dict[str, Any] = httpx.post(f"{demo.base_url}/v1/account/device/start", json=body).json()["data"]
    return data


def poll(demo: Demo, started: dict[str, Any]) -> dict[str, Any]:
    body = {"device_code": started["device_code"]}
    data: dict[str, Any] = httpx.post(f"{demo.base_url}/v1/account/device/token", json=body).json()["data"]
    return data


def me(demo: Demo, token: str) -> httpx.Response:
    return httpx.get(f"{demo.base_url}/v1/account/me", headers={"Authorization": f"Bearer {token}"})


def test_let_in_by_link_watched_and_stopped(demo_on_sqlite: Demo, human: Human) -> None:
    page, demo = human.page, demo_on_sqlite
    started = start(demo)
    assert poll(demo, started)["status"] == "pending"

    page.goto(started["verification_uri"])
    human.no_sideways_scrolling()
    human.sign_in()
    assert started["user_code"] in page.inner_text("main")
    assert "codex-local-setup" in page.inner_text("main")
    human.no_sideways_scrolling()

    human.type_into("last_four", started["user_code"][-4:])
    workspace = demo.facts["workspaces"]["sandbox"]
    first_choice = page.locator("input[name=workspace]").first
    human.tab_to(first_choice)
    while not page.locator(f"input[name=workspace][value={workspace}]").is_checked():
        page.keyboard.press("ArrowDown")
    human.tab_to(page.locator("input[name=scopes][value='account:usage:read']"))
    page.keyboard.press("Space")
    human.press(page.get_by_role("button", name="Approve"))
    page.wait_for_url("**/agents/da_*")
    human.no_sideways_scrolling()

    granted = poll(demo, started)
    assert granted["status"] == "approved"
    assert granted["scopes"] == SCOPES[:2]
    assert granted["workspace"]["id"] == workspace
    # The page hears of it by itself.
    expect(page.locator("main")).to_contain_text(re.compile("collected", re.IGNORECASE), timeout=10_000)
    token = granted["account_access_token"]
    assert me(demo, token).status_code == 200

    page.reload()
    human.press(page.get_by_role("button", name=re.compile("stop", re.IGNORECASE)).first)
    expect(page.get_by_role("status").first).to_contain_text(re.compile("stopped", re.IGNORECASE))
    refused = me(demo, token)
    assert refused.status_code == 401
    assert refused.json()["detail"]["code"] == "token_revoked"


def test_a_typed_code_needs_no_second_entry_and_denying_reaches_the_agent(demo_on_sqlite: Demo, human: Human) -> None:
    page, demo = human.page, demo_on_sqlite
    started = start(demo, "denied-agent")
    page.goto("/console/device")
    human.sign_in()
    human.type_into("user_code", started["user_code"].lower().replace("-", " "))
    page.keyboard.press("Enter")
    page.wait_for_url("**user_code=**")
    assert page.locator("input[name=last_four]").count() == 0
    human.press(page.locator("summary", has_text="why you deny"))
    human.type_into("reason", "not mine")
    human.press(page.get_by_role("button", name="Deny"))
    page.wait_for_load_state()
    heard = poll(demo, started)
    assert (heard["status"], heard["reason"]) == ("denied", "not mine")


def test_wrong_last_four_characters_are_told_at_the_field(demo_on_sqlite: Demo, human: Human) -> None:
    page, demo = human.page, demo_on_sqlite
    started = start(demo, "phished")
    page.goto(started["verification_uri"])
    human.sign_in()
    human.type_into("last_four", "XXXX" if not started["user_code"].endswith("XXXX") else "WWWW")
    human.tab_to(page.locator("input[name=workspace]").first)
    page.keyboard.press("Space")
    human.press(page.get_by_role("button", name="Approve"))
    expect(page.locator("main")).to_contain_text("not the last four characters")
    assert page.locator("input[name=last_four][aria-invalid=true]").count() == 1
    assert poll(demo, started)["status"] == "pending"


def test_without_script_everything_but_live_updating_works(demo_on_sqlite: Demo, browser: Any) -> None:
    demo = demo_on_sqlite
    started = start(demo, "no-script")
    context = browser.new_context(java_script_enabled=False, base_url=demo.base_url)
    page = context.new_page()
    page.goto(started["verification_uri"])
    page.fill("[name=login]", demo.facts["users"]["owner"]["email"])
    page.fill("[name=password]", demo.facts["users"]["owner"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/device**")
    page.fill("[name=last_four]", started["user_code"][-4:])
    page.check("input[name=workspace][value=new]")
    page.fill("[name=new_workspace_name]", "Made on the way")
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url("**/agents/da_*")
    granted = poll(demo, started)
    assert granted["workspace"]["name"] == "Made on the way"
    page.reload()
    page.get_by_role("button", name=re.compile("stop", re.IGNORECASE)).first.click()
    page.wait_for_load_state()
    assert me(demo, granted["account_access_token"]).status_code == 401
    context.close()
