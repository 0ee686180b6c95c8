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
    *("/console/apps", "/console/apps?q=nothing-like-it", "{apps}/new", "{app}", "{app}/keys", "{app}/archive"),
    *("{key}/rotate", "{key}/revoke"),
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


@pytest.fixture(scope="module")
def app_paths(signed_in: BrowserContext, demo_on_sqlite: Demo) -> dict[str, str]:
    """The pages of an app that has a key, both made through the pages."""
    apps = f"/console/w/{demo_on_sqlite.facts['workspaces']['active']}/apps"
    page = signed_in.new_page()
    page.goto(f"{apps}/new")
    page.fill("[name=name]", "Looked at by axe")
    page.get_by_role("button", name="Create it").click()
    page.wait_for_url("**/apps/app_*")
    app = re.sub(r"^https?://[^/]+", "", page.url)
    page.goto(f"{app}/keys")
    page.fill("[name=label]", "axe")
    page.get_by_role("button", name="Issue the key").click()
    page.locator("#secret").wait_for()
    page.goto(f"{app}/keys")
    key = page.locator("a[href$='/rotate']").first.get_attribute("href")
    page.close()
    assert key is not None
    return {"apps": apps, "app": app, "key": key.removesuffix("/rotate")}


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
            violations = found.response["violations"]
            wrong += [f"{theme} {width}: {violation['id']}: {violation['help']}" for violation in violations]
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
def test_pages_of_a_human(
    signed_in: BrowserContext, agent_page: str, app_paths: dict[str, str], demo_on_sqlite: Demo, path: str
) -> None:
    body = {"client_label": "axe", "client_fingerprint": "axe-code", "scopes": ["account:api_keys:write"]}
    code = httpx.post(f"{demo_on_sqlite.base_url}/v1/account/device/start", json=body).json()["data"]["user_code"]
    assert look(signed_in, path.format(code=code, agent=agent_page, **app_paths)) == []


def test_the_page_of_a_new_key(signed_in: BrowserContext, app_paths: dict[str, str]) -> None:
    """The answer to a POST has no address of its own: it is looked at where it appears."""
    page = signed_in.new_page()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": 320, "height": 800})
        page.goto(f"{app_paths['app']}/keys")
        page.fill("[name=label]", f"axe {theme}")
        page.get_by_role("button", name="Issue the key").click()
        page.locator("#secret").wait_for()
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert Axe().run(page).response["violations"] == []
            assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    page.close()
