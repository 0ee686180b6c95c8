"""Device flow with requests-oauth2client, knowing only the base URL.

``requests_oauth2client_driver.py BASE_URL [CLIENT_ID]`` prints one JSON line with the user code, polls, and prints one
JSON line with the outcome.
"""

import json
import sys

import requests
from requests_oauth2client import (
    AccessDenied,
    DeviceAuthorizationPollingJob,
    ExpiredToken,
    OAuth2Client,
    oauth2_discovery_document_url,
)


def say(**message: object) -> None:
    print(json.dumps(message), flush=True)


def main(base_url: str, client_id: str = "requests-oauth2client") -> None:
    answer = requests.get(oauth2_discovery_document_url(base_url), timeout=30)
    answer.raise_for_status()
    metadata = answer.json()
    client = OAuth2Client.from_discovery_document(
        metadata,
        issuer=base_url,
        client_id=client_id,
        device_authorization_endpoint=metadata["device_authorization_endpoint"],  # the one it does not read itself
        testing=True,  # plain HTTP
    )
    device = client.authorize_device(scope="account:workspace:read account:apps:write")
    say(user_code=device.user_code, verification_uri_complete=device.verification_uri_complete)

    poll = DeviceAuthorizationPollingJob(client, device)
    try:
        while not (token := poll()):
            pass
    except AccessDenied as error:
        say(outcome="denied", error=error.error)
    except ExpiredToken as error:
        say(outcome="expired", error=error.error)
    else:
        say(outcome="approved", access_token=token.access_token, token_type=token.token_type, scope=token.scope)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), *sys.argv[2:])
