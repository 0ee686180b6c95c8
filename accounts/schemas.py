"""What every JSON shape is made of."""

from typing import Annotated, Any, ClassVar

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

from accounts.text import hostile_character, is_visible


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


def line(length: int, *, at_least: int = 0) -> Any:
    """One line of text that is safe to store and to show."""
    return Annotated[str, StringConstraints(min_length=at_least, max_length=length), AfterValidator(_one_line)]


def visible(length: int) -> Any:
    """One line with at least one visible character; outer spaces are dropped."""
    return Annotated[str, StringConstraints(min_length=1, max_length=length), AfterValidator(_visible)]
