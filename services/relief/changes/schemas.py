"""Changes on the wire."""

from datetime import date
from typing import Annotated

from pydantic import Field

from services.relief.households.schemas import IncomeIn
from shared.payments import Month
from shared.web import Wire
from shared.web.wire import LongText


class LeaveIn(Wire):
    """A member's last day in the family."""

    on: date
    reason: LongText


class DeclarationIn(Wire):
    """The family's total from a month on."""

    from_month: Month
    monthly_income: IncomeIn
    remark: Annotated[str, Field(max_length=200)] = ""
