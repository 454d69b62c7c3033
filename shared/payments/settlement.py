"""Settling: bringing lines and recoveries back in line with what is due (design §6, Reversal).

For each month of the given entitlements that has money in it: lines that wait in open batches are cut to what is
still due; for lines already sent the bank is asked to stop; the open recovery proposal is made exactly what was
paid too much; months paid too little are looked at by the next run. Running it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text

from shared.db.unit import UnitOfWork
from shared.payments.due import Scheme, with_due

CHUNK = 5_000
"""Entitlements settled by one statement, far inside its time limit."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing a settlement did. `kind`: cancelled, replaced (pending lines), stopped, unstopped (sent lines),
    proposed, closed (recoveries), arrears. `amount_fen` of a proposal is its new amount."""

    kind: str
    entitlement_id: str
    month: date
    amount_fen: int
    object_id: str


@dataclass(slots=True)
class Settled:
    """All a settlement did."""

    changes: list[Change] = field(default_factory=list)

    def of(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind == kind]

    def total(self, kind: str) -> int:
        """Their sum in fen."""
        return sum(change.amount_fen for change in self.of(kind))


_LOCK_IDS = text(
    "select id, scheme from kernel.entitlement where id = any(cast(:ids as text[])) order by id for update"
)
_LOCK_BATCH = text(
    "select id, scheme from kernel.entitlement where id in"
    " (select entitlement_id from kernel.payment_line where batch_id = :batch_id)"
    " order by id for update"
)
_CAUSE = text(
    "select object_id from kernel.effect where cause = :cause and object_kind = 'entitlement' group by object_id"
)
# Months an effect touches, whether it was just recorded or just annulled: amounts under a cause may begin earlier
# than the effect that carries them.
_RECONSIDER_CAUSE = text("""
    update kernel.entitlement e
    set reconsider_from = least(coalesce(e.reconsider_from, m.month), m.month)
    from (
        select f.object_id, cast(date_trunc('month', least(min(f.from_date), min(a.from_month))) as date) as month
        from kernel.effect f
        left join kernel.entitlement_amount a on a.entitlement_id = f.object_id and a.cause = f.cause
        where f.cause = :cause and f.object_kind = 'entitlement'
        group by f.object_id
    ) m
    where e.id = m.object_id and (e.reconsider_from is null or e.reconsider_from > m.month)
""")

# Below, lines are joined by their id alone: right after a run the planner's statistics know no pending line yet, and
# a join on state or month would go through all of them once for each position.

# Months with money in them. A recovery that is open counts although its lines may all have come back.
_ASKED = """
held as materialized (
    select id, from_month, to_month from kernel.entitlement where id = any(cast(:ids as text[]))
),
asked as (
    select l.entitlement_id, l.month
    from kernel.payment_line l
    where l.entitlement_id = any(cast(:ids as text[])) and l.state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID')
    union
    select r.entitlement_id, r.month
    from kernel.recovery r
    where r.entitlement_id = any(cast(:ids as text[])) and r.state in ('PROPOSED', 'CONFIRMED')
)"""
# Only the months a batch is about to pay: what its check looks at, however long the people's histories are.
_ASKED_OF_BATCH = """
held as materialized (
    select id, from_month, to_month from kernel.entitlement where id = any(cast(:ids as text[]))
),
asked as (
    select distinct l.entitlement_id, l.month
    from kernel.payment_line l
    where l.entitlement_id = any(cast(:ids as text[])) and l.state = 'PENDING' and l.batch_id = :batch_id
)"""

_POSITION = """,
position as (
    select d.entitlement_id, d.month, d.amount_fen as due, d.decision_id,
        coalesce(l.firm, 0) as firm, coalesce(l.pending, 0) as pending, coalesce(l.part, -1) as part,
        l.batch_id, l.purpose, l.pending_lines, l.sent_lines, l.is_stopped,
        greatest(0, d.amount_fen - coalesce(l.firm, 0)) as still_due,
        coalesce(l.firm, 0) - d.amount_fen - coalesce(w.amount_fen, 0) as excess
    from due d
    left join lateral (
        select sum(p.amount_fen) filter (where p.state <> 'PENDING') as firm,
            sum(p.amount_fen) filter (where p.state = 'PENDING') as pending,
            max(p.part) as part,
            max(p.batch_id) filter (where p.state = 'PENDING') as batch_id,
            max(p.purpose) filter (where p.state = 'PENDING') as purpose,
            array_agg(p.id) filter (where p.state = 'PENDING') as pending_lines,
            array_agg(p.id) filter (where p.state in ('SENT', 'UNKNOWN')) as sent_lines,
            bool_or(p.stop_requested_at is not null) filter (where p.state in ('SENT', 'UNKNOWN')) as is_stopped
        from kernel.payment_line p
        where p.entitlement_id = d.entitlement_id and p.month = d.month
          and p.state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID')
    ) l on true
    left join lateral (
        select sum(r.amount_fen) as amount_fen
        from kernel.recovery r
        where r.entitlement_id = d.entitlement_id and r.month = d.month and r.state = 'WRITTEN_OFF'
    ) w on true
),
cut as (
    update kernel.payment_line l
    set state = 'CANCELLED', reason_code = 'not_due', reason = '已不再应发', changed_at = :now
    from (select unnest(pending_lines) as id from position where pending > still_due) p
    where l.id = p.id
    returning l.id, l.entitlement_id, l.month, l.amount_fen
),
replaced as (
    insert into kernel.payment_line (batch_id, entitlement_id, scheme, person_id, org_id, area_code, account_id,
        month, part, purpose, amount_fen, state, decision_id, reason_code, reason, created_at, changed_at)
    select p.batch_id, e.id, e.scheme, e.person_id, e.org_id, e.area_code, e.account_id,
        p.month, p.part + 1, p.purpose, p.still_due, 'PENDING', coalesce(p.decision_id, e.decision_id), '', '',
        :now, :now
    from position p
    join kernel.entitlement e on e.id = p.entitlement_id
    where p.pending > p.still_due and p.still_due > 0
    returning id, entitlement_id, month, amount_fen
),
sent as (
    select l.id, l.entitlement_id, l.month, l.amount_fen, l.stop_requested_at,
        sum(l.amount_fen) over (partition by l.entitlement_id, l.month order by l.part desc) <= p.excess as stop
    from (select excess, unnest(sent_lines) as id from position where excess > 0 or is_stopped) p
    join kernel.payment_line l on l.id = p.id
),
stopped as (
    update kernel.payment_line l
    set stop_requested_at = case when s.stop then cast(:now as timestamptz) end, changed_at = :now
    from sent s
    where l.id = s.id and s.stop <> (s.stop_requested_at is not null)
    returning l.id, l.entitlement_id, l.month, l.amount_fen, s.stop
),
proposed as (
    insert into kernel.recovery (id, entitlement_id, scheme, person_id, org_id, area_code, month, amount_fen, state,
        cause, created_at, changed_at, decided_by)
    select cast(gen_random_uuid() as text), e.id, e.scheme, e.person_id, e.org_id, e.area_code, p.month, p.excess,
        'PROPOSED', :cause, :now, :now, ''
    from position p
    join kernel.entitlement e on e.id = p.entitlement_id
    where p.excess > 0
    on conflict (entitlement_id, month) where state in ('PROPOSED', 'CONFIRMED')
    do update set amount_fen = excluded.amount_fen, changed_at = excluded.changed_at,
        state = case when excluded.amount_fen > recovery.amount_fen then 'PROPOSED' else recovery.state end,
        cause = case when excluded.amount_fen > recovery.amount_fen then excluded.cause else recovery.cause end
    where recovery.amount_fen <> excluded.amount_fen
    returning id, entitlement_id, month, amount_fen
),
closed as (
    update kernel.recovery r
    set state = case when exists (
            select from kernel.payment_line l
            where l.entitlement_id = r.entitlement_id and l.month = r.month and l.recovery_id = r.id
              and l.state = 'PAID')
        then 'RECOVERED' else 'CANCELLED' end, changed_at = :now
    from position p
    where r.entitlement_id = p.entitlement_id and r.month = p.month and r.state in ('PROPOSED', 'CONFIRMED')
      and p.excess <= 0
    returning r.id, r.entitlement_id, r.month, r.amount_fen
),
short as (
    select p.entitlement_id, min(p.month) as month, sum(p.still_due - p.pending) as amount_fen
    from position p
    where p.still_due > p.pending
    group by p.entitlement_id
),
marked as (
    update kernel.entitlement e
    set reconsider_from = least(coalesce(e.reconsider_from, s.month), s.month)
    from short s
    where e.id = s.entitlement_id and (e.reconsider_from is null or e.reconsider_from > s.month)
)
select 'cancelled' as kind, entitlement_id, month, amount_fen, cast(id as text) as object_id from cut
union all select 'replaced', entitlement_id, month, amount_fen, cast(id as text) from replaced
union all select case when stop then 'stopped' else 'unstopped' end, entitlement_id, month, amount_fen,
    cast(id as text) from stopped
union all select 'proposed', entitlement_id, month, amount_fen, id from proposed
union all select 'closed', entitlement_id, month, amount_fen, id from closed
union all select 'arrears', entitlement_id, month, amount_fen, entitlement_id from short
order by entitlement_id, month, kind
"""


async def lock_entitlements(unit: UnitOfWork, ids: Sequence[str]) -> dict[str, list[str]]:
    """Lock entitlements, smallest id first; their ids by scheme. Those out of the caller's rows are missing."""
    return _by_scheme((await unit.execute(_LOCK_IDS, {"ids": sorted(set(ids))})).all())


async def lock_batch_entitlements(unit: UnitOfWork, batch_id: str) -> dict[str, list[str]]:
    """The same for all entitlements with a line in a batch."""
    return _by_scheme((await unit.execute(_LOCK_BATCH, {"batch_id": batch_id})).all())


def _by_scheme(rows: Sequence[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entitlement_id, scheme in rows:
        found.setdefault(scheme, []).append(entitlement_id)
    return found


async def settle(
    unit: UnitOfWork,
    schemes: Mapping[str, Scheme],
    locked: Mapping[str, Sequence[str]],
    *,
    cause: str = "",
    batch_id: str = "",
) -> Settled:
    """Settle locked entitlements (ids by scheme, from `lock_entitlements`). `cause` is noted on new proposals; with
    a batch only the months waiting in it are looked at."""
    done = Settled()
    only: dict[str, Any] = {"batch_id": batch_id} if batch_id else {}
    for scheme, ids in sorted(locked.items()):
        asked = _ASKED_OF_BATCH if batch_id else _ASKED
        statement = text(with_due(schemes[scheme].due, asked, _POSITION, term="held"))
        for start in range(0, len(ids), CHUNK):
            values = {"ids": list(ids[start : start + CHUNK]), "now": unit.now, "cause": cause, **only}
            done.changes.extend(
                Change(row.kind, row.entitlement_id, row.month, int(row.amount_fen), row.object_id)
                for row in await unit.execute(statement, values)
            )
    return done


async def settle_cause(unit: UnitOfWork, schemes: Mapping[str, Scheme], cause: str) -> Settled:
    """Settle every entitlement that has an effect of this cause, recorded or annulled, and have the next run look
    again at the months it touches."""
    ids = (await unit.execute(_CAUSE, {"cause": cause})).scalars().all()
    locked = await lock_entitlements(unit, ids)
    await unit.execute(_RECONSIDER_CAUSE, {"cause": cause})
    return await settle(unit, schemes, locked, cause=cause)
