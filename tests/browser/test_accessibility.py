"""axe on every page, in both themes, on a phone and on a desk; nothing scrolls sideways; nothing from elsewhere."""

import re
from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext

from tests.serving import Demo

pytestmark = pytest.mark.browser
OPEN_PAGES = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/v1/docs", "/console/stop/forged"]
OWN_PAGES = [
    *("/console/", "/console/device", "/console/device?user_code={code}", "/console/device?user_code=CCCC-CCCC"),
    *("/console/agents", "/console/agents?show=all", "{agent}", "/console/audit", "/console/settings"),
    *("/console/workspaces/new", "/console/w/ws_nobody/", "/accounts/email/", "/accounts/password/change/"),
    *("/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/"),
    *("/accounts/sessions/", "/accounts/3rdparty/", "/accounts/logout/", "/accounts/reauthenticate/"),
]


@pytest.fixture(scope="module")
def signed_in(browser: Browser, demo_on_sqlite: Demo) -> Iterator[BrowserContext]:
    # axe is injected into the page, which our policy rightly forbids.
    context = browser.new_context(base_url=demo_on_sqlite.base_url, bypass_csp=True)
    page = context.new_page()
    page.goto("/accounts/login/")
    account = demo_on_sqlite.facts["users"]["owner"]
    page.fill("[name=login]", account["email"])
    page.fill("[name=password]", account["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/**")
    yield context
    context.close()


@pytest.fixture(scope="module")
def agent_page(signed_in: BrowserContext, demo_on_sqlite: Demo) -> str:
    """The page of an agent that collected its token."""
    base = demo_on_sqlite.base_url
    body = {"client_label": "axe", "client_fingerprint": "axe", "scopes": ["account:workspace:read"]}
    started = httpx.post(f"{base}/v1/account/device/start", json=body).json()["data"]
    page = signed_in.new_page()
    page.goto(started["verification_uri"])
    page.fill("[name=last_four]", started["user_code"][-4:])
    page.check(f"input[name=workspace][value={demo_on_sqlite.facts['workspaces']['active']}]")
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url("**/agents/da_*")
    httpx.post(f"{base}/v1/account/device/token", json={"device_code": started["device_code"]})
    page.close()
    return re.sub(r"^https?://[^/]+", "", page.url)


def look(context: BrowserContext, path: str) -> list[str]:
    """What is wrong with one page in either theme and at either width."""
    wrong: list[str] = []
    page = context.new_page()
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if "127.0.0.1" not in request.url else None)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(path)
            found = Axe().run(page)
            wrong += [f"{theme} {width}: {violation['id']}: {violation['help']}" for violation in found.response["violations"]]
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong.append(f"{theme} {width}: scrolls sideways")
    page.close()
    return wrong + [f"asks {url}" for url in outside if not url.startswith(("data:", "blob:"))]


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_pages_for_anyone(browser: Browser, demo_on_sqlite: Demo, path: str) -> None:
    context = browser.new_context(base_url=demo_on_sqlite.base_url, bypass_csp=True)
    assert look(context, path) == []
    context.close()


@pytest.mark.parametrize("path", OWN_PAGES)
def test_pages_of_a_human(signed_in: BrowserContext, agent_page: str, demo_on_sqlite: Demo, path: str) -> None:
    body = {"client_label": "axe", "client_fingerprint": "axe-code", "scopes": ["account:api_keys:write"]}
    code = httpx.post(f"{demo_on_sqlite.base_url}/v1/account/device/start", json=body).json()["data"]["user_code"]
    assert look(signed_in, path.format(code=code, agent=agent_page)) == []
