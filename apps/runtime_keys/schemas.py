"""The JSON of runtime keys."""

from typing import Annotated, Literal

from accounts.schemas import Body, Data, Line, ListQuery, Visible, Whole
from apps.runtime_keys.models import LABEL_LENGTH, OVERLAP_SECONDS_MAX

KeyLabel = Annotated[str, Visible(LABEL_LENGTH)]
AppId = Annotated[str, Line(80, 1)]
Moment = Annotated[str, Line(40, 1)]
Overlap = Annotated[int, Whole(0, OVERLAP_SECONDS_MAX)]


class KeyIssue(Body):
    app_id: AppId
    label: KeyLabel
    expires_at: Moment | None = None


class KeyRotate(Body):
    overlap_seconds: Overlap


class KeyData(Data):
    """A key as lists show it: `hint` is its prefix and last four characters."""

    id: str
    app_id: str
    label: str
    hint: str
    status: Literal["active", "rotating", "expired", "revoked"]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    rotated_to_key_id: str | None
    issued_by: str | None
    issued_by_agent: str | None


class KeyIssued(KeyData):
    """A key just issued: the only time its secret is shown."""

    secret: str


class RuntimeMe(Data):
    app_id: str
    key_id: str
    workspace_id: str
    environment: Literal["sandbox", "staging", "production"]
    is_sandbox: bool
    production_state: Literal["production_not_active", "production_active"]


class KeyQuery(ListQuery):
    app_id: AppId | None = None
