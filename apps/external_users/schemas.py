"""The JSON of external users."""

from typing import Annotated

from accounts.schemas import Body, Data, Line, ListQuery
from apps.external_users.models import DISPLAY_NAME_LENGTH
from billing.amounts import Credits


class UserPut(Body):
    display_name: Annotated[str, Line(DISPLAY_NAME_LENGTH)] | None = None
    credit_limit: Annotated[int, Credits()] | None = None


class UserQuery(ListQuery):
    q: Annotated[str, Line(128)] | None = None


class UserData(Data):
    id: str
    app_id: str
    ref: str
    display_name: str | None
    credit_limit: float | None
    created_at: str


class UserDeleted(Data):
    id: str
    ref: str
    deleted: bool
