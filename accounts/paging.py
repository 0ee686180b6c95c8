"""Keyset paging by id: page 10,000 costs what page 1 costs."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from accounts.ids import TypeIDField, to_uuid
from accounts.refusals import invalid

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page[Row: Model]:
    """One page of rows, newest first, and the cursor of the next one (None on the last)."""

    rows: list[Row]
    next_cursor: str | None


def page_of[Row: Model](rows: QuerySet[Row], cursor: str | None, limit: int = PAGE_SIZE) -> Page[Row]:
    """The rows after the cursor, newest first. Raises invalid_request for a cursor that is not ours."""
    if cursor:
        rows = rows.filter(pk__lt=_read(cursor, rows.model))
    found = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(found, _write(found[-1].pk) if more else None)


def _write(key: Any) -> str:
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def _read(cursor: str, model: type[Model]) -> str:
    """The key in a cursor, if it is one of this kind of row."""
    field = model._meta.pk
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        key = ""
    if isinstance(field, TypeIDField) and to_uuid(field.prefix, key) is None:
        raise invalid("cursor", "This cursor was not given out by us.")
    return key
