"""A human at a browser who uses nothing but the keyboard."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

MOST_TABS = 60


@dataclass
class Human:
    page: Page
    account: dict[str, str]

    def tab_to(self, target: Locator) -> None:
        """Presses Tab until the target has the focus; fails when it cannot be reached."""
        for _ in range(MOST_TABS):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached with the Tab key")

    def type_into(self, name: str, text: str) -> None:
        self.tab_to(self.page.locator(f"[name={name}]").first)
        self.page.keyboard.type(text)

    def press(self, button: Locator) -> None:
        self.tab_to(button)
        self.page.keyboard.press("Enter")

    def sign_in(self) -> None:
        """On the sign-in page: e-mail, password, Enter."""
        self.type_into("login", self.account["email"])
        self.type_into("password", self.account["password"])
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/console/**")

    def no_sideways_scrolling(self) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{self.page.url} scrolls sideways"
