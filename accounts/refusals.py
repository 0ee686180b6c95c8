"""Every refusal the product knows: one code, one status, one sentence. Pages and the API say the same."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Code(Enum):
    """A refusal: its code as the contract spells it, its HTTP status, and a sentence that says what to do."""

    # Conventions of every JSON endpoint
    INVALID_REQUEST = ("invalid_request", 400, _("The request is not valid; see `fields`."))
    UNAUTHENTICATED = ("unauthenticated", 401, _("Send a valid credential in the Authorization header, or sign in."))
    TOKEN_EXPIRED = (
        "token_expired",
        401,
        _("This account token has expired. Start a new device authorization: POST /v1/account/device/start."),
    )
    TOKEN_REVOKED = (
        "token_revoked",
        401,
        _("This account token was revoked. Start a new device authorization: POST /v1/account/device/start."),
    )
    CSRF_FAILED = ("csrf_failed", 403, _("Send the CSRF token of this browser session in the X-CSRFToken header."))
    INSUFFICIENT_SCOPE = (
        "insufficient_scope",
        403,
        _("This credential lacks the scope named in `required_scope`. Ask a human for it in a new authorization."),
    )
    FORBIDDEN_ROLE = ("role_not_allowed", 403, _("Your role in this workspace does not allow that. Ask an owner."))
    WRONG_PLANE = (
        "wrong_credential_plane",
        403,
        _("This credential belongs to another plane: lat_ calls /v1/account/*, ck_ calls the runtime routes."),
    )
    SESSION_REQUIRED = ("session_required", 403, _("Only a signed-in human can do this, in a browser session."))
    REAUTHENTICATION_REQUIRED = (
        "reauthentication_required",
        403,
        _("Sign in again first: scopes for money, team or keys need a sign-in in the last five minutes."),
    )
    NOT_FOUND = ("not_found", 404, _("There is nothing here, or nothing that this credential may see."))
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405, _("This path does not take this method; see the Allow header."))
    IDEMPOTENCY_KEY_REUSED = (
        "idempotency_key_reused",
        409,
        _("This Idempotency-Key was used with another request. Use a new key for a new request."),
    )
    IDEMPOTENCY_IN_PROGRESS = (
        "idempotency_in_progress",
        409,
        _("The first request with this Idempotency-Key is still running. Repeat it in a moment."),
    )
    TOO_LARGE = ("payload_too_large", 413, _("The body is larger than 64 KiB."))
    NOT_JSON = ("unsupported_media_type", 415, _("Send JSON: Content-Type: application/json."))
    RATE_LIMITED = ("rate_limited", 429, _("Too many requests. Wait as long as Retry-After says."))
    INTERNAL_ERROR = (
        "internal_error",
        500,
        _("Something broke on our side; it has been logged under this X-Request-Id. Nothing was half done."),
    )
    UNAVAILABLE = ("unavailable", 503, _("The database does not answer right now. Nothing was done; try again."))

    # Device authorization
    UNKNOWN_SCOPE = ("unknown_scope", 400, _("A scope is not known; `known_scopes` lists those that are."))
    DEVICE_RATE_LIMITED = (
        "account_device_rate_limited",
        429,
        _("Too many codes were asked for. Reuse an account token you hold, or wait as long as Retry-After says."),
    )
    DEVICE_SECRET_MISSING = (
        "account_device_rate_limit_secret_missing",
        503,
        _("This deployment has not configured device authorization. Its operator must set DEVICE_RATE_LIMIT_SECRET."),
    )
    DEVICE_CODE_UNKNOWN = (
        "account_device_code_unknown",
        404,
        _("This code is not known. Check it, or let the agent start again."),
    )
    DEVICE_CODE_CONSUMED = (
        "account_device_code_consumed",
        409,
        _("The token of this authorization was handed out already. Start a new one if you need access."),
    )
    DEVICE_ALREADY_DECIDED = (
        "account_device_already_decided",
        409,
        _("This request was decided already. Nothing was changed."),
    )
    DEVICE_EXPIRED = ("account_device_expired", 410, _("This code has expired. Let the agent start again."))
    CODE_ENTRY_LOCKED = (
        "account_device_code_entry_locked",
        429,
        _("Too many wrong codes. Code entry is locked for this account and this network for up to ten minutes."),
    )
    SCOPE_NOT_GRANTABLE = (
        "scope_not_grantable",
        403,
        _("Your role in this workspace may not grant: see `scopes`. Untick them, or ask an owner to approve."),
    )

    # What the agent sets up
    INVALID_AMOUNT = (
        "invalid_amount",
        400,
        _("Use a number or plain decimal string above 0, with at most six decimals, at most 1,000,000,000."),
    )
    CAP_REQUIRED = (
        "cap_required",
        409,
        _("An active app keeps at least one hard cap on everything. Set another one first."),
    )
    API_KEY_NOT_ACTIVE = (
        "api_key_not_active",
        409,
        _("This key was rotated, revoked or has expired already. Issue a new one."),
    )

    def __init__(self, code: str, status: int, message: Promise) -> None:
        self.code = code
        self.status = status
        self.message = message


@dataclass
class Refusal(Exception):  # noqa: N818  (a refusal is an answer, not an error)
    """Raised by a rule that says no. `details` is what the code needs beside its sentence."""

    code: Code
    message: str | Promise = ""
    details: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.code.code)
        self.message = self.message or self.code.message

    @property
    def status(self) -> int:
        return self.code.status

    def as_detail(self) -> dict[str, Any]:
        """The `detail` object of the JSON envelope."""
        return {"code": self.code.code, "message": str(self.message), **self.details}


def invalid(field_name: str, message: str) -> Refusal:
    """400 invalid_request about one field."""
    return Refusal(Code.INVALID_REQUEST, details={"fields": [{"field": field_name, "message": message}]})
