"""The arithmetic and the states of payments, as pure functions; the SQL of the other files says the same over many
rows (property tests hold both together).

Money is never restored, it is recomputed: what is due for a month follows from the amounts granted and the ends
that live; what was paid follows from the lines. The difference is arrears one way and recovery the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.db.problems import Conflict, Forbidden


class BatchState(StrEnum):
    """State machine 42, the batch."""

    DRAFT = "DRAFT"
    CHECKED = "CHECKED"
    APPROVED = "APPROVED"
    SENT = "SENT"
    RECONCILED = "RECONCILED"


class LineState(StrEnum):
    """State machine 42, the line. EXCLUDED (by a check) and CANCELLED (no longer due) are ends before sending."""

    PENDING = "PENDING"
    SENT = "SENT"
    PAID = "PAID"
    RETURNED = "RETURNED"
    UNKNOWN = "UNKNOWN"
    REISSUED = "REISSUED"
    CANCELLED = "CANCELLED"
    EXCLUDED = "EXCLUDED"


class RecoveryState(StrEnum):
    """A recovery proposal waits for a person; only CONFIRMED ones are asked of the family."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    RECOVERED = "RECOVERED"
    WRITTEN_OFF = "WRITTEN_OFF"
    CANCELLED = "CANCELLED"


class Purpose(StrEnum):
    """What a line pays. A repayment is money that came back, with a negative amount."""

    REGULAR = "regular"
    ARREARS = "arrears"
    REPAYMENT = "repayment"


LIVE = (LineState.PENDING, LineState.SENT, LineState.UNKNOWN, LineState.PAID)
"""States in which a line's money is on its way or with its payee."""
OPEN_BATCHES = (BatchState.DRAFT, BatchState.CHECKED, BatchState.APPROVED)
OPEN_RECOVERIES = (RecoveryState.PROPOSED, RecoveryState.CONFIRMED)


# ── what is due, and what follows ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Amount:
    """From this month on so much a month, until the next amount. Of two from one month the later recorded counts."""

    from_month: date
    amount_fen: int


def due(
    month: date, *, from_month: date, to_month: date | None, amounts: Iterable[Amount], ends: Iterable[date] = ()
) -> int:
    """Fen due for a month. `amounts` in the order of recording; `ends` are the live ends: a month that begins on
    or after one of them is not due, so an end may also be the day of death."""
    if month < from_month or (to_month is not None and month > to_month):
        return 0
    if any(end <= month for end in ends):
        return 0
    current: Amount | None = None
    for amount in amounts:
        if amount.from_month <= month and (current is None or amount.from_month >= current.from_month):
            current = amount
    return current.amount_fen if current else 0


@dataclass(frozen=True, slots=True)
class Position:
    """One entitlement's month: due, and by lines firm (sent, unknown or paid, less what was repaid), pending in
    open batches, and overpayment written off. All in fen."""

    due: int
    firm: int = 0
    pending: int = 0
    written_off: int = 0


@dataclass(frozen=True, slots=True)
class Correction:
    """What makes a position right again."""

    pending: int
    """what may stay pending: cut to what is still due, never raised"""
    recovery: int
    """the open recovery proposal, exactly"""
    arrears: int
    """what the next run adds"""


def correct(position: Position) -> Correction:
    """The corrections of one month."""
    still_due = max(0, position.due - position.firm)
    pending = min(position.pending, still_due)
    return Correction(
        pending=pending,
        recovery=max(0, position.firm - position.due - position.written_off),
        arrears=still_due - pending,
    )


# ── steps of a batch ─────────────────────────────────────────────────────────────────────────────


class BatchInWrongState(Conflict):
    code = "batch_state"
    detail = "批次当前状态不允许此操作"


class BatchNotFilled(Conflict):
    code = "batch_not_filled"
    detail = "批次尚未生成完毕，请先完成生成"


class BatchEmpty(Conflict):
    code = "batch_empty"
    detail = "批次中没有待发放的明细"


class ApproverIsMaker(Forbidden):
    code = "approver_is_maker"
    detail = "制单人、核对人不能审批同一批次"


class ReleaserIsApprover(Forbidden):
    code = "releaser_is_approver"
    detail = "审批人不能发送同一批次"


STEPS: dict[str, tuple[BatchState, BatchState]] = {
    "check": (BatchState.DRAFT, BatchState.CHECKED),
    "approve": (BatchState.CHECKED, BatchState.APPROVED),
    "send": (BatchState.APPROVED, BatchState.SENT),
    "reconcile": (BatchState.SENT, BatchState.RECONCILED),
}


def step(state: str, action: str) -> BatchState:
    """The state after an action; BatchInWrongState when it is not allowed now."""
    before, then = STEPS[action]
    if state != before:
        raise BatchInWrongState
    return then


def may_approve(account_id: str, *, made_by: str, checked_by: str) -> None:
    """The approver is neither maker nor checker (domain §1.3); ApproverIsMaker otherwise."""
    if account_id in (made_by, checked_by):
        raise ApproverIsMaker


def may_release(account_id: str, *, approved_by: str) -> None:
    """Who approved a batch does not send it; ReleaserIsApprover otherwise."""
    if account_id == approved_by:
        raise ReleaserIsApprover


# ── what the bank says ───────────────────────────────────────────────────────────────────────────

OUTCOMES = (LineState.PAID, LineState.RETURNED, LineState.UNKNOWN)

_ANSWERS: dict[LineState, tuple[LineState, ...]] = {
    LineState.SENT: (LineState.PAID, LineState.RETURNED, LineState.UNKNOWN),
    LineState.UNKNOWN: (LineState.PAID, LineState.RETURNED),
    LineState.PAID: (LineState.RETURNED,),  # returned late, days after it was booked
}


def verdict(state: str, outcome: str) -> str:
    """What a bank's answer does to a line: "" applies, `unchanged` was known, `contradicts` is for a person.

    A line that came back and was issued again is never paid by a late answer: that would be paid twice.
    """
    if state == outcome:
        return "unchanged"
    return "" if outcome in _ANSWERS.get(LineState(state), ()) else "contradicts"
