"""Re-checks on the wire."""

from datetime import date, datetime

from services.relief.households.schemas import IncomeIn
from shared.ids import UuidStr
from shared.money import MoneyFen
from shared.payments import Month
from shared.web import Wire
from shared.web.wire import LongText


class RecheckIn(Wire):
    """What the re-check found: the family's total income from a month on."""

    monthly_income: IncomeIn
    effective_month: Month
    remark: LongText


class RecheckDone(Wire):
    """What it led to. Amounts are those of the effective month."""

    case_id: UuidStr
    state: str
    effective_month: Month
    old_amount: MoneyFen
    new_amount: MoneyFen
    decision_id: str


class RecheckOut(Wire):
    """A re-check that was asked for."""

    id: UuidStr
    case_id: str
    household_id: str
    person_id: str
    cause: str
    asked_at: datetime
    due_on: date
    overdue_at: datetime | None
    done_at: datetime | None
    done_by: str
    remark: str
