"""The JSON face of account tokens."""

from accounts.endpoints import Answer, ApiRequest, rfc3339
from accounts.permissions import grantable, in_registry_order
from accounts.schemas import NextAction
from accounts.tokens.models import RevokedBy
from accounts.tokens.rules import revoke

REVOKE = NextAction(
    command="POST /v1/account/tokens/current/revoke", description="Revoke this token when the setup is finished."
)


def me(request: ApiRequest) -> Answer:
    """Who this credential speaks for: workspace, human, scopes, expiry."""
    actor = request.actor
    assert actor.workspace
    assert actor.user
    token = actor.token
    return Answer(
        {
            "id": token.pk if token else None,
            "token_id": token.pk if token else None,
            "label": token.label if token else None,
            "scopes": in_registry_order(token.scopes if token else list(grantable(actor.role))),
            "created_at": rfc3339(token.created_at) if token else None,
            "expires_at": rfc3339(token.expires_at) if token else None,
            "workspace": {"id": actor.workspace.pk, "name": actor.workspace.name},
            "user": {"id": actor.user.pk, "email": actor.user.email, "name": actor.user.name},
            "role": actor.role,
            "environment": actor.workspace.environment,
        },
        next_actions=[REVOKE] if token else [],
    )


def revoke_current(request: ApiRequest) -> Answer:
    """Revoke the token that makes this call. Keys that were issued with it stay."""
    token = request.actor.token
    assert token
    revoke(token, actor=request.actor, by=RevokedBy.AGENT)
    return Answer({"id": token.pk, "revoked": True})
