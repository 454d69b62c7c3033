"""From draft to approval: lines are brought in line with what is due, doubtful ones left out with their reason,
and a second person approves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from shared.db.unit import UnitOfWork
from shared.payments.batches import count_lines
from shared.payments.due import Check, Scheme
from shared.payments.rules import BatchEmpty, BatchNotFilled, BatchState, may_approve, step
from shared.payments.settlement import Settled, lock_batch_entitlements, settle
from shared.payments.tables import PaymentBatch

_ON_HOLD = Check(
    "on_hold",
    "待遇已暂停发放",
    """
    select l.id from pending l
    join kernel.effect f on f.object_kind = 'entitlement' and f.object_id = l.entitlement_id
      and f.kind = 'hold_payment' and f.annulled_at is null and f.from_date <= l.month
    """,
)
_NO_ACCOUNT = Check(
    "no_account",
    "没有可用的银行账户",
    """
    select l.id from pending l
    left join kernel.payee_account a on a.id = l.account_id and a.closed_at is null
    where a.id is null
    """,
)
_DUPLICATE = Check(
    "duplicate",
    "同一人同一待遇同月重复",
    """
    select l.id from pending l
    where exists (
        select from kernel.payment_line o
        where o.person_id = l.person_id and o.month = l.month and o.scheme = l.scheme
          and o.entitlement_id <> l.entitlement_id and o.state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID')
          and (o.batch_id <> l.batch_id or o.entitlement_id < l.entitlement_id))
    """,
)
_EXCLUDE_HEAD = """
with pending as materialized (
    select l.id, l.batch_id, l.entitlement_id, l.scheme, l.person_id, l.area_code, l.account_id, l.month, l.amount_fen
    from kernel.payment_line l
    where l.batch_id = :batch_id and l.state = 'PENDING'
),
found as materialized (
    select c.id from ("""
_EXCLUDE_TAIL = """) c
    intersect
    select id from pending
),
excluded as (
    update kernel.payment_line l
    set state = 'EXCLUDED', reason_code = :code, reason = :reason, changed_at = :now
    from found f
    where l.id = f.id
    returning l.entitlement_id, l.month
),
marked as (
    update kernel.entitlement e
    set reconsider_from = least(coalesce(e.reconsider_from, x.month), x.month)
    from (select entitlement_id, min(month) as month from excluded group by entitlement_id) x
    where e.id = x.entitlement_id
)
select count(*) from excluded
"""
_REFRESH_ACCOUNTS = text("""
    update kernel.payment_line l
    set account_id = e.account_id
    from kernel.entitlement e
    where e.id = l.entitlement_id and l.batch_id = :batch_id and l.state = 'PENDING'
      and l.account_id is distinct from e.account_id
""")


@dataclass(frozen=True, slots=True)
class Checked:
    """A check: what the settlement changed, and how many lines each reason left out."""

    settled: Settled
    excluded: Mapping[str, int]


async def check(unit: UnitOfWork, schemes: Mapping[str, Scheme], batch_id: str) -> Checked:
    """DRAFT → CHECKED: bring the lines in line with what is due, then leave out those a check speaks against.

    Takes the lock of every entitlement in the batch, so it waits for changes under way and sees them.
    """
    batch = await unit.get(PaymentBatch, batch_id, lock=True)
    state = step(batch.state, "check")
    if batch.filled_at is None or batch.filled_to:
        raise BatchNotFilled
    scheme = schemes[batch.scheme]
    locked = await lock_batch_entitlements(unit, batch_id)
    settled = await settle(unit, schemes, locked, batch_id=batch_id)
    await unit.execute(_REFRESH_ACCOUNTS, {"batch_id": batch_id})
    checks = [_ON_HOLD, *scheme.checks]
    if scheme.one_per_person:
        checks.append(_DUPLICATE)
    if scheme.needs_account:
        checks.append(_NO_ACCOUNT)
    excluded: dict[str, int] = {}
    for rule in checks:
        count = await _exclude(unit, rule, batch_id, unit.now)
        if count:
            excluded[rule.code] = count
    await _change_state(unit, batch, state, "checked")
    unit.note(case_id=batch_id, count=batch.line_count, detail={"excluded": excluded})
    return Checked(settled, excluded)


async def _exclude(unit: UnitOfWork, rule: Check, batch_id: str, now: datetime) -> int:
    statement = text(_excluding(rule))
    values = {"batch_id": batch_id, "code": rule.code, "reason": rule.reason, "now": now}
    return int((await unit.execute(statement, values)).scalar_one())


def _excluding(rule: Check) -> str:
    return f"{_EXCLUDE_HEAD}{rule.sql}{_EXCLUDE_TAIL}"


async def approve(unit: UnitOfWork, batch_id: str) -> PaymentBatch:
    """CHECKED → APPROVED by someone who neither made nor checked it. Raises ApproverIsMaker, BatchEmpty."""
    batch = await unit.get(PaymentBatch, batch_id, lock=True)
    state = step(batch.state, "approve")
    may_approve(unit.principal.account_id, made_by=batch.made_by, checked_by=batch.checked_by)
    await count_lines(unit, batch)
    if not batch.line_count:
        raise BatchEmpty
    await _change_state(unit, batch, state, "approved")
    unit.note(case_id=batch_id, count=batch.line_count, detail={"totalFen": batch.total_fen})
    return batch


async def _change_state(unit: UnitOfWork, batch: PaymentBatch, state: BatchState, mark: str) -> None:
    batch.state = state.value
    setattr(batch, f"{mark}_by", unit.principal.account_id)
    setattr(batch, f"{mark}_at", unit.now)
    await unit.flush()
    await count_lines(unit, batch)
