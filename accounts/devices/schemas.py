"""The JSON of device authorization."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from accounts.devices.models import (
    FINGERPRINT_LENGTH,
    LABEL_LENGTH,
    LIFETIME_SECONDS_DEFAULT,
    LIFETIME_SECONDS_MAX,
    LIFETIME_SECONDS_MIN,
    REASON_LENGTH,
)
from accounts.permissions import SCOPES
from accounts.schemas import Body, Data, Line, Visible, Whole

# The document lists the known scopes; an unknown one is refused by the rule, which says which there are.
Scope = Annotated[str, Field(max_length=80, json_schema_extra={"enum": list(SCOPES)})]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
Lifetime = Annotated[int, Whole(LIFETIME_SECONDS_MIN, LIFETIME_SECONDS_MAX)]


class DeviceStart(Body):
    client_label: Annotated[str, Visible(LABEL_LENGTH)]
    client_fingerprint: Annotated[str, Visible(FINGERPRINT_LENGTH)]
    scopes: Scopes


class DeviceStarted(Data):
    device_code: str
    user_code: str
    verification_uri: str
    expires_at: str
    interval_seconds: int
    requested_scopes: list[str]


class DevicePoll(Body):
    device_code: Annotated[str, Line(200)]


class WorkspaceRef(Data):
    id: str
    name: str


class DevicePolled(Data):
    """One shape for all four statuses; what a status does not carry is null."""

    status: Literal["pending", "approved", "denied", "expired"]
    interval_seconds: int | None = None
    slow_down: bool = False
    expires_at: str | None = None
    account_access_token: str | None = None
    scopes: list[str] | None = None
    workspace: WorkspaceRef | None = None
    environment: Literal["test", "live"] | None = None
    reason: str | None = None


class ScopeWords(Data):
    name: str
    words: str
    risk: Literal["read", "write", "money"]
    guarded: bool
    roles: list[str]


class DeviceSeen(Data):
    """What a signed-in human is shown before deciding."""

    id: str
    user_code: str
    client_label: str
    status: Literal["pending", "approved", "consumed", "denied", "expired"]
    scopes: list[ScopeWords]
    requested_scopes: list[str]
    requested_at: str
    requested_from: str
    user_agent: str
    same_network: bool
    expires_at: str


class DeviceApprove(Body):
    """Either a workspace that exists or the name of a new one."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("workspace_id", "new_workspace_name")
            ]
        }
    )

    workspace_id: Annotated[str, Line(80, at_least=1)] | None = None
    new_workspace_name: Annotated[str, Visible(80)] | None = None
    scopes: Scopes
    lifetime_seconds: Lifetime = LIFETIME_SECONDS_DEFAULT


class DeviceDeny(Body):
    reason: Annotated[str, Line(REASON_LENGTH)] | None = None


class DeviceDecided(Data):
    id: str
    user_code: str
    status: Literal["approved", "denied"]
    workspace: WorkspaceRef | None
    scopes: list[str]
    lifetime_seconds: int | None
    reason: str | None
