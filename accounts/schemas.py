"""What every JSON shape is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, GroupedMetadata, Le
from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from accounts.text import hostile_character, is_visible

# What the checks below refuse, as the document can say it; a few zero-width characters stand for all that is invisible.
_HOSTILE = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c"
_BLANK = r"\s\u00ad\u115f\u1160\u200b-\u200d\u2060\u2800\u3164\ufeff\uffa0"
LINE_PATTERN = f"^[^{_HOSTILE}]*$"
VISIBLE_PATTERN = f"^[^{_HOSTILE}]*[^{_HOSTILE}{_BLANK}][^{_HOSTILE}]*$"


class Body(Schema):
    """A request body: strict types, unknown fields refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


class Empty(Body):
    """The body of a call that takes none."""


class Data(Schema):
    """The `data` of an answer. Every field is always there; absent is null."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class NextAction(Data):
    """What this caller can do now."""

    command: str
    description: str
    url: str = ""


class Envelope[T](Schema):
    """Every success."""

    schema_version: str
    data: T
    next_actions: list[NextAction]


class PageOf(Data):
    """Where a list goes on; null on its last page."""

    next_cursor: str | None


class Listing[T](Schema):
    """A page of a list."""

    schema_version: str
    data: list[T]
    next_actions: list[NextAction]
    page: PageOf


class Refused(Schema):
    """Why the call was refused: a stable code, a sentence that says what to do, and what the code needs."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    code: str
    message: str


class Failure(Schema):
    """Every failure."""

    detail: Refused


def _one_line(text: str) -> str:
    if (hostile := hostile_character(text)) is not None:
        raise PydanticCustomError("hostile_text", "The character {name} is not allowed.", {"name": hostile})
    return text


def _visible(text: str) -> str:
    text = _one_line(text).strip()
    if not is_visible(text):
        raise PydanticCustomError("blank_text", "It has no visible character.")
    return text


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Stands in the document only: the check itself says more in its refusal than "does not match"."""

    pattern: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}


@dataclass(frozen=True, slots=True)
class Line(GroupedMetadata):
    """One line of text that is safe to store and to show: `Annotated[str, Line(80)]`."""

    length: int
    at_least: int = 0

    def __iter__(self) -> Iterator[object]:
        yield from StringConstraints(min_length=self.at_least, max_length=self.length)
        yield _Pattern(LINE_PATTERN)
        yield AfterValidator(_one_line)


@dataclass(frozen=True, slots=True)
class Visible(GroupedMetadata):
    """One line with at least one visible character; outer spaces are dropped: `Annotated[str, Visible(80)]`."""

    length: int

    def __iter__(self) -> Iterator[object]:
        yield from StringConstraints(min_length=1, max_length=self.length)
        yield _Pattern(VISIBLE_PATTERN)
        yield AfterValidator(_visible)


def _whole(number: Any) -> Any:
    """JSON knows one kind of number: 3600.0 is an integer."""
    integral = isinstance(number, Decimal) and abs(number) < 10**18 and number == number.to_integral_value()
    return int(number) if integral else number


@dataclass(frozen=True, slots=True)
class Whole(GroupedMetadata):
    """An integer within bounds: `Annotated[int, Whole(1, 100)]`."""

    at_least: int
    at_most: int

    def __iter__(self) -> Iterator[object]:
        yield Ge(self.at_least)
        yield Le(self.at_most)
        yield BeforeValidator(_whole)


class ListQuery(Schema):
    """What every list takes."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    limit: Annotated[int, Ge(1), Le(100)] = 50
    cursor: Annotated[str, Line(400)] | None = None
