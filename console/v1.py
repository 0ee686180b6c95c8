"""The whole JSON contract under /v1, as one readable list."""

from accounts.devices import api as devices
from accounts.devices.schemas import DeviceDecided, DevicePolled, DeviceSeen, DeviceStarted
from accounts.endpoints import AGENT, HUMAN, PUBLIC, Route, account, build_api
from accounts.refusals import Code
from accounts.tokens import api as tokens
from accounts.tokens.schemas import Me, Revoked

FINDING = (Code.DEVICE_CODE_UNKNOWN, Code.CODE_ENTRY_LOCKED)
DECIDING = (*FINDING, Code.DEVICE_ALREADY_DECIDED, Code.DEVICE_EXPIRED)
STARTING = (Code.UNKNOWN_SCOPE, Code.DEVICE_RATE_LIMITED, Code.DEVICE_SECRET_MISSING)
GRANTING = (Code.REAUTHENTICATION_REQUIRED, Code.SCOPE_NOT_GRANTABLE, Code.NOT_FOUND)
POLLING = (Code.DEVICE_CODE_UNKNOWN, Code.DEVICE_CODE_CONSUMED)
DEVICE = "/account/device"

ROUTES = [
    # Device authorization
    Route("POST", f"{DEVICE}/start", devices.start, PUBLIC, DeviceStarted, STARTING),
    Route("POST", f"{DEVICE}/token", devices.token, PUBLIC, DevicePolled, POLLING),
    Route("GET", DEVICE + "/{user_code}", devices.show, HUMAN, DeviceSeen, FINDING),
    Route("POST", DEVICE + "/{user_code}/approve", devices.approve, HUMAN, DeviceDecided, DECIDING + GRANTING),
    Route("POST", DEVICE + "/{user_code}/deny", devices.deny, HUMAN, DeviceDecided, DECIDING),
    # The account token
    Route("GET", "/account/me", tokens.me, account(), Me),
    Route("POST", "/account/tokens/current/revoke", tokens.revoke_current, AGENT, Revoked),
]

api = build_api(ROUTES)
