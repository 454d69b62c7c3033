"""The bank: the file that goes out, and what comes back line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import text

from shared.db.unit import UnitOfWork
from shared.money import to_decimal
from shared.payments.due import Scheme
from shared.payments.months import spoken
from shared.payments.rules import may_release, step
from shared.payments.settlement import Settled, lock_batch_entitlements, lock_entitlements, settle
from shared.payments.tables import PayeeAccount, PaymentBatch
from shared.security.crypto import sm3

HEADER = ("流水号", "户名", "账号", "金额", "用途")

_SEND = text("""
    update kernel.payment_line set state = 'SENT', changed_at = :now where batch_id = :batch_id and state = 'PENDING'
""")
_SENT_LINES = text("""
    select l.id, l.month, l.amount_fen, a.id as account_id, a.holder, a.card
    from kernel.payment_line l
    left join kernel.payee_account a on a.id = l.account_id
    where l.batch_id = :batch_id and l.state not in ('PENDING', 'CANCELLED', 'EXCLUDED')
    order by l.id
""")


class FileDiffers(RuntimeError):
    """The file written again is not the one that was sent: an account or a line was changed behind our back."""


async def send(unit: UnitOfWork, schemes: Mapping[str, Scheme], batch_id: str) -> str:
    """APPROVED → SENT by someone else than the approver; the bank file, whose SM3 the batch keeps.

    Takes the lock of every entitlement in the batch: an end that comes in now finds the line either still pending,
    and removes it, or sent, and asks the bank to stop it. Raises ReleaserIsApprover.
    """
    batch = await unit.get(PaymentBatch, batch_id, lock=True)
    state = step(batch.state, "send")
    may_release(unit.principal.account_id, approved_by=batch.approved_by)
    await lock_batch_entitlements(unit, batch_id)
    await unit.execute(_SEND, {"batch_id": batch_id, "now": unit.now})
    rows = await _sent_lines(unit, batch_id)
    content = _write(unit, rows, schemes[batch.scheme].title)
    batch.state = state.value
    batch.sent_by, batch.sent_at = unit.principal.account_id, unit.now
    batch.line_count, batch.total_fen = len(rows), sum(row.amount_fen for row in rows)
    batch.file_digest = sm3(content.encode()).hex()
    await unit.flush()
    detail = {"totalFen": batch.total_fen, "fileDigest": batch.file_digest}
    unit.note(case_id=batch_id, count=batch.line_count, detail=detail)
    await _close(unit, batch)
    return content


async def bank_file(unit: UnitOfWork, schemes: Mapping[str, Scheme], batch_id: str) -> str:
    """The file of a sent batch, written again; nothing is stored in the clear. Raises FileDiffers."""
    batch = await unit.get(PaymentBatch, batch_id)
    content = _write(unit, await _sent_lines(unit, batch_id), schemes[batch.scheme].title)
    if batch.file_digest and sm3(content.encode()).hex() != batch.file_digest:
        raise FileDiffers(batch_id)
    unit.note(case_id=batch_id, count=batch.line_count)
    return content


async def _sent_lines(unit: UnitOfWork, batch_id: str) -> Sequence[Any]:
    return (await unit.execute(_SENT_LINES, {"batch_id": batch_id})).all()


def _write(unit: UnitOfWork, rows: Sequence[Any], title: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in rows:
        holder = card = ""
        if row.account_id:
            holder = unit.vault.open(PayeeAccount, "holder", row.account_id, row.holder)
            card = unit.vault.open(PayeeAccount, "card", row.account_id, row.card)
        writer.writerow((row.id, holder, card, to_decimal(row.amount_fen), f"{title}{spoken(row.month)}"))
    return out.getvalue()


# ── what comes back ──────────────────────────────────────────────────────────────────────────────


class BankAnswer(NamedTuple):
    """One row of a returns file. `outcome` PAID, RETURNED or UNKNOWN; `amount_fen`, when given, must agree."""

    line_id: int
    outcome: str
    amount_fen: int | None = None
    reason: str = ""


class Answered(NamedTuple):
    """What became of one row. `verdict`: "" applied, `unchanged` known already, else an error for a person:
    `unknown_line`, `amount_differs`, `repeated` (twice in the file), `contradicts` (the line's state)."""

    row: int
    line_id: int
    verdict: str
    outcome: str
    entitlement_id: str
    person_id: str
    area_code: str
    month: date
    amount_fen: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A returns file worked off."""

    answers: list[Answered]
    settled: Settled

    def of(self, outcome: str) -> list[Answered]:
        """Lines that took on this outcome now."""
        return [answer for answer in self.answers if not answer.verdict and answer.outcome == outcome]

    @property
    def errors(self) -> list[Answered]:
        """Rows a person must look at."""
        return [answer for answer in self.answers if answer.verdict not in ("", "unchanged")]


_ENTITLEMENTS_OF = text("""
    select distinct entitlement_id from kernel.payment_line
    where batch_id = :batch_id and id = any(cast(:ids as bigint[]))
""")
# Bank answers a line can take on: rules.verdict, written once more over many rows.
_ANSWER = text("""
with given as (
    select g.row_no, g.line_id, g.outcome, g.amount_fen, g.reason, count(*) over (partition by g.line_id) as times
    from unnest(cast(:ids as bigint[]), cast(:outcomes as text[]), cast(:amounts as bigint[]), cast(:reasons as text[]))
        with ordinality as g (line_id, outcome, amount_fen, reason, row_no)
),
judged as (
    select g.*, l.entitlement_id, l.person_id, l.area_code, l.month, l.amount_fen as line_fen,
        case
            when l.id is null then 'unknown_line'
            when g.times > 1 then 'repeated'
            when g.amount_fen <> l.amount_fen then 'amount_differs'
            when l.state = g.outcome then 'unchanged'
            when l.state = 'SENT' and g.outcome in ('PAID', 'RETURNED', 'UNKNOWN') then ''
            when l.state = 'UNKNOWN' and g.outcome in ('PAID', 'RETURNED') then ''
            when l.state = 'PAID' and g.outcome = 'RETURNED' then ''
            else 'contradicts'
        end as verdict
    from given g
    left join kernel.payment_line l on l.id = g.line_id and l.batch_id = :batch_id
),
applied as (
    update kernel.payment_line l
    set state = j.outcome, reason = j.reason, changed_at = :now
    from judged j
    where l.id = j.line_id and j.verdict = ''
),
returned as (
    update kernel.entitlement e
    set reconsider_from = least(coalesce(e.reconsider_from, r.month), r.month)
    from (
        select entitlement_id, min(month) as month from judged where verdict = '' and outcome = 'RETURNED'
        group by entitlement_id
    ) r
    where e.id = r.entitlement_id
)
select row_no, line_id, verdict, outcome, coalesce(entitlement_id, '') as entitlement_id,
    coalesce(person_id, '') as person_id, coalesce(area_code, '') as area_code, month,
    coalesce(line_fen, 0) as amount_fen, reason
from judged order by row_no
""")
_UNANSWERED = text(
    "select exists (select from kernel.payment_line where batch_id = :batch_id and state in ('SENT', 'UNKNOWN'))"
)


async def answer(
    unit: UnitOfWork, schemes: Mapping[str, Scheme], batch_id: str, given: Sequence[BankAnswer]
) -> Reconciled:
    """Take in what the bank says of a sent batch. Rows already known change nothing, doubtful ones are reported and
    change nothing. A returned line is looked at by the next run; an unknown one is never sent again, only asked for.
    When every line is answered the batch is RECONCILED.
    """
    batch = await unit.get(PaymentBatch, batch_id, lock=True)
    if batch.sent_at is None:
        step(batch.state, "reconcile")
    ids = [row.line_id for row in given]
    touched = (await unit.execute(_ENTITLEMENTS_OF, {"batch_id": batch_id, "ids": ids})).scalars().all()
    locked = await lock_entitlements(unit, touched)
    rows = await unit.execute(
        _ANSWER,
        {
            "batch_id": batch_id,
            "ids": ids,
            "outcomes": [row.outcome for row in given],
            "amounts": [row.amount_fen for row in given],
            "reasons": [row.reason for row in given],
            "now": unit.now,
        },
    )
    answers = list(map(Answered._make, rows))
    moved = {found.entitlement_id for found in answers if not found.verdict and found.outcome == "RETURNED"}
    again = {scheme: [one for one in ids if one in moved] for scheme, ids in locked.items()}
    reconciled = Reconciled(answers, await settle(unit, schemes, again))
    await _close(unit, batch)
    counts = {outcome: len(reconciled.of(outcome)) for outcome in ("PAID", "RETURNED", "UNKNOWN")}
    unit.note(case_id=batch_id, count=len(given), detail={**counts, "errors": len(reconciled.errors)})
    return reconciled


async def _close(unit: UnitOfWork, batch: PaymentBatch) -> None:
    if batch.reconciled_at is not None or await unit.first(_UNANSWERED.bindparams(batch_id=batch.id)):
        return
    batch.state = step(batch.state, "reconcile").value
    batch.reconciled_at = unit.now
    await unit.flush()
