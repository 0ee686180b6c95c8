"""One strict reader of JSON bodies: what is ambiguous, oversized or hostile never reaches a schema."""

import json
from decimal import Decimal
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from accounts.refusals import Code, Refusal, invalid
from accounts.text import hostile_character

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20  # no shape of ours nests deeper than five; a thousand would exhaust the stack of whoever walks it


class _Twice(ValueError):  # noqa: N818  (says what stands twice, reads so where it is raised)
    """A key that stands twice in one object."""


def read(request: HttpRequest) -> Any:
    """The parsed body; None when there is none. Raises invalid_request, unsupported_media_type, payload_too_large."""
    raw = body_of(request)
    if not raw:
        return None
    if not _says_json(request):
        raise Refusal(Code.NOT_JSON)
    try:
        body = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_no_twins,
            parse_constant=_no_constant,
            parse_float=_bounded,
        )
    except _Twice as twice:
        raise invalid(str(twice), "This field stands twice in the body.") from None
    except RecursionError:
        raise invalid("", "The body is nested too deeply.") from None
    except (ValueError, ArithmeticError):
        raise invalid("", "The body is not valid JSON in UTF-8.") from None
    if not isinstance(body, dict):
        raise invalid("", "The body must be a JSON object.")
    _refuse_hostile(body)
    return body


def body_of(request: HttpRequest) -> bytes:
    """The bytes sent. Raises payload_too_large, or invalid_request for a body that broke off."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BYTES:
        raise Refusal(Code.TOO_LARGE)
    try:
        return request.body
    except RequestDataTooBig:
        raise Refusal(Code.TOO_LARGE) from None
    except (UnreadablePostError, BadRequest):
        raise invalid("", "The body could not be read.") from None


def _says_json(request: HttpRequest) -> bool:
    charset = (request.content_params or {}).get("charset", "utf-8")
    return request.content_type == "application/json" and charset.lower().strip('"') in {"utf-8", "utf8"}


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key[:80])
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _bounded(text: str) -> Decimal:
    """Numbers stay exact; a float never stands between a caller and an amount."""
    if len(text) > 40:
        raise ValueError(text)
    return Decimal(text)


def _refuse_hostile(value: Any, path: str = "", depth: int = 0) -> None:
    """NUL and other control characters but line breaks, lone surrogates and bidi overrides, in keys and values."""
    if depth > MAX_DEPTH:
        raise invalid("", "The body is nested too deeply.")
    if isinstance(value, str):
        if (hostile := hostile_character(value.replace("\r", "").replace("\t", ""), multiline=True)) is not None:
            raise invalid(path, f"The character {hostile} is not allowed.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if hostile_character(key) is not None:
                raise invalid(path, "A field name holds a character that is not allowed.")
            _refuse_hostile(inner, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_hostile(inner, f"{path}.{index}" if path else str(index), depth + 1)
