"""A batch's draft: opened for a scheme, a month and an area, and filled by runs over key ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from shared.china import areas
from shared.db.principals import Scope
from shared.db.problems import Conflict, Forbidden, Invalid
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments.due import Scheme, with_due
from shared.payments.months import after, between, plus
from shared.payments.rules import BatchInWrongState, BatchState
from shared.payments.settlement import settle
from shared.payments.tables import PaymentBatch
from shared.security.crypto import sm3


class UnknownScheme(Invalid):
    code = "unknown_scheme"
    detail = "没有这项待遇"


class MonthOutOfReach(Invalid):
    code = "month_out_of_reach"
    detail = "发放月份不能晚于下个月"


class AreaOutside(Forbidden):
    code = "area_outside"
    detail = "该地区不在您的管辖范围内"


class BatchOpen(Conflict):
    code = "batch_open"
    detail = "该待遇还有未核对的批次，请先完成核对"


# ── the draft ────────────────────────────────────────────────────────────────────────────────────

_OPEN = text("""
    insert into kernel.payment_batch (id, scheme, month, area_code, state, filled_to, made_by, made_at, checked_by,
        approved_by, sent_by, line_count, total_fen, file_digest)
    values (:id, :scheme, :month, :area_code, 'DRAFT', '', :made_by, :now, '', '', '', 0, 0, '')
    on conflict (scheme, area_code) where state = 'DRAFT' do nothing
""")
_DRAFT = text(
    "select id, month from kernel.payment_batch where scheme = :scheme and area_code = :area_code and state = 'DRAFT'"
)


async def open_batch(
    unit: UnitOfWork, schemes: Mapping[str, Scheme], scheme: str, month: date, area_code: str
) -> PaymentBatch:
    """The draft of a scheme for a month in an area: a new one, or the one that is open. A month may have several
    batches; a later one holds what the earlier ones lack. Raises UnknownScheme, MonthOutOfReach, AreaOutside,
    BatchOpen (a draft of another month).
    """
    if scheme not in schemes:
        raise UnknownScheme(field="scheme")
    if month > after(unit.today):
        raise MonthOutOfReach(field="month")
    who = unit.principal
    if who.scope is not Scope.SYSTEM and not who.lo <= area_code < who.hi:
        raise AreaOutside
    values = {"scheme": scheme, "area_code": area_code, "month": month}
    await unit.execute(_OPEN, {**values, "id": uuid7(), "made_by": unit.principal.account_id, "now": unit.now})
    found = (await unit.execute(_DRAFT, {"scheme": scheme, "area_code": area_code})).one_or_none()
    if found is None or found.month != month:  # none: somebody checked it in this very moment
        raise BatchOpen
    return await unit.get(PaymentBatch, found.id, lock=True)


# ── filling it ───────────────────────────────────────────────────────────────────────────────────

RANGE = 10_000
"""Entitlements worked on by one statement."""


@dataclass(frozen=True, slots=True)
class FilledRange:
    """One key range of a run: entitlements after `after` up to `upto`, the lines added there and their SM3.

    The digest is over `entitlement|month|part|amount|decision` of each added line, sorted, joined by newlines.
    """

    after: str
    upto: str
    lines: int
    total_fen: int
    digest: str


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did. `done` is False when it stopped at its limit of ranges and is to be continued."""

    batch_id: str
    ranges: tuple[FilledRange, ...]
    done: bool

    @property
    def lines(self) -> int:
        """Lines added."""
        return sum(part.lines for part in self.ranges)

    @property
    def total_fen(self) -> int:
        """Their sum."""
        return sum(part.total_fen for part in self.ranges)


_UPTO = text("""
    select max(id) from (
        select id from kernel.entitlement where scheme = :scheme and id > :after order by id limit :size
    ) part
""")
_FILLED = text("""
    select area_code, max(month) as month from kernel.payment_batch
    where scheme = :scheme and filled_at is not null and id <> :batch_id
    group by area_code
""")
# Locked, so that a change that comes in now either is seen below or leaves its mark for the next run.
_MARKED = text("""
    select id, reconsider_from from kernel.entitlement
    where scheme = :scheme and id > :after and id <= :upto and area_code >= :lo and area_code < :hi
      and reconsider_from <= cast(:month as date)
      and not exists (
          select from kernel.effect f
          where f.object_kind = 'entitlement' and f.object_id = entitlement.id and f.kind = 'hold_payment'
            and f.annulled_at is null and f.from_date <= cast(:month as date))
    order by id for update
""")
# A run passes over what is on hold, and must say so there: the months it was for will not come round again.
_PASSED_OVER = text("""
    update kernel.entitlement
    set reconsider_from = cast(:window as date)
    where scheme = :scheme and id > :after and id <= :upto and area_code >= :lo and area_code < :hi
      and from_month <= cast(:month as date) and (to_month is null or to_month >= cast(:window as date))
      and (reconsider_from is null or reconsider_from > cast(:window as date))
      and exists (
          select from kernel.effect f
          where f.object_kind = 'entitlement' and f.object_id = entitlement.id and f.kind = 'hold_payment'
            and f.annulled_at is null and f.from_date <= cast(:month as date))
""")
# The months are a short list made first: a series of its own for each entitlement has no size the planner can tell.
_ASKED = """
chosen as materialized (
    select e.id, e.scheme, e.person_id, e.org_id, e.area_code, e.account_id, e.decision_id, e.from_month, e.to_month,
        greatest(e.from_month, least(coalesce(e.reconsider_from, w.month), w.month)) as since
    from kernel.entitlement e
    cross join (select cast(:window as date) as month) w
    where e.scheme = :scheme and e.id > :after and e.id <= :upto and e.area_code >= :lo and e.area_code < :hi
      and e.from_month <= cast(:month as date)
      and (e.reconsider_from is not null or e.to_month is null or e.to_month >= w.month)
      and not exists (
          select from kernel.effect f
          where f.object_kind = 'entitlement' and f.object_id = e.id and f.kind = 'hold_payment'
            and f.annulled_at is null and f.from_date <= cast(:month as date))
),
months as materialized (
    select cast(cast(:month as date) - back * interval '1 month' as date) as month
    from generate_series(0, cast(:months_back as int)) back
),
asked as (
    select c.id as entitlement_id, m.month
    from chosen c
    join months m on m.month >= c.since
)"""
_ADD = """,
added as (
    insert into kernel.payment_line (batch_id, entitlement_id, scheme, person_id, org_id, area_code, account_id,
        month, part, purpose, amount_fen, state, decision_id, reason_code, reason, created_at, changed_at)
    select :batch_id, c.id, c.scheme, c.person_id, c.org_id, c.area_code, c.account_id, d.month,
        coalesce(l.part, -1) + 1,
        case when d.month < cast(:month as date) or l.part is not null then 'arrears' else 'regular' end,
        d.amount_fen - coalesce(l.amount_fen, 0), 'PENDING', coalesce(d.decision_id, c.decision_id), '', '',
        :now, :now
    from due d
    join chosen c on c.id = d.entitlement_id
    left join lateral (
        select sum(p.amount_fen) as amount_fen, max(p.part) as part
        from kernel.payment_line p
        where p.entitlement_id = d.entitlement_id and p.month = d.month
          and p.state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID')
    ) l on true
    where d.amount_fen > coalesce(l.amount_fen, 0)
    order by c.id, d.month
    on conflict (entitlement_id, month, part) where state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID') do nothing
    returning entitlement_id, month, part, amount_fen, decision_id
)
select count(*) as lines, coalesce(sum(amount_fen), 0) as total,
    coalesce(string_agg(entitlement_id || '|' || month || '|' || part || '|' || amount_fen || '|' || decision_id,
        E'\\n' order by entitlement_id, month, part), '') as content
from added
"""
_CLEAR = text("""
    update kernel.entitlement
    set reconsider_from = case when cast(:month as date) < cast(:high as date)
        then cast(cast(:month as date) + interval '1 month' as date) end
    where id = any(cast(:ids as text[]))
""")
_REISSUED = text("""
    update kernel.payment_line r
    set state = 'REISSUED', changed_at = :now
    where r.state = 'RETURNED' and r.entitlement_id = any(cast(:ids as text[]))
      and exists (
          select from kernel.payment_line n
          where n.entitlement_id = r.entitlement_id and n.month = r.month and n.batch_id = :batch_id
            and n.state = 'PENDING')
""")
_PROGRESS = text("""
    update kernel.payment_batch
    set filled_to = :filled_to, filled_at = case when :done then cast(:now as timestamptz) else filled_at end
    where id = :batch_id
""")


async def run(
    unit: UnitOfWork,
    schemes: Mapping[str, Scheme],
    batch_id: str,
    *,
    size: int = RANGE,
    max_ranges: int | None = None,
) -> Run:
    """Fill a draft: one line for each month in which more is due than is on its way. Running it again adds only
    what has become due since. Entitlements to be reconsidered are settled first.

    A big batch is run a few ranges at a time, each in its own unit; what is not `done` goes on where it stopped.
    Writes the ranges with their digests into the unit's audit row. Raises BatchInWrongState.
    """
    batch = await unit.get(PaymentBatch, batch_id, lock=True)
    if batch.state != BatchState.DRAFT:
        raise BatchInWrongState
    lo, hi = areas.range_of(batch.area_code)
    window, high = await _months(unit, batch)
    wanted = {
        "scheme": batch.scheme,
        "lo": lo,
        "hi": hi,
        "month": batch.month,
        "window": window,
        "high": high,
        "batch_id": batch_id,
        "now": unit.now,
    }
    ranges: list[FilledRange] = []
    reached, done = batch.filled_to, False
    while not done and (max_ranges is None or len(ranges) < max_ranges):
        upto = (await unit.execute(_UPTO, {"scheme": batch.scheme, "after": reached, "size": size})).scalar()
        if upto is None:
            done = True
        else:
            ranges.append(await _fill(unit, schemes, wanted, reached, upto))
            reached = upto
    # A finished run begins again at the first key when it is called once more.
    progress = {"filled_to": "" if done else reached, "done": done, "now": unit.now, "batch_id": batch_id}
    await unit.execute(_PROGRESS, progress)
    await count_lines(unit, batch)
    finished = Run(batch_id, tuple(ranges), done)
    unit.note(
        count=finished.lines,
        case_id=batch_id,
        detail={
            "scheme": batch.scheme,
            "month": batch.month.isoformat(),
            "ranges": [[part.after, part.upto, part.lines, part.total_fen, part.digest] for part in ranges],
        },
    )
    return finished


async def _fill(
    unit: UnitOfWork, schemes: Mapping[str, Scheme], wanted: dict[str, Any], reached: str, upto: str
) -> FilledRange:
    wanted = {**wanted, "after": reached, "upto": upto}
    rows = (await unit.execute(_MARKED, _only(wanted, "scheme after upto lo hi month"))).all()
    marked = [row.id for row in rows]
    await unit.execute(_PASSED_OVER, _only(wanted, "scheme after upto lo hi month window"))
    wanted["months_back"] = between(min([wanted["window"], *(row.reconsider_from for row in rows)]), wanted["month"])
    scheme = wanted["scheme"]
    await settle(unit, schemes, {scheme: marked})  # looked at again both ways: paid too much as well as too little
    statement = text(with_due(schemes[scheme].due, _ASKED, _ADD, term="chosen"))
    asked = _only(wanted, "scheme after upto lo hi month window months_back batch_id now")
    added = (await unit.execute(statement, asked)).one()
    if marked:
        await unit.execute(_REISSUED, {"ids": marked, **_only(wanted, "batch_id now")})
        await unit.execute(_CLEAR, {"ids": marked, **_only(wanted, "month high")})
    return FilledRange(reached, upto, added.lines, int(added.total), sm3(added.content.encode()).hex())


def _only(values: Mapping[str, Any], names: str) -> dict[str, Any]:
    return {name: values[name] for name in names.split()}


async def _months(unit: UnitOfWork, batch: PaymentBatch) -> tuple[date, date]:
    """The first month every entitlement is looked at: the one after the last month filled for the whole area,
    usually the batch's own. And the last month filled for any part of it: marks reach up to there."""
    async with unit.elevated("payments: months already filled"):
        rows = (await unit.execute(_FILLED, {"scheme": batch.scheme, "batch_id": batch.id})).all()
    covering = [row.month for row in rows if areas.covers(row.area_code, batch.area_code)]
    window = min(batch.month, plus(max(covering), 1)) if covering else batch.month
    return window, max([batch.month, *(row.month for row in rows)])


_COUNT = text("""
    update kernel.payment_batch
    set line_count = l.lines, total_fen = l.total
    from (
        select count(*) as lines, coalesce(sum(amount_fen), 0) as total
        from kernel.payment_line where batch_id = :batch_id and state = 'PENDING'
    ) l
    where id = :batch_id
""")


async def count_lines(unit: UnitOfWork, batch: PaymentBatch) -> None:
    """Write down how many lines are pending in a batch, and their sum."""
    await unit.execute(_COUNT, {"batch_id": batch.id})
    await unit.session.refresh(batch)
