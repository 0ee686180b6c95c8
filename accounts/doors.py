"""What both doors share: who is asking, read from the request and from nowhere else."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from accounts.actors import Actor, ActorKind, Origin
from accounts.addresses import client_address
from accounts.text import HOSTILE

if TYPE_CHECKING:
    from accounts.workspaces.models import Workspace

USER_AGENT_LENGTH = 200


def origin_of(request: HttpRequest) -> Origin:
    agent = HOSTILE.sub("", request.META.get("HTTP_USER_AGENT", ""))[:USER_AGENT_LENGTH]
    return Origin(client_address(request), agent, getattr(request, "request_id", ""))


def session_actor(request: HttpRequest, workspace: "Workspace | None" = None, role: str | None = None) -> Actor:
    """The human behind a browser session; anyone when nobody is signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Actor(origin=origin_of(request))
    return Actor(
        kind=ActorKind.USER,
        user=user,
        workspace=workspace,
        role=role,
        signed_in_at=_signed_in_at(request, user),
        origin=origin_of(request),
    )


def _signed_in_at(request: HttpRequest, user: Any) -> datetime | None:
    """When the human last proved who they are: allauth's record of sign-ins and re-authentications."""
    from allauth.account.internal.flows.login import get_authentication_records

    moments = [record["at"] for record in get_authentication_records(request, user) if "at" in record]
    return datetime.fromtimestamp(max(moments), tz=UTC) if moments else None
