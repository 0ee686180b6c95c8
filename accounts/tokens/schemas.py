"""The JSON of account tokens."""

from typing import Literal

from accounts.schemas import Data


class MeWorkspace(Data):
    id: str
    name: str


class MeUser(Data):
    id: str
    email: str
    name: str


class Me(Data):
    """Who the caller speaks for. `token_id` and `expires_at` are null for a browser session."""

    id: str | None
    token_id: str | None
    label: str | None
    scopes: list[str]
    created_at: str | None
    expires_at: str | None
    workspace: MeWorkspace
    user: MeUser
    role: Literal["owner", "admin", "developer", "viewer"] | None
    environment: Literal["test", "live"]


class Revoked(Data):
    id: str
    revoked: bool
