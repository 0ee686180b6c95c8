"""`manage.py agent`: a coding agent in small, over HTTP like any other."""

import json
import platform
import time
import urllib.error
import urllib.request
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

SCOPES = [
    "account:workspace:read",
    "account:apps:write",
    "account:api_keys:write",
    "account:external_users:write",
    "account:caps:write",
    "account:usage:read",
]


class Command(BaseCommand):
    help = "Play the coding agent: ask to be let in, print the code, wait for the human, then set things up."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", required=True, help="where Countersign is, e.g. http://127.0.0.1:8000")
        parser.add_argument("--label", default="countersign-agent", help="the name the human will see")
        parser.add_argument("--keep", action="store_true", help="do not revoke the token at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        self.base = options["base_url"].rstrip("/")
        token = self.ask_to_be_let_in(options["label"])
        me = self.call("GET", "/v1/account/me", token=token)["data"]
        self.stdout.write(
            f"I am in: workspace {me['workspace']['name']} ({me['environment']}), for {me['user']['email']}, "
            f"until {me['expires_at']}.\nI may: {', '.join(me['scopes'])}"
        )
        self.set_up(token, set(me["scopes"]))
        if options["keep"]:
            self.stdout.write("I keep my token until it expires or a human stops me.")
            return
        self.call("POST", "/v1/account/tokens/current/revoke", token=token)
        self.stdout.write("Setup finished: I have revoked my token.")

    def set_up(self, token: str, scopes: set[str]) -> None:
        """Makes an app and a key for it, as far as the human allows, and tries the key."""
        if "account:apps:write" not in scopes:
            self.stdout.write("I may not create apps, so there is nothing for me to set up.")
            return
        app = self.call("POST", "/v1/account/apps", {"name": "Local staging", "environment": "sandbox"}, token)["data"]
        self.stdout.write(f"I made the app {app['name']} ({app['id']}).")
        self.cap(app["id"], token, scopes)
        if "account:api_keys:write" not in scopes:
            self.stdout.write("I may not issue keys: a human must issue one for its backend.")
            return
        key = self.call("POST", "/v1/account/api-keys", {"app_id": app["id"], "label": "local-server"}, token)["data"]
        self.stdout.write(f"I issued the key {key['hint']} for its backend; it calls GET /v1/me:")
        self.stdout.write(json.dumps(self.call("GET", "/v1/me", token=key["secret"])["data"], indent=2))

    def cap(self, app_id: str, token: str, scopes: set[str]) -> None:
        """One end-user and caps on both, as far as the human allows."""
        base = f"/v1/account/apps/{app_id}"
        user = {"display_name": "Test user", "credit_limit": 5.0}
        if "account:external_users:write" in scopes:
            self.call("PUT", f"{base}/external-users/user_123", user, token)
            self.stdout.write("I made the end-user user_123, who may spend 5 credits.")
        if "account:caps:write" in scopes:
            self.call("POST", f"{base}/budget-policies", {"limit_credits": 50, "enforcement": "hard"}, token)
            self.stdout.write("I capped the app at 50 credits.")

    def ask_to_be_let_in(self, label: str) -> str:
        """Starts the flow, shows code and link, and polls until a human has decided."""
        fingerprint = f"agent-command:{platform.node()}:{label}"
        body = {"client_label": label, "client_fingerprint": fingerprint, "scopes": SCOPES}
        started = self.call("POST", "/v1/account/device/start", body)["data"]
        self.stdout.write(
            f"\nMy code is  {started['user_code']}\nOpen  {started['verification_uri']}\n"
            f"and approve it if you see the same code there. I wait until {started['expires_at']}.\n"
        )
        self.stdout.flush()
        interval = started["interval_seconds"]
        while True:
            time.sleep(interval)
            heard = self.call("POST", "/v1/account/device/token", {"device_code": started["device_code"]})["data"]
            interval = heard["interval_seconds"] or interval
            if heard["status"] == "approved":
                return str(heard["account_access_token"])
            if heard["status"] == "denied":
                raise CommandError(f"The human said no{': ' + heard['reason'] if heard['reason'] else '.'}")
            if heard["status"] == "expired":
                raise CommandError("Nobody decided in time; the code has expired.")

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> dict[str, Any]:
        """One JSON call. A refusal ends the command with its sentence."""
        headers = {"Content-Type": "application/json", "User-Agent": "countersign-agent/1"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (the URL the caller names)
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as refused:
            detail = json.load(refused)["detail"]
            raise CommandError(f"{method} {path}: {detail['code']}: {detail['message']}") from None
        except OSError as away:
            raise CommandError(f"{self.base} does not answer: {away}") from None
