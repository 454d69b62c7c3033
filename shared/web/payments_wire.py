"""What payments look like on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.china.areas import AreaCode
from shared.ids import PersonId, UuidStr
from shared.money import MoneyFen, MoneyFenIn, PositiveMoneyFenIn
from shared.payments import Month
from shared.payments.tables import PaymentBatch, PaymentLine, Recovery
from shared.web.paging import PageParameters
from shared.web.wire import LongText, ShortText, Wire

BatchState = Literal["DRAFT", "CHECKED", "APPROVED", "SENT", "RECONCILED"]
LineState = Literal["PENDING", "SENT", "PAID", "RETURNED", "UNKNOWN", "REISSUED", "CANCELLED", "EXCLUDED"]
RecoveryState = Literal["PROPOSED", "CONFIRMED", "RECOVERED", "WRITTEN_OFF", "CANCELLED"]


class BatchIn(Wire):
    """Which batch to open and fill."""

    scheme: ShortText
    month: Month
    area_code: AreaCode


class BatchOut(Wire):
    """A batch. `lines` and `total` count what is pending, of a sent batch what was sent."""

    id: UuidStr
    scheme: str
    month: Month
    area_code: str
    state: BatchState
    filled: bool
    lines: int
    total: MoneyFen
    made_by: str
    made_at: datetime
    checked_by: str
    checked_at: datetime | None
    approved_by: str
    approved_at: datetime | None
    sent_by: str
    sent_at: datetime | None
    reconciled_at: datetime | None
    file_digest: str

    @classmethod
    def of(cls, row: PaymentBatch) -> "BatchOut":
        is_filled = row.filled_at is not None and not row.filled_to
        return cls.of_row(row, filled=is_filled, lines=row.line_count, total=row.total_fen)


class RunOut(Wire):
    """What a run added. Call it again while `done` is false."""

    batch: BatchOut
    added: int
    added_total: MoneyFen
    done: bool


class CheckedOut(Wire):
    """What a check did: lines no longer due, and lines left out, by reason."""

    batch: BatchOut
    cancelled: int
    excluded: dict[str, int]


class ReturnIn(Wire):
    """What the bank says of one line."""

    line_id: Annotated[str, Field(pattern="^[0-9]{1,18}$")]
    outcome: Literal["PAID", "RETURNED", "UNKNOWN"]
    amount: MoneyFenIn | None = None
    reason: Annotated[str, Field(max_length=200)] = ""


class ReturnsIn(Wire):
    """A returns file, or a part of it: any row may be sent again."""

    rows: Annotated[list[ReturnIn], Field(min_length=1, max_length=10_000)]


class ReturnFault(Wire):
    """A row that was not taken in. `row` counts from 1."""

    row: int
    line_id: str
    code: str


class ReturnsOut(Wire):
    """What became of the rows."""

    batch: BatchOut
    paid: int
    returned: int
    unknown: int
    unchanged: int
    faults: list[ReturnFault]


class LineOut(Wire):
    """One line. It names its decision; `reason` says why it came back, was left out or taken out."""

    id: str
    batch_id: str | None
    entitlement_id: str
    person_id: str
    scheme: str
    month: Month
    purpose: Literal["regular", "arrears", "repayment"]
    amount: MoneyFen
    state: LineState
    decision_id: str
    reason_code: str
    reason: str
    stop_requested: bool

    @classmethod
    def of(cls, row: PaymentLine) -> "LineOut":
        stops = row.stop_requested_at is not None
        return cls.of_row(row, id=str(row.id), amount=row.amount_fen, stop_requested=stops)


class RecoveryOut(Wire):
    """Overpaid money of one month."""

    id: str
    entitlement_id: str
    person_id: str
    scheme: str
    month: Month
    amount: MoneyFen
    state: RecoveryState
    cause: str
    created_at: datetime
    decided_by: str

    @classmethod
    def of(cls, row: Recovery) -> "RecoveryOut":
        return cls.of_row(row, amount=row.amount_fen)


class RepaymentIn(Wire):
    """Money that came back."""

    amount: PositiveMoneyFenIn
    note: Annotated[str, Field(max_length=200)] = ""


class WriteOffIn(Wire):
    """Why nothing more is asked for."""

    reason: LongText


class MonthOut(Wire):
    """One month of one entitlement."""

    entitlement_id: str
    scheme: str
    month: Month
    due: MoneyFen
    paid: MoneyFen
    on_the_way: MoneyFen
    to_recover: MoneyFen


class StatementOut(Wire):
    """A person's months."""

    person_id: str
    since: Month
    until: Month
    months: list[MonthOut]


class BatchQuery(PageParameters):
    """Filters of the list of batches."""

    scheme: ShortText | None = None
    state: BatchState | None = None


class LineQuery(PageParameters):
    """Filters of the lines of a batch."""

    state: LineState | None = None


class RecoveryQuery(PageParameters):
    """Filters of the list of recoveries."""

    state: RecoveryState | None = None
    person_id: Annotated[PersonId | None, Field(alias="personId")] = None
