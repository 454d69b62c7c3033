"""The payment engine as a service uses it: `payments = Payments(schemes, events)`, then verbs on a unit of work.

    payments = Payments([Scheme("longevity", "高龄津贴")], contracts.payments.ELDERCARE)

    async def stop_benefits(unit, event, envelope):                    # the reaction to a death
        ended = await payments.end(unit, cause=event.death_case_id, person_id=event.person_id,
                                   first_month=after(event.death_date))
    async def restore_benefits(unit, event, envelope):                 # and to its withdrawal
        await effects.annul(unit, event.death_case_id, …)
        await payments.settle_cause(unit, event.death_case_id)

Whoever changes what is due calls the verb here, which locks, records and settles; nobody else writes these tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from shared.contracts.payments import PaymentEvents
from shared.db.unit import UnitOfWork
from shared.payments import bank, batches, checking, entitlements, recoveries, settlement, statements
from shared.payments.bank import BankAnswer, Reconciled
from shared.payments.batches import Run
from shared.payments.checking import Checked
from shared.payments.due import Scheme
from shared.payments.entitlements import Grant
from shared.payments.settlement import Settled
from shared.payments.statements import MonthStatement
from shared.payments.tables import PaymentBatch, Recovery

_TIMES_RETURNED = text("""
    select entitlement_id, count(*) as times from kernel.payment_line
    where entitlement_id = any(cast(:ids as text[])) and state in ('RETURNED', 'REISSUED')
    group by entitlement_id
""")


@dataclass(frozen=True, slots=True)
class Ended:
    """What ending a person's entitlements did."""

    entitlement_ids: list[str]
    settled: Settled


class Payments:
    """The payments of one service: its schemes and the events it publishes about them."""

    def __init__(self, schemes: Sequence[Scheme], events: PaymentEvents, *, announce_paid: bool = True) -> None:
        self.schemes = {scheme.code: scheme for scheme in schemes}
        self.events = events
        self.announce_paid = announce_paid
        """Whether each paid line is an event of its own; returned lines always are."""

    # ── entitlements ─────────────────────────────────────────────────────────────────────────────

    async def grant(self, unit: UnitOfWork, *grants: Grant) -> list[str]:
        """Open entitlements; their ids in order. Raises UnknownScheme."""
        for new in grants:
            self._scheme(new.scheme)
        return await entitlements.grant(unit, grants)

    async def set_amount(
        self,
        unit: UnitOfWork,
        entitlement_id: str,
        from_month: date,
        amount_fen: int,
        *,
        decision_id: str,
        cause: str = "",
    ) -> Settled:
        """From this month on so much a month. With a `cause`, annulling that cause takes it back."""
        locked = await settlement.lock_entitlements(unit, [entitlement_id])
        await entitlements.set_amount(
            unit, entitlement_id, from_month, amount_fen, decision_id=decision_id, cause=cause
        )
        return await settlement.settle(unit, self.schemes, locked, cause=cause or decision_id)

    async def end(
        self,
        unit: UnitOfWork,
        *,
        cause: str,
        first_month: date,
        person_id: str = "",
        entitlement_ids: Sequence[str] = (),
    ) -> Ended:
        """Nothing is due from `first_month` on, for these entitlements or for all of a person's. Removes lines of
        unsent batches, asks the bank to stop sent ones, proposes to recover what was paid for later months.

        Call `effects.is_annulled(unit, cause)` first: a withdrawal may have come before the cause.
        """
        ids = list(entitlement_ids) or await entitlements.of_person(unit, person_id, first_month)
        locked = await settlement.lock_entitlements(unit, ids)
        await entitlements.end(unit, ids, first_month, cause=cause)
        return Ended(ids, await settlement.settle(unit, self.schemes, locked, cause=cause))

    async def hold(self, unit: UnitOfWork, entitlement_ids: Sequence[str], from_month: date, *, cause: str) -> None:
        """Pay nothing for now. Released by `effects.annul(unit, cause)` and `settle_cause`."""
        await entitlements.hold(unit, entitlement_ids, from_month, cause=cause)

    async def settle_cause(self, unit: UnitOfWork, cause: str) -> Settled:
        """After effects of a cause were recorded or annulled: make lines and recoveries follow, have the next run
        pay what has become due again."""
        return await settlement.settle_cause(unit, self.schemes, cause)

    async def settle(self, unit: UnitOfWork, entitlement_ids: Sequence[str], *, cause: str = "") -> Settled:
        """Settle these, after something a scheme's own source reads was changed."""
        locked = await settlement.lock_entitlements(unit, entitlement_ids)
        return await settlement.settle(unit, self.schemes, locked, cause=cause)

    async def reconsider(self, unit: UnitOfWork, entitlement_ids: Sequence[str], month: date) -> Settled:
        """As `settle`, and the next run looks at the months from `month` on: what the change may have raised."""
        locked = await settlement.lock_entitlements(unit, entitlement_ids)
        await entitlements.reconsider(unit, entitlement_ids, month)
        return await settlement.settle(unit, self.schemes, locked)

    async def follow(self, unit: UnitOfWork, person_id: str, area_code: str) -> None:
        """The reaction to brain.person.moved: a person's rights, accounts and open recoveries come with her."""
        await entitlements.follow(unit, person_id, area_code)

    # ── batches ──────────────────────────────────────────────────────────────────────────────────

    async def open_batch(self, unit: UnitOfWork, scheme: str, month: date, area_code: str) -> PaymentBatch:
        """The draft of a scheme for a month in an area. Raises UnknownScheme, BatchOpen."""
        return await batches.open_batch(unit, self.schemes, scheme, month, area_code)

    async def run(
        self, unit: UnitOfWork, batch_id: str, *, size: int = batches.RANGE, max_ranges: int | None = None
    ) -> Run:
        """Fill a draft, `size` entitlements a statement; again adds nothing that is not newly due."""
        return await batches.run(unit, self.schemes, batch_id, size=size, max_ranges=max_ranges)

    async def check(self, unit: UnitOfWork, batch_id: str) -> Checked:
        """DRAFT → CHECKED. Raises BatchInWrongState, BatchNotFilled."""
        return await checking.check(unit, self.schemes, batch_id)

    async def approve(self, unit: UnitOfWork, batch_id: str) -> PaymentBatch:
        """CHECKED → APPROVED. Raises ApproverIsMaker, BatchEmpty, BatchInWrongState. Emits batch-approved."""
        batch = await checking.approve(unit, batch_id)
        event = self.events.batch_approved(
            batch_id=batch.id,
            scheme=batch.scheme,
            month=batch.month,
            area_code=batch.area_code,
            lines=batch.line_count,
            total=batch.total_fen,
        )
        unit.emit(event, area_code=batch.area_code)
        return batch

    async def send(self, unit: UnitOfWork, batch_id: str) -> str:
        """APPROVED → SENT; the bank file. Raises ReleaserIsApprover, BatchInWrongState."""
        return await bank.send(unit, self.schemes, batch_id)

    async def bank_file(self, unit: UnitOfWork, batch_id: str) -> str:
        """The file of a sent batch again."""
        return await bank.bank_file(unit, self.schemes, batch_id)

    async def answer(self, unit: UnitOfWork, batch_id: str, given: Sequence[BankAnswer]) -> Reconciled:
        """Take in what the bank says. Emits line-paid and line-returned."""
        reconciled = await bank.answer(unit, self.schemes, batch_id, given)
        scheme = (await unit.get(PaymentBatch, batch_id)).scheme
        returned = reconciled.of("RETURNED")
        ids = [line.entitlement_id for line in returned]
        times = {row.entitlement_id: row.times for row in await unit.execute(_TIMES_RETURNED, {"ids": ids})}
        for line in returned:
            event = self.events.line_returned(
                line_id=str(line.line_id),
                person_id=line.person_id,
                entitlement_id=line.entitlement_id,
                scheme=scheme,
                month=line.month,
                amount=line.amount_fen,
                reason=line.reason,
                times=times[line.entitlement_id],
            )
            unit.emit(event, area_code=line.area_code)
        for line in reconciled.of("PAID") if self.announce_paid else ():
            paid = self.events.line_paid(
                line_id=str(line.line_id),
                person_id=line.person_id,
                entitlement_id=line.entitlement_id,
                scheme=scheme,
                month=line.month,
                amount=line.amount_fen,
            )
            unit.emit(paid, area_code=line.area_code)
        return reconciled

    # ── recoveries and statements ────────────────────────────────────────────────────────────────

    async def confirm_recovery(self, unit: UnitOfWork, recovery_id: str) -> Recovery:
        """PROPOSED → CONFIRMED."""
        return await recoveries.confirm(unit, recovery_id)

    async def repay(self, unit: UnitOfWork, recovery_id: str, amount_fen: int, note: str = "") -> Recovery:
        """Money came back. Raises RepaidTooMuch, RecoveryInWrongState."""
        return await recoveries.repay(unit, self.schemes, recovery_id, amount_fen, note)

    async def write_off(self, unit: UnitOfWork, recovery_id: str) -> Recovery:
        """Give up what is open, by another person than the one who confirmed it."""
        return await recoveries.write_off(unit, self.schemes, recovery_id)

    async def statement(self, unit: UnitOfWork, person_id: str, since: date, until: date) -> list[MonthStatement]:
        """A person's months: due, paid, on the way, to recover."""
        return await statements.statement(unit, self.schemes, person_id, since, until)

    def _scheme(self, code: str) -> Scheme:
        try:
            return self.schemes[code]
        except KeyError:
            raise batches.UnknownScheme(field="scheme") from None
