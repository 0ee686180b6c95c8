"""Reading OAuth requests: form parameters as RFC 6749 wants them, and the names of public clients."""

import base64
import binascii
from urllib.parse import unquote_plus

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, QueryDict

from accounts.devices.models import LABEL_LENGTH
from accounts.json_bodies import body_of
from accounts.permissions import DEFAULT_SCOPE, SCOPES
from accounts.text import hostile_character, is_visible

# What OpenID clients add by themselves; it names no authority here and is left out of what is asked for.
OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


class OAuthError(Exception):
    """An error of RFC 6749, 7009, 7662 or 8628: its code, a description, and the status it is sent with."""

    def __init__(self, code: str, description: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.status = status


def parameters(request: HttpRequest, *, query_too: bool = False) -> dict[str, str]:
    """The form's parameters; unknown ones are kept and ignored, empty ones count as absent, repeated ones refuse.

    `query_too` reads the query as well, where some clients put a device request; never where a secret is expected,
    since secrets in URLs end in logs.
    """
    body = body_of(request)
    if body and request.content_type != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "Send application/x-www-form-urlencoded.", 415)
    found: dict[str, str] = {}
    query = request.META.get("QUERY_STRING", "").encode("latin-1") if query_too else b""
    for source in (_fields(query), _fields(body)):
        for name, values in source.lists():
            if len(values) > 1:
                raise OAuthError("invalid_request", f"The parameter {name[:40]} is repeated.")
            value = str(values[0])
            if hostile_character(value) or hostile_character(name):
                raise OAuthError("invalid_request", "A parameter holds a character that is not allowed.")
            if value:
                found[name] = value
    return found


def required(found: dict[str, str], name: str) -> str:
    if name not in found:
        raise OAuthError("invalid_request", f"The parameter {name} is missing.")
    return found[name]


def client_names(request: HttpRequest, found: dict[str, str]) -> list[str]:
    """The client's name as it may have been meant: from `client_id`, or from HTTP Basic with an empty password (raw
    and form-decoded, since clients differ). Raises invalid_request when there is none."""
    if "client_id" in found:
        return [_checked_name(found["client_id"])]
    scheme, _, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "basic":
        raise OAuthError("invalid_request", "The parameter client_id is missing.")
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise OAuthError("invalid_client", "The Authorization header cannot be read.", 401) from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    name, _, password = text.rpartition(":")
    if password:
        raise OAuthError("invalid_client", "Clients are public here: they have no secret.", 401)
    return [_checked_name(unquote_plus(name)), _checked_name(name)]


def scopes(found: dict[str, str]) -> list[str]:
    """What is asked for; nothing named asks to look at the workspace."""
    names = [name for name in found.get("scope", "").split() if name not in OPENID_SCOPES]
    if unknown := [name for name in names if name not in SCOPES]:
        raise OAuthError("invalid_scope", f"Unknown scope {unknown[0][:60]}. Known: {' '.join(SCOPES)}")
    return names or [DEFAULT_SCOPE]


def _fields(form: bytes) -> QueryDict:
    try:
        return QueryDict(form, encoding="utf-8")
    except (SuspiciousOperation, ValueError):  # more than a thousand, or no text
        raise OAuthError("invalid_request", "The parameters cannot be read.") from None


def _checked_name(name: str) -> str:
    name = name.strip()
    if not is_visible(name) or len(name) > LABEL_LENGTH or hostile_character(name):
        raise OAuthError("invalid_client", f"client_id: 1 to {LABEL_LENGTH} visible characters.", 401)
    return name
