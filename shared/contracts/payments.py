"""What every paying service publishes about its payments (domain §9, events 7 and 8)."""

from dataclasses import dataclass
from datetime import date

from shared.events.contract import Event
from shared.money import MoneyFen


class BatchApproved(Event):
    """A batch was approved: its lines are locked for the bank. Subject is the batch."""

    batch_id: str
    scheme: str
    month: date
    area_code: str
    lines: int
    total: MoneyFen

    def subject(self) -> str:
        """The batch."""
        return self.batch_id


class LinePaid(Event):
    """The bank has paid one line."""

    line_id: str
    person_id: str
    entitlement_id: str
    scheme: str
    month: date
    amount: MoneyFen


class LineReturned(Event):
    """The bank sent one line's money back; the next batch pays it again if it is still due. `times` counts the
    returned lines of this entitlement, this one included."""

    line_id: str
    person_id: str
    entitlement_id: str
    scheme: str
    month: date
    amount: MoneyFen
    reason: str
    times: int


@dataclass(frozen=True, slots=True)
class PaymentEvents:
    """The three contracts of one paying service."""

    batch_approved: type[BatchApproved]
    line_paid: type[LinePaid]
    line_returned: type[LineReturned]


class ReliefBatchApproved(BatchApproved, type="relief.payment.batch-approved.v1"):
    """See BatchApproved."""


class ReliefLinePaid(LinePaid, type="relief.payment.line-paid.v1"):
    """See LinePaid."""


class ReliefLineReturned(LineReturned, type="relief.payment.line-returned.v1"):
    """See LineReturned."""


class EldercareBatchApproved(BatchApproved, type="eldercare.payment.batch-approved.v1"):
    """See BatchApproved."""


class EldercareLinePaid(LinePaid, type="eldercare.payment.line-paid.v1"):
    """See LinePaid."""


class EldercareLineReturned(LineReturned, type="eldercare.payment.line-returned.v1"):
    """See LineReturned."""


class AffairsBatchApproved(BatchApproved, type="affairs.payment.batch-approved.v1"):
    """See BatchApproved."""


class AffairsLinePaid(LinePaid, type="affairs.payment.line-paid.v1"):
    """See LinePaid."""


class AffairsLineReturned(LineReturned, type="affairs.payment.line-returned.v1"):
    """See LineReturned."""


RELIEF = PaymentEvents(ReliefBatchApproved, ReliefLinePaid, ReliefLineReturned)
ELDERCARE = PaymentEvents(EldercareBatchApproved, EldercareLinePaid, EldercareLineReturned)
AFFAIRS = PaymentEvents(AffairsBatchApproved, AffairsLinePaid, AffairsLineReturned)
