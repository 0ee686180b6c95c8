"""Device flow with msal, knowing only the base URL: ``msal_driver.py BASE_URL [CLIENT_ID]``.

Prints one JSON line with the user code, polls, and prints one JSON line with the outcome.

msal refuses any authority and any token endpoint that is not HTTPS, and has no switch for it. For a plain-HTTP base URL
the driver therefore lends it a transport that does what a TLS proxy in front of the server would do. msal also wants a
path in the authority; ``/.`` is one, and leads to the metadata at the root all the same.
"""

import json
import sys
from typing import Any

import requests
from msal import PublicClientApplication

# `authorization_pending` is what msal returns last when it gives up by itself, `expires_in` being over.
OUTCOMES = {"access_denied": "denied", "expired_token": "expired", "authorization_pending": "expired"}
SCOPES = ["account:workspace:read", "account:apps:write"]


class TLSProxy:
    """HTTPS for msal, the base URL for the server; the metadata, all that msal ever GETs, is translated back."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.secure_url = "https:" + base_url.partition(":")[2]
        self.session = requests.Session()

    def get(self, url: str, **options: Any) -> requests.Response:
        response = self.session.get(self.plain(url), timeout=30, **options)
        response._content = response.content.replace(self.base_url.encode(), self.secure_url.encode())
        return response

    def post(self, url: str, **options: Any) -> requests.Response:
        return self.session.post(self.plain(url), timeout=30, **options)

    def close(self) -> None:
        self.session.close()

    def plain(self, url: str) -> str:
        return url.replace(self.secure_url, self.base_url, 1)


def say(**message: object) -> None:
    print(json.dumps(message), flush=True)


def main(base_url: str, client_id: str = "msal") -> None:
    proxy = TLSProxy(base_url)
    app = PublicClientApplication(client_id, oidc_authority=f"{proxy.secure_url}/.", http_client=proxy)
    flow = app.initiate_device_flow(SCOPES)
    if "user_code" not in flow:
        raise RuntimeError(flow)
    say(user_code=flow["user_code"], verification_uri_complete=flow["verification_uri_complete"])

    result = app.acquire_token_by_device_flow(flow)
    if "access_token" in result:
        say(
            outcome="approved",
            access_token=result["access_token"],
            token_type=result["token_type"],
            scope=result["scope"],
        )
    elif result.get("error") in OUTCOMES:
        say(outcome=OUTCOMES[result["error"]], error=result["error"])
    else:
        raise RuntimeError(result)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), *sys.argv[2:])
