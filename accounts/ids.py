"""Prefixed, opaque, time-ordered ids (TypeID): text outside, a 16-byte UUID in the database."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models
from typeid import TypeID
from typeid.errors import TypeIDException

if TYPE_CHECKING:
    _UUIDField = models.UUIDField[str, str]
else:
    _UUIDField = models.UUIDField


def new_id(prefix: str) -> str:
    """A fresh id such as `ws_01h…`. Ids made later sort later."""
    return str(TypeID(prefix))


def to_uuid(prefix: str, text: str) -> UUID | None:
    """The UUID inside an id, or None where the text is not an id of this kind."""
    try:
        parsed = TypeID.from_string(text)
    except (TypeIDException, ValueError):
        return None
    return UUID(bytes=parsed.uuid.bytes) if parsed.prefix == prefix else None


class TypeIDField(_UUIDField):
    """A primary key whose Python value is the prefixed text. A text that is no such id matches no row."""

    def __init__(self, prefix: str = "", **options: Any) -> None:
        self.prefix = prefix
        options.setdefault("editable", False)
        super().__init__(**options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "prefix": self.prefix}

    def has_default(self) -> bool:
        return self.primary_key

    def get_default(self) -> Any:
        return new_id(self.prefix) if self.primary_key else None

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else str(TypeID.from_uuid(_as_uuid(value), self.prefix))

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, UUID):
            return value
        # The nil UUID is never issued: a malformed id finds nothing instead of failing the statement.
        return to_uuid(self.prefix, str(value)) or UUID(int=0)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = value if prepared else self.get_prep_value(value)
        if value is None or connection.features.has_native_uuid_field:
            return value
        return value.hex


def _as_uuid(value: Any) -> Any:
    """A UUID, untyped: typeid asks for another class of that name, and reads only the `bytes` that both have."""
    return value if isinstance(value, UUID) else UUID(str(value))
