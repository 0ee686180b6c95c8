"""The JSON of caps."""

from typing import Annotated, ClassVar, Literal

from ninja import Schema
from pydantic import ConfigDict

from accounts.schemas import Body, Data
from apps.budgets.rules import Cap
from billing.amounts import Credits

Resource = Literal["all", "message", "image", "import", "delivery"]
PeriodName = Literal["lifetime", "day", "month"]
EnforcementName = Literal["hard", "soft"]


class CapSet(Body):
    """`limit_credits` is a number or a plain decimal string, above 0, at most six decimals."""

    limit_credits: Annotated[int, Credits()]
    enforcement: EnforcementName
    resource_type: Resource = "all"
    period: PeriodName = "lifetime"

    def cap(self) -> Cap:
        return Cap(self.limit_credits, self.enforcement, self.resource_type, self.period)


class CapData(Data):
    id: str | None
    app_id: str
    external_user_ref: str | None
    limit_credits: float
    enforcement: EnforcementName
    resource_type: Resource
    period: PeriodName
    created_at: str
    updated_at: str


class CapRemoved(Data):
    id: str
    deleted: bool


class CapQuery(Schema):
    """Which of an end-user's caps is meant."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    resource_type: Resource = "all"
    period: PeriodName = "lifetime"
