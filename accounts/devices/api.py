"""The JSON face of device authorization."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.addresses import network
from accounts.devices import agent_rules, human_rules
from accounts.devices.models import DeviceAuthorization, Face, State
from accounts.devices.schemas import DeviceApprove, DeviceDeny, DevicePoll, DeviceStart
from accounts.endpoints import Answer, ApiRequest, rfc3339
from accounts.permissions import SCOPES
from accounts.refusals import Code, Refusal, invalid
from accounts.schemas import NextAction
from accounts.workspaces.models import Workspace

POLL = NextAction(
    command="POST /v1/account/device/token",
    description="Poll with device_code after the human approves the user_code.",
)
CONFIRM = NextAction(command="GET /v1/account/me", description="Confirm what this token may do, and until when.")
START_AGAIN = NextAction(
    command="POST /v1/account/device/start", description="Start again and show the human the new user_code."
)


def verification_uri(request: HttpRequest, shown_code: str = "") -> str:
    """The page where a human enters or confirms a code, on the host this request came to."""
    page = f"{request.scheme}://{request.get_host()}/console/device"
    return f"{page}?user_code={shown_code}" if shown_code else page


def start(request: ApiRequest, body: DeviceStart) -> Answer:
    """Ask to be let in: get a device code to poll with and a user code to show to a human."""
    started = agent_rules.start(
        face=Face.JSON,
        client_label=body.client_label,
        fingerprint=body.client_fingerprint,
        scopes=body.scopes,
        origin=request.actor.origin,
    )
    authorization = started.authorization
    data = {
        "device_code": started.device_code,
        "user_code": authorization.shown_code,
        "verification_uri": verification_uri(request, authorization.shown_code),
        "expires_at": rfc3339(authorization.expires_at),
        "interval_seconds": authorization.interval_seconds,
        "requested_scopes": authorization.requested_scopes,
    }
    return Answer(data, next_actions=[POLL], headers=started.verdict.headers, secret=True)


def token(request: ApiRequest, body: DevicePoll) -> Answer:
    """Poll for the account token; it is handed out exactly once."""
    polled = agent_rules.poll(face=Face.JSON, device_code=body.device_code, origin=request.actor.origin)
    authorization = polled.authorization
    data: dict[str, Any] = {
        "status": polled.status,
        "interval_seconds": authorization.interval_seconds,
        "slow_down": polled.slow_down,
        "expires_at": rfc3339(authorization.expires_at),
        "account_access_token": None,
        "scopes": None,
        "workspace": None,
        "environment": None,
        "reason": authorization.reason or None,
    }
    if polled.secret is None:
        # Not kept for an Idempotency-Key: the same poll must hear what has been decided meanwhile.
        nexts = [POLL] if polled.status == State.PENDING else [START_AGAIN]
        return Answer(data, next_actions=nexts, secret=True, keep=False)
    assert authorization.token
    assert authorization.workspace
    data |= {
        "account_access_token": polled.secret,
        "expires_at": rfc3339(authorization.token.expires_at),
        "scopes": authorization.token.scopes,
        "workspace": _workspace(authorization.workspace),
        "environment": authorization.workspace.environment,
    }
    return Answer(data, next_actions=[CONFIRM], secret=True)


def show(request: ApiRequest, user_code: str) -> Answer:
    """See who asks for what, before deciding. Changes nothing."""
    found = human_rules.find(user_code, actor=request.actor)
    return Answer(
        {
            "id": found.pk,
            "user_code": found.shown_code,
            "client_label": found.client_label,
            "status": found.status(timezone.now()),
            "scopes": [scope_words(name) for name in found.requested_scopes if name in SCOPES],
            "requested_scopes": found.requested_scopes,
            "requested_at": rfc3339(found.created_at),
            "requested_from": found.address,
            "user_agent": found.user_agent,
            "same_network": network(found.address) == network(request.actor.origin.address),
            "expires_at": rfc3339(found.expires_at),
        },
        next_actions=_decisions(found),
    )


def approve(request: ApiRequest, user_code: str, body: DeviceApprove) -> Answer:
    """Let the agent in: a workspace, the scopes, how long."""
    found = human_rules.find(user_code, actor=request.actor)
    human_rules.approve(
        found,
        actor=request.actor,
        workspace=_chosen(request, body),
        new_workspace_name=body.new_workspace_name,
        scopes=body.scopes,
        lifetime_seconds=body.lifetime_seconds,
    )
    return Answer(_decided(found))


def deny(request: ApiRequest, user_code: str, body: DeviceDeny) -> Answer:
    """Say no, or take an approval back before the agent has collected it."""
    found = human_rules.find(user_code, actor=request.actor)
    human_rules.deny(found, actor=request.actor, reason=body.reason or "")
    return Answer(_decided(found))


def scope_words(name: str) -> dict[str, Any]:
    scope = SCOPES[name]
    return {
        "name": name,
        "words": str(scope.words),
        "risk": scope.risk.value,
        "guarded": scope.guarded,
        "roles": scope.roles,
    }


def _chosen(request: ApiRequest, body: DeviceApprove) -> Workspace | None:
    if (body.workspace_id is None) == (body.new_workspace_name is None):
        raise invalid("workspace_id", "Give either `workspace_id` or `new_workspace_name`.")
    if body.workspace_id is None:
        return None
    workspace = request.actor.workspaces().filter(pk=body.workspace_id).first()
    if workspace is None:
        raise Refusal(Code.NOT_FOUND)
    return workspace


def _decisions(found: DeviceAuthorization) -> list[NextAction]:
    if found.status(timezone.now()) != State.PENDING:
        return []
    path = f"/v1/account/device/{found.shown_code}"
    return [
        NextAction(command=f"POST {path}/approve", description="Let the agent in, with as little as it needs."),
        NextAction(command=f"POST {path}/deny", description="Refuse, if you did not start this."),
    ]


def _decided(row: DeviceAuthorization) -> dict[str, Any]:
    return {
        "id": row.pk,
        "user_code": row.shown_code,
        "status": row.state,
        "workspace": _workspace(row.workspace) if row.workspace else None,
        "scopes": row.granted_scopes,
        "lifetime_seconds": row.lifetime_seconds,
        "reason": row.reason or None,
    }


def _workspace(workspace: Workspace) -> dict[str, str]:
    return {"id": workspace.pk, "name": workspace.name}
