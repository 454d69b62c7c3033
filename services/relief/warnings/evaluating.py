"""The level of many families at once, as SQL: what is found about each, what that counts, what follows from it. The
same for one family after an event and for a key range in the nightly run; `rules` says it once more, explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from services.relief.law import over_areas
from services.relief.rechecks.rules import last_day
from services.relief.warnings.rules import LEVELS
from shared.db.unit import UnitOfWork
from shared.policy import InForce

# Together with each other, alone in a key range: what is evaluated here must not be evaluated there meanwhile.
_TOGETHER = text("select pg_advisory_xact_lock_shared(7092, 1)")
# A range is planned anew each time: a plan for any range takes each for small, and goes through it in squares.
_ALONE = text("select pg_advisory_xact_lock(7092, 1), set_config('plan_cache_mode', 'force_custom_plan', true)")

# A person's facts go with her into whatever family she belongs to on the day.
_FOUND = """
with fam as materialized (
    select h.id, h.area_code from household h
    where h.id >= :first and h.id <= :upto and h.area_code >= :lo and h.area_code < :hi
      and (cast(:is_whole as bool) or not exists (
          select from unnest(cast(:sub_lo as text[]), cast(:sub_hi as text[])) s (lo, hi)
          where h.area_code >= s.lo collate "C" and h.area_code < s.hi collate "C"))
),
enrolled as materialized (
    select m.household_id, m.person_id, m.birth, m.labour, m.valid_from, m.valid_to from member m
    where m.household_id >= :first and m.household_id <= :upto
),
died as materialized (
    select m.person_id, min(e.from_date) as on_date
    from enrolled m
    join kernel.effect e on e.object_kind = 'person' and e.object_id = m.person_id and e.kind = 'deceased'
        and e.annulled_at is null and e.from_date <= :on
    group by m.person_id
),
people as materialized (
    select m.household_id, m.person_id, m.birth,
        m.labour <> 'NONE' and m.birth <= :working_from and m.birth > :working_until as is_worker
    from enrolled m
    left join died d on d.person_id = m.person_id
    where m.valid_from <= :on and (m.valid_to is null or m.valid_to >= :on) and d.person_id is null
),
home as materialized (
    select p.household_id, count(*) as heads, count(*) filter (where p.is_worker) as workers, min(p.birth) as eldest
    from people p group by p.household_id
),
told as materialized (
    select m.household_id, m.person_id, m.valid_from, m.valid_to, f.kind, f.since, f.until
    from enrolled m
    join family_fact f on f.person_id = m.person_id and f.person_id <> '' and f.withdrawn_at is null
        and f.since <= :on and f.kind in ('JOBLESS', 'NEW_DISABILITY', 'UNPAID_FEES', 'MAIN_EARNER', 'IMPRISONED')
),
standing as (
    select t.household_id, t.person_id, t.kind, p.is_worker, min(t.since) as since, max(t.since) as latest
    from told t
    join people p on p.household_id = t.household_id and p.person_id = t.person_id
    where t.until is null or t.until >= :on
    group by t.household_id, t.person_id, t.kind, p.is_worker
),
raw as (
    select s.household_id, cast('JOBLESS' as text) as kind, max(s.since) as since, cast(null as bigint) as fen,
        cast(null as bigint) as count
    from standing s join home h on h.household_id = s.household_id
    where s.kind = 'JOBLESS' and s.is_worker
    group by s.household_id, h.workers having count(*) = h.workers
    union all
    select s.household_id, s.kind, max(s.latest), null, null
    from standing s where s.kind in ('NEW_DISABILITY', 'UNPAID_FEES') group by s.household_id, s.kind
    union all
    select e.household_id, 'EARNER_LOST', max(l.on_date), null, null
    from told e
    join (
        select household_id, person_id, since as on_date from told
        where kind = 'IMPRISONED' and (until is null or until >= :on)
        union all
        select m.household_id, m.person_id, d.on_date from enrolled m join died d on d.person_id = m.person_id
    ) l on l.household_id = e.household_id and l.person_id = e.person_id
    where e.kind = 'MAIN_EARNER' and e.since <= l.on_date and (e.until is null or e.until >= l.on_date)
      and e.valid_from <= l.on_date and (e.valid_to is null or e.valid_to >= l.on_date)
    group by e.household_id
    union all
    select f.household_id, f.kind, max(f.since), null, null
    from family_fact f
    where f.household_id >= :first and f.household_id <= :upto and f.person_id = '' and f.withdrawn_at is null
      and f.since <= :on and (f.until is null or f.until >= :on)
    group by f.household_id, f.kind
    union all
    select b.household_id, 'BURDEN', null, max(b.own_fen), null
    from (
        select p.household_id, p.person_id, sum(m.own_fen) as own_fen
        from people p
        join medical_bill m on m.person_id = p.person_id and m.cancelled_at is null
            and m.settled_on > :burden_from and m.settled_on <= :on
        group by p.household_id, p.person_id
    ) b
    group by b.household_id
    union all
    select c.household_id, 'BENEFIT_STOPPED', max(c.closed_from), null, null
    from benefit_case c
    where c.household_id >= :first and c.household_id <= :upto
    group by c.household_id
    having bool_and(c.closed_from is not null and c.closed_from <= :on)
    union all
    select v.household_id, 'MISSED_VISITS', null, null, count(*)
    from visit v
    where v.household_id >= :first and v.household_id <= :upto and v.kind = 'CARE' and v.state = 'MISSED'
      and v.due_on > :missed_from and v.due_on <= :on
    group by v.household_id
    union all
    select h.household_id, 'ELDER_ALONE', null, null, cast(extract(year from age(:on, h.eldest)) as bigint)
    from home h where h.heads = 1 and h.eldest <= :elder_born
    union all
    select h.household_id, 'CHILD_ALONE', null, null, null from home h where h.eldest > :adult_born
),
found as materialized (
    select r.* from raw r
    join fam f on f.id = r.household_id
    join home h on h.household_id = r.household_id
    where r.kind <> 'CHILD_ALONE' or r.since is null or h.eldest <= :adult_born
),
"""
_COUNTED = """
line as (
    select * from unnest(cast(:facts as text[]), cast(:from_fen as bigint[]), cast(:from_count as int[]),
        cast(:after as int[]), cast(:lasts as int[]), cast(:points as int[]), cast(:is_danger as bool[]))
        as l (fact, from_fen, from_count, after, lasts, points, is_danger)
),
counted as (
    select f.household_id, f.kind, max(l.points) as points, bool_or(l.is_danger) as is_danger
    from found f
    join line l on l.fact = f.kind and coalesce(f.fen, 0) >= l.from_fen and coalesce(f.count, 0) >= l.from_count
        and (f.since is null or (f.since + make_interval(months => l.after) <= :on
            and (l.lasts = 0 or f.since + make_interval(months => l.lasts) > :on)))
    group by f.household_id, f.kind
),
summed as (
    select c.household_id, sum(c.points) as points, array_agg(c.kind order by c.kind collate "C") as kinds,
        case when bool_or(c.is_danger) or sum(c.points) >= :red then 3 when sum(c.points) >= :orange then 2
            when sum(c.points) >= :yellow then 1 else 0 end as found_rank
    from counted c group by c.household_id
),
compared as materialized (
    select f.id, f.area_code, coalesce(s.points, 0) as points, coalesce(s.kinds, cast('{}' as text[])) as kinds,
        coalesce(s.found_rank, 0) as found_rank, o.household_id is null as is_new, o.points as old_points,
        coalesce(o.kinds, cast('{}' as text[])) as old_kinds, o.since, o.clear_since,
        case o.level when 'RED' then 3 when 'ORANGE' then 2 when 'YELLOW' then 1 else 0 end as old_rank
    from fam f
    left join summed s on s.household_id = f.id
    left join family_level o on o.household_id = f.id and o.household_id >= :first and o.household_id <= :upto
),
followed as materialized (
    select c.*, case when c.holds then 3 else c.found_rank end as rank,
        case when c.holds then coalesce(c.clear_since, :on) end as next_clear
    from (
        select c.*, c.old_rank = 3 and c.found_rank < 3 and not cast(:corrects as bool)
            and (c.clear_since is null or c.clear_since + cast(:clear_days as int) > :on) as holds
        from compared c
    ) c
),
written as (
    insert into family_level (household_id, area_code, level, points, kinds, since, clear_since)
    select n.id, n.area_code, (array['GREEN', 'YELLOW', 'ORANGE', 'RED'])[n.rank + 1], n.points, n.kinds,
        case when n.is_new or n.rank <> n.old_rank then :on else n.since end, n.next_clear
    from followed n
    where n.is_new or n.rank <> n.old_rank or n.kinds <> n.old_kinds or n.points <> n.old_points
       or n.next_clear is distinct from n.clear_since
    on conflict (household_id) do update set area_code = excluded.area_code, level = excluded.level,
        points = excluded.points, kinds = excluded.kinds, since = excluded.since, clear_since = excluded.clear_since
    returning household_id
),
moved as materialized (
    select n.*, n.rank > 0 and (n.rank > n.old_rank or not n.kinds <@ n.old_kinds) as calls
    from followed n
    where n.rank <> n.old_rank or n.kinds <> n.old_kinds
),
grounds as (
    select f.household_id, jsonb_agg(jsonb_build_object('kind', f.kind, 'since', f.since, 'fen', f.fen,
        'count', f.count) order by f.kind collate "C") as found
    from found f
    join moved n on n.id = f.household_id and n.calls
    group by f.household_id
),
told_of as (
    select n.*, w.id as warning_id, w.state, w.level, w.holder, w.round, w.act_due_at, w.dispose_due_at, w.disposal,
        g.found
    from moved n
    left join grounds g on g.household_id = n.id
    left join warning w on w.household_id = n.id and w.state <> 'CLOSED'
    where n.calls or (w.id is not null and n.rank <> n.old_rank)
)
select t.families, t.changes, n.id as household_id, n.area_code, n.rank, n.found_rank, n.points, n.kinds, n.calls,
    n.warning_id, n.state, n.level, n.holder, n.round, n.act_due_at, n.dispose_due_at, n.disposal, n.found
from (select (select count(*) from fam) as families, (select count(*) from written) as changes) t
left join told_of n on true
"""
_EVALUATE = text(_FOUND + _COUNTED)
_EVALUATE_ONE = text("/* one family: its plan is kept */" + _FOUND + _COUNTED)


@dataclass(frozen=True, slots=True)
class Moved:
    """A family whose level changed, or who calls for action; with its open warning, if it has one."""

    household_id: str
    area_code: str
    level: str
    found_level: str
    points: int
    kinds: list[str]
    calls: bool
    found: list[dict[str, Any]]
    warning_id: str | None
    state: str
    warned_level: str
    holder: str
    round: int
    act_due_at: datetime | None
    dispose_due_at: datetime | None
    disposal: str


@dataclass(slots=True)
class Evaluated:
    """What an evaluation went through, what it changed, and what is to be done about it."""

    families: int = 0
    changes: int = 0
    moved: list[Moved] = field(default_factory=list)


async def evaluate(unit: UnitOfWork, first: str, upto: str, on: date, *, corrects: bool = False) -> Evaluated:
    """The levels of all families from `first` to `upto` on a day, written where they changed. Runs under the system's
    rows, with `together` or `alone` taken before. Doing it again on the same day changes nothing."""
    done = Evaluated()
    for law, area in over_areas("warnings", on):
        values = {**_law(law), **area, "first": first, "upto": upto, "corrects": corrects}
        rows = (await unit.execute(_EVALUATE_ONE if first == upto else _EVALUATE, values)).all()
        done.families += rows[0].families
        done.changes += rows[0].changes
        done.moved += [_moved(row) for row in rows if row.household_id is not None]
    return done


def _moved(row: Any) -> Moved:
    return Moved(
        row.household_id,
        row.area_code,
        LEVELS[row.rank],
        LEVELS[row.found_rank],
        int(row.points),
        list(row.kinds),
        row.calls,
        row.found or [],
        row.warning_id,
        row.state or "",
        row.level or "",
        row.holder or "",
        row.round or 0,
        row.act_due_at,
        row.dispose_due_at,
        row.disposal or "",
    )


async def together(unit: UnitOfWork) -> None:
    """Before a warning or a single family is touched: a key range is waited for."""
    await unit.execute(_TOGETHER)


async def alone(unit: UnitOfWork) -> None:
    """Before a key range is evaluated: whoever touches a warning is waited for."""
    await unit.execute(_ALONE)


# ── the law as values ────────────────────────────────────────────────────────────────────────────


def _law(law: InForce) -> dict[str, Any]:
    lines = list(law.table("warnings.points"))
    levels = {str(line["level"]): line["from_points"] for line in law.table("warnings.levels")}
    return {
        "on": law.on,
        "facts": [line["fact"] for line in lines],
        **{name: [line[name] for line in lines] for name in ("from_fen", "from_count", "after", "lasts", "points")},
        "is_danger": [line["is_danger"] for line in lines],
        **{level.lower(): levels[level] for level in LEVELS[1:]},
        "clear_days": law.whole("warnings.clear_days"),
        "burden_from": last_day(law.on, -law.whole("warnings.burden_window")),
        "missed_from": last_day(law.on, -law.whole("warnings.missed_window")),
        "elder_born": last_day(law.on, -12 * law.whole("warnings.elder_from")),
        "adult_born": last_day(law.on, -12 * law.whole("supplements.adult_from")),
        "working_from": last_day(law.on, -12 * law.whole("warnings.working_from")),
        "working_until": last_day(law.on, -12 * law.whole("warnings.working_until")),
    }
