"""Credits as integers: a Decimal is a float in SQLite, and ten times 0.1 is not 1 there."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MICRO = 1_000_000
MOST = 1_000_000_000
DECIMALS = 6
PLAIN = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,6})?", re.ASCII)
# What the document promises to take; the product takes a little more ("0.50", "007").
DOCUMENTED = r"^(0\.[0-9]{0,5}[1-9]|[1-9][0-9]{0,8}(\.[0-9]{1,6})?)$"
INVALID_AMOUNT = "invalid_amount"


def to_micro(value: Any) -> int:
    """Micro-credits from a JSON number or a plain decimal string: above 0, at most six decimals, at most
    1,000,000,000. Raises ValueError for everything else: NaN, 1e400, "1_000", other digits, true."""
    if isinstance(value, str) and PLAIN.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError('Use a number or a plain decimal string, such as 5 or "0.25".')  # noqa: TRY004  (one refusal)
    amount = Decimal(value)
    if not amount.is_finite() or not 0 < amount <= MOST:
        raise ValueError(f"Use an amount above 0 and at most {MOST:,}.")
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -DECIMALS:
        raise ValueError("Use at most six decimals.")
    return int(amount * MICRO)


def to_credits(micro: int | None) -> float | int | None:
    """The JSON number for an amount. Fifteen digits at most, which a double carries exactly."""
    if micro is None:
        return None
    whole, rest = divmod(micro, MICRO)
    return micro / MICRO if rest else whole


@dataclass(frozen=True, slots=True)
class Credits:
    """`Annotated[int, Credits()]`: an amount in a body, read into micro-credits."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_validated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        number = {"type": "number", "exclusiveMinimum": 0, "maximum": MOST, "multipleOf": 0.000001}
        return {"anyOf": [number, {"type": "string", "pattern": DOCUMENTED}], "description": "Credits."}


def _validated(value: Any) -> int:
    try:
        return to_micro(value)
    except (ValueError, ArithmeticError) as wrong:
        raise PydanticCustomError(INVALID_AMOUNT, "{reason}", {"reason": str(wrong)}) from None
