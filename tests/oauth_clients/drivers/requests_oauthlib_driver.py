"""Device flow with requests-oauthlib, knowing only the base URL: ``requests_oauthlib_driver.py BASE_URL [CLIENT_ID]``.

Prints one JSON line with the user code, polls, and prints one JSON line with the outcome. The library knows neither
discovery nor polling, but both requests are its own: the device request carries its parameters in the query, the token
request authenticates with HTTP Basic and an empty password.
"""

import json
import os
import sys
import time

from oauthlib.oauth2 import DeviceClient, OAuth2Error
from requests_oauthlib import OAuth2Session

OUTCOMES = {"access_denied": "denied", "expired_token": "expired"}
SCOPES = ["account:workspace:read", "account:apps:write"]


def say(**message: object) -> None:
    print(json.dumps(message), flush=True)


def main(base_url: str, client_id: str = "requests-oauthlib") -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP
    os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"  # a human may grant fewer scopes
    client = DeviceClient(client_id, scope=SCOPES)
    session = OAuth2Session(client=client)

    answer = session.get(f"{base_url}/.well-known/oauth-authorization-server")
    answer.raise_for_status()
    metadata = answer.json()
    answer = session.post(client.prepare_request_uri(metadata["device_authorization_endpoint"]))
    answer.raise_for_status()
    device = answer.json()
    say(user_code=device["user_code"], verification_uri_complete=device["verification_uri_complete"])

    interval = device.get("interval", 5)
    while True:
        time.sleep(interval)
        try:
            token = session.fetch_token(metadata["token_endpoint"], device_code=device["device_code"])
        except OAuth2Error as error:
            if error.error == "slow_down":
                interval += 5
            elif error.error in OUTCOMES:
                return say(outcome=OUTCOMES[error.error], error=error.error)
            elif error.error != "authorization_pending":
                raise
        else:
            return say(
                outcome="approved",
                access_token=token["access_token"],
                token_type=token["token_type"],
                scope=" ".join(token["scope"]),
            )


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), *sys.argv[2:])
