"""The whole JSON contract under /v1, as one readable list."""

from accounts.devices import api as devices
from accounts.devices.schemas import DeviceDecided, DevicePolled, DeviceSeen, DeviceStarted
from accounts.endpoints import AGENT, HUMAN, PUBLIC, Route, account, build_api
from accounts.permissions import Permission
from accounts.refusals import Code
from accounts.tokens import api as tokens
from accounts.tokens.schemas import Me, Revoked
from apps.budgets import api as caps
from apps.budgets.schemas import CapData, CapRemoved
from apps.external_users import api as users
from apps.external_users.schemas import UserData, UserDeleted
from apps.registry import api as apps
from apps.registry.schemas import AppData
from apps.runtime_keys import api as keys
from apps.runtime_keys.actors import RUNTIME
from apps.runtime_keys.schemas import KeyData, KeyIssued, RuntimeMe

FINDING = (Code.DEVICE_CODE_UNKNOWN, Code.CODE_ENTRY_LOCKED)
DECIDING = (*FINDING, Code.DEVICE_ALREADY_DECIDED, Code.DEVICE_EXPIRED)
STARTING = (Code.UNKNOWN_SCOPE, Code.DEVICE_RATE_LIMITED, Code.DEVICE_SECRET_MISSING)
GRANTING = (Code.REAUTHENTICATION_REQUIRED, Code.SCOPE_NOT_GRANTABLE, Code.NOT_FOUND)
POLLING = (Code.DEVICE_CODE_UNKNOWN, Code.DEVICE_CODE_CONSUMED)
ROTATING = (Code.NOT_FOUND, Code.API_KEY_NOT_ACTIVE)
DEVICE = "/account/device"
APP = "/account/apps/{app_id}"
KEY = "/account/api-keys/{key_id}"
USERS = APP + "/external-users"
A_USER = USERS + "/{ref}"
A_CAP = APP + "/budget-policies/{policy_id}"
MISSING = (Code.NOT_FOUND,)
AMOUNT = (Code.NOT_FOUND, Code.INVALID_AMOUNT)
CAPPING = (*AMOUNT, Code.CAP_REQUIRED)
PEOPLE, CAPS = Permission.EXTERNAL_USERS_WRITE, Permission.CAPS_WRITE
READ, APPS, KEYS = Permission.WORKSPACE_READ, Permission.APPS_WRITE, Permission.API_KEYS_WRITE

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
    # Apps
    Route("GET", "/account/apps", apps.index, account(READ), AppData, paged=True),
    Route("POST", "/account/apps", apps.create, account(APPS), AppData, status=201),
    Route("GET", APP, apps.show, account(READ), AppData, (Code.NOT_FOUND,)),
    Route("PATCH", APP, apps.rename, account(APPS), AppData, (Code.NOT_FOUND,)),
    Route("DELETE", APP, apps.archive, account(APPS), AppData, (Code.NOT_FOUND,)),
    # Runtime keys
    Route("GET", "/account/api-keys", keys.index, account(KEYS), KeyData, (Code.NOT_FOUND,), paged=True),
    Route("POST", "/account/api-keys", keys.issue, account(KEYS), KeyIssued, (Code.NOT_FOUND,), status=201),
    Route("POST", KEY + "/rotate", keys.rotate, account(KEYS), KeyIssued, ROTATING, status=201),
    Route("DELETE", KEY, keys.revoke, account(KEYS), KeyData, (Code.NOT_FOUND,)),
    # External users
    Route("GET", USERS, users.index, account(PEOPLE), UserData, MISSING, paged=True),
    Route("PUT", A_USER, users.put, account(PEOPLE), UserData, AMOUNT, also_status=201),
    Route("GET", A_USER, users.show, account(PEOPLE), UserData, MISSING),
    Route("DELETE", A_USER, users.delete, account(PEOPLE), UserDeleted, MISSING),
    # Caps
    Route("GET", A_USER + "/budget-policy", caps.on_user, account(CAPS), CapData, MISSING, paged=True),
    Route("POST", A_USER + "/budget-policy", caps.set_on_user, account(CAPS), CapData, AMOUNT, also_status=201),
    Route("DELETE", A_USER + "/budget-policy", caps.remove_from_user, account(CAPS), CapRemoved, MISSING),
    Route("GET", APP + "/budget-policies", caps.on_app, account(CAPS), CapData, MISSING, paged=True),
    Route("POST", APP + "/budget-policies", caps.set_on_app, account(CAPS), CapData, CAPPING, also_status=201),
    Route("DELETE", A_CAP, caps.remove_from_app, account(CAPS), CapRemoved, CAPPING),
    Route("PUT", APP + "/default-user-policy", caps.set_default, account(CAPS), CapData, AMOUNT),
    # Runtime plane
    Route("GET", "/me", keys.me, RUNTIME, RuntimeMe),
]

api = build_api(ROUTES)
