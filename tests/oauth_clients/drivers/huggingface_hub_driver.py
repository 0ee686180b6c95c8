"""Device flow with huggingface_hub, knowing only the base URL: ``huggingface_hub_driver.py BASE_URL [CLIENT_ID]``.

Prints one JSON line with the user code, polls, and prints one JSON line with the outcome.

Does step by step what ``huggingface_hub.login()`` does, which prints for humans: ask for a code, poll, then look up
whose token it is (``GET /api/whoami-v2``) and store it - in a folder that is gone afterwards. It asks for no scope.
"""

import json
import os
import sys
from tempfile import TemporaryDirectory

OUTCOMES = {"access_denied": "denied", "expired_token": "expired"}


def say(**message: object) -> None:
    print(json.dumps(message), flush=True)


def main() -> None:
    # Read when the modules below are imported.
    from huggingface_hub._login import _save_oauth_token
    from huggingface_hub.errors import DeviceCodeError
    from huggingface_hub.utils._oauth_device import poll_device_token, request_device_code

    device = request_device_code()
    say(user_code=device["user_code"], verification_uri_complete=device["verification_uri_complete"])
    try:
        token = poll_device_token(device)
    except DeviceCodeError as error:
        if error.error_code not in OUTCOMES:
            raise
        say(outcome=OUTCOMES[error.error_code], error=error.error_code)
    else:
        _save_oauth_token(token)
        say(
            outcome="approved",
            access_token=token["access_token"],
            token_type=token["token_type"],
            scope=token.get("scope"),
        )


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        os.environ["HF_HOME"] = folder
        os.environ["HF_ENDPOINT"] = sys.argv[1]
        os.environ["HF_DEVICE_CODE_OAUTH_CLIENT_ID"] = (sys.argv[2:] or ["huggingface_hub"])[0]
        main()
