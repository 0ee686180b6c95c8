"""The JSON of apps."""

from typing import Annotated, Literal

from accounts.schemas import Body, Data, Line, ListQuery, Visible
from apps.registry.models import NAME_LENGTH

EnvironmentName = Literal["sandbox", "staging", "production"]
AppName = Annotated[str, Visible(NAME_LENGTH)]
Words = Annotated[str, Line(NAME_LENGTH)]


class AppCreate(Body):
    name: AppName
    environment: EnvironmentName


class AppRename(Body):
    name: AppName


class AppQuery(ListQuery):
    environment: EnvironmentName | None = None
    q: Words | None = None


class AppData(Data):
    id: str
    workspace_id: str
    name: str
    environment: EnvironmentName
    is_sandbox: bool
    production_state: Literal["production_not_active", "production_active"]
    created_at: str
    archived_at: str | None
