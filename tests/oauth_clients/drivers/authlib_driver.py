"""Device flow with Authlib, knowing only the base URL: ``authlib_driver.py BASE_URL [CLIENT_ID]``.

Prints one JSON line with the user code, polls, and prints one JSON line with the outcome. Authlib leaves the polling
loop to its user, so it is written out here as RFC 8628 section 3.5 has it.
"""

import json
import os
import sys
import time

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
OUTCOMES = {"access_denied": "denied", "expired_token": "expired"}


def say(**message: object) -> None:
    print(json.dumps(message), flush=True)


def main(base_url: str, client_id: str = "authlib") -> None:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP
    session = OAuth2Session(client_id, scope="account:workspace:read account:apps:write")

    answer = session.get(get_well_known_url(base_url, external=True), withhold_token=True)
    answer.raise_for_status()
    metadata = AuthorizationServerMetadata(answer.json())
    metadata.validate()
    answer = session.post(
        metadata["device_authorization_endpoint"],
        data={"scope": session.scope},
        auth=session.client_auth(session.token_endpoint_auth_method),
    )
    answer.raise_for_status()
    device = answer.json()
    say(user_code=device["user_code"], verification_uri_complete=device["verification_uri_complete"])

    interval = device.get("interval", 5)
    while True:
        time.sleep(interval)
        try:
            token = session.fetch_token(
                metadata["token_endpoint"], grant_type=GRANT_TYPE, device_code=device["device_code"]
            )
        except OAuthError as error:
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
                scope=token["scope"],
            )


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), *sys.argv[2:])
