"""Signing up by code and back to the agent; a passkey; a one-time password."""

import email
import email.policy
import re
import time

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.human import Human
from tests.browser.test_story import start
from tests.serving import Demo

pytestmark = pytest.mark.browser


def mailed_code(demo: Demo, address: str) -> str:
    """The confirmation code from the newest mail to this address; waits until the worker has sent it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for text in reversed(demo.mails()):
            message = email.message_from_string(text, policy=email.policy.default)
            body = message.get_body(("plain",))
            if message["To"] == address and body is not None:
                found = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", body.get_content(), re.MULTILINE)
                if found:
                    return found.group(1)
        time.sleep(0.2)
    raise AssertionError(f"no code was mailed to {address}")


def test_a_newcomer_signs_up_on_the_way_and_comes_back_to_the_code(demo_on_sqlite: Demo, phone: Page) -> None:
    started = start(demo_on_sqlite, "newcomers-agent")
    phone.goto(started["verification_uri"])
    phone.get_by_role("link", name=re.compile("sign up|create an account", re.IGNORECASE)).first.click()
    phone.fill("[name=email]", "newcomer@demo.example")
    phone.fill("[name=password1]", "a long and good passphrase")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/confirm-email/**")
    phone.fill("[name=code]", mailed_code(demo_on_sqlite, "newcomer@demo.example"))
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/console/device?user_code=**")
    assert started["user_code"] in phone.inner_text("main")


def virtual_authenticator(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def test_a_passkey_is_added_and_signs_in(demo_on_sqlite: Demo, phone: Page) -> None:
    account = demo_on_sqlite.facts["users"]["reviewer"]
    # A passkey belongs to a host name, not to an address.
    base = demo_on_sqlite.base_url.replace("127.0.0.1", "localhost")
    session = virtual_authenticator(phone)
    phone.goto(f"{base}/accounts/login/?next=/accounts/2fa/webauthn/add/")
    Human(phone, account).type_into("login", account["email"])
    Human(phone, account).type_into("password", account["password"])
    phone.keyboard.press("Enter")
    # Adding a way to sign in asks for the password again, however fresh the sign-in is.
    phone.wait_for_url("**/reauthenticate/**")
    Human(phone, account).type_into("password", account["password"])
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/webauthn/add/")
    phone.fill("[name=name]", "Phone")
    if phone.locator("[name=passwordless]").count():
        phone.check("[name=passwordless]")
    phone.locator("#mfa_webauthn_add").click()
    phone.wait_for_url(re.compile(r"/accounts/2fa/(?!webauthn/add)"))
    phone.goto(f"{base}/accounts/logout/")
    phone.locator("main form button").first.click()
    phone.goto(f"{base}/accounts/login/?next=/console/device")
    phone.get_by_role("button", name=re.compile("passkey", re.IGNORECASE)).click()
    phone.wait_for_url("**/console/device")
    expect(phone.locator("[name=user_code]")).to_be_visible()
    session.detach()
