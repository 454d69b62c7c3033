"""Getting overpaid money back: proposals are confirmed by a person, repaid, or written off (domain §1.5)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from shared.db.problems import Conflict, Invalid
from shared.db.unit import UnitOfWork
from shared.payments.due import Scheme
from shared.payments.rules import OPEN_RECOVERIES, RecoveryState
from shared.payments.settlement import lock_entitlements, settle
from shared.payments.tables import Recovery


class RecoveryInWrongState(Conflict):
    code = "recovery_state"
    detail = "该追缴记录当前状态不允许此操作"


class RepaidTooMuch(Invalid):
    code = "repaid_too_much"
    detail = "退回金额超过应追缴金额"


_REPAY = text("""
    insert into kernel.payment_line (batch_id, entitlement_id, scheme, person_id, org_id, area_code, month, part,
        purpose, amount_fen, state, decision_id, reason_code, reason, recovery_id, created_at, changed_at)
    select null, r.entitlement_id, r.scheme, r.person_id, r.org_id, r.area_code, r.month,
        1 + coalesce((
            select max(l.part) from kernel.payment_line l
            where l.entitlement_id = r.entitlement_id and l.month = r.month
              and l.state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID')), -1),
        'repayment', - cast(:amount_fen as bigint), 'PAID', '', '', :note, r.id, :now, :now
    from kernel.recovery r
    where r.id = :recovery_id
""")


async def confirm(unit: UnitOfWork, recovery_id: str) -> Recovery:
    """PROPOSED → CONFIRMED: a person has looked at it, the family is asked."""
    row = await _locked(unit, recovery_id)
    if row.state != RecoveryState.PROPOSED:
        raise RecoveryInWrongState
    return await _decide(unit, row, RecoveryState.CONFIRMED)


async def repay(
    unit: UnitOfWork, schemes: Mapping[str, Scheme], recovery_id: str, amount_fen: int, note: str = ""
) -> Recovery:
    """Money came back. The open amount falls by it; at nothing the recovery is RECOVERED. Raises RepaidTooMuch."""
    row = await _locked(unit, recovery_id)
    if row.state != RecoveryState.CONFIRMED:
        raise RecoveryInWrongState
    if not 0 < amount_fen <= row.amount_fen:
        raise RepaidTooMuch(field="amount")
    values = {"recovery_id": recovery_id, "amount_fen": amount_fen, "note": note, "now": unit.now}
    await unit.execute(_REPAY, values)
    await settle(unit, schemes, {row.scheme: [row.entitlement_id]}, cause=row.cause)
    await unit.session.refresh(row)
    unit.note(subjects=[row.person_id], case_id=recovery_id, detail={"amountFen": amount_fen})
    return row


async def write_off(unit: UnitOfWork, schemes: Mapping[str, Scheme], recovery_id: str) -> Recovery:
    """Give up what is open. The permission for it is the district's; who confirmed may not write off."""
    row = await _locked(unit, recovery_id)
    if row.state not in OPEN_RECOVERIES:
        raise RecoveryInWrongState
    if row.decided_by == unit.principal.account_id:
        raise RecoveryInWrongState("decided_by_same_person", "确认追缴的人不能核销同一笔")
    await _decide(unit, row, RecoveryState.WRITTEN_OFF)
    await settle(unit, schemes, {row.scheme: [row.entitlement_id]}, cause=row.cause)
    return row


async def _locked(unit: UnitOfWork, recovery_id: str) -> Recovery:
    row = await unit.get(Recovery, recovery_id)
    await lock_entitlements(unit, [row.entitlement_id])
    return await unit.get(Recovery, recovery_id, lock=True)


async def _decide(unit: UnitOfWork, row: Recovery, state: RecoveryState) -> Recovery:
    row.state, row.decided_by, row.changed_at = state.value, unit.principal.account_id, unit.now
    await unit.flush()
    unit.note(subjects=[row.person_id], case_id=row.id)
    return row
