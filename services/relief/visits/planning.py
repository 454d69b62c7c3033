"""Windows for visits, by level and category: planned, brought forward, missed and cancelled, over key ranges in SQL."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from services.relief.law import over_areas
from services.relief.rechecks.rules import last_day
from shared.china import areas
from shared.db.unit import UnitOfWork
from shared.policy import InForce

# A visit of the last day may come in for a day more: only then it is missed.
_MISSED = text("""
    update visit set state = 'MISSED', version = version + 1
    where household_id > :reached and household_id <= :upto and kind in ('CARE', 'PHONE')
      and state in ('PLANNED', 'ASSIGNED', 'CHECKED_IN', 'REJECTED_QC') and due_on < cast(:on as date) - 1
""")

# The families to be visited, with the shorter of the intervals of level and category. Somebody has to be left there.
_WANTED = """
with lived as materialized (
    select h.id, h.area_code from household h
    where h.id > :reached and h.id <= :upto and h.area_code >= :lo and h.area_code < :hi
      and (cast(:is_whole as bool) or not exists (
          select from unnest(cast(:sub_lo as text[]), cast(:sub_hi as text[])) s (lo, hi)
          where h.area_code >= s.lo collate "C" and h.area_code < s.hi collate "C"))
      and exists (
          select from member m
          where m.household_id = h.id and m.valid_from <= :on and (m.valid_to is null or m.valid_to >= :on)
            and not exists (
                select from kernel.effect e
                where e.object_kind = 'person' and e.object_id = m.person_id and e.kind = 'deceased'
                  and e.annulled_at is null and e.from_date <= :on))
),
ruled as (
    select l.id, case c.kind when 'DIBAO' then case c.review_class when 'A' then 'DIBAO_A' else 'DIBAO' end
        else c.kind end as category
    from lived l
    join benefit_case c on c.household_id = l.id
    where c.from_month <= :on and (c.closed_from is null or c.closed_from > :on)
    union all
    select l.id, f.level from lived l join family_level f on f.household_id = l.id
    where f.level <> 'GREEN'
),
wanted as materialized (
    select l.id, l.area_code, min(cast(cast(:on as date) + make_interval(months => q.months, days => q.days) as date))
        as next_from
    from ruled r
    join lived l on l.id = r.id
    join unnest(cast(:groups as text[]), cast(:months as int[]), cast(:days as int[])) q (category, months, days)
        on q.category = r.category
    group by l.id, l.area_code
)
"""
# Families that are no longer to be visited are not; a window that would end too late ends sooner; and the next one
# begins when the last one is over, or would be with the interval of today.
_PLAN = """
, cancelled as (
    update visit v set state = 'CANCELLED', version = v.version + 1
    where v.household_id > :reached and v.household_id <= :upto and v.area_code >= :lo and v.area_code < :hi
      and (cast(:is_whole as bool) or not exists (
          select from unnest(cast(:sub_lo as text[]), cast(:sub_hi as text[])) s (lo, hi)
          where v.area_code >= s.lo collate "C" and v.area_code < s.hi collate "C"))
      and v.kind in ('CARE', 'PHONE') and v.state in ('PLANNED', 'ASSIGNED') and v.due_on >= :on
      and not exists (select from wanted w where w.id = v.household_id)
),
forwarded as (
    update visit v set due_on = w.next_from - 1, version = v.version + 1
    from wanted w
    where v.household_id = w.id and v.household_id > :reached and v.household_id <= :upto and v.kind = 'CARE'
      and v.state in ('PLANNED', 'ASSIGNED', 'CHECKED_IN', 'REJECTED_QC') and v.due_on >= w.next_from
)
insert into visit (id, household_id, area_code, kind, cause, person_id, state, planned_at, window_from, due_on,
    helper_id, met, remote_reason, answered, needs, faults, done_by, remark, version)
select cast(gen_random_uuid() as text), w.id, w.area_code, 'CARE', 'CARE/' || cast(:on as date), '',
    case when p.helper_id is null then 'PLANNED' else 'ASSIGNED' end, :now, :on, w.next_from - 1,
    coalesce(p.helper_id, ''), '', '', 0, '{}', '{}', '', '', 1
from wanted w
left join lateral (
    select h.helper_id from helper_pair h
    where h.household_id = w.id and h.from_date <= :on and (h.to_date is null or h.to_date >= :on)
    order by h.from_date, h.id limit 1
) p on true
where not exists (
    select from visit v
    where v.household_id = w.id and v.household_id > :reached and v.household_id <= :upto and v.kind = 'CARE' and (
        v.state in ('PLANNED', 'ASSIGNED', 'CHECKED_IN', 'REJECTED_QC')
        or (v.state in ('COUNTED', 'MISSED') and v.due_on >= :on
            and v.window_from + (w.next_from - cast(:on as date)) > :on)))
on conflict do nothing
"""
_PHONE = """
insert into visit (id, household_id, area_code, kind, cause, person_id, state, planned_at, window_from, due_on,
    helper_id, met, remote_reason, answered, needs, faults, done_by, remark, version)
select cast(gen_random_uuid() as text), w.id, w.area_code, 'PHONE', 'PHONE/' || cast(:on as date), '', 'PLANNED',
    :now, :on, cast(:on as date) + cast(:phone_days as int) - 1, '', '', '', 0, '{}', '{}', '', '', 1
from wanted w
join unnest(cast(:island_lo as text[]), cast(:island_hi as text[])) i (lo, hi)
    on w.area_code >= i.lo collate "C" and w.area_code < i.hi collate "C"
where not exists (
    select from visit v
    where v.household_id = w.id and v.kind = 'PHONE' and (
        v.state in ('PLANNED', 'ASSIGNED', 'CHECKED_IN', 'REJECTED_QC')
        or (v.state in ('COUNTED', 'MISSED') and v.due_on >= :on)))
on conflict do nothing
"""
_OPEN, _CALL = text(_WANTED + _PLAN), text(_WANTED + _PHONE)
_CUSTOM = text("select set_config('plan_cache_mode', 'force_custom_plan', true)")


async def plan(unit: UnitOfWork, reached: str, upto: str, on: date) -> int:
    """Plan the families after `reached` up to `upto` for a day; how many windows were opened. Doing it again on the
    same day adds nothing. Runs under the system's rows."""
    span = {"reached": reached, "upto": upto, "on": on}
    await unit.execute(_CUSTOM)
    await unit.execute(_MISSED, span)
    opened = 0
    for law, area in over_areas("visits", on):
        values = {**span, **_frequency(law), **area}
        opened += _count(await unit.execute(_OPEN, {**values, "now": unit.now}))
        if on.month in {row["month"] for row in law.table("visits.phone_months")}:
            islands = [areas.range_of(str(row["area"])) for row in law.table("visits.phone_areas")]
            call = {
                "now": unit.now,
                "phone_days": law.whole("visits.phone_days"),
                "island_lo": [island[0] for island in islands],
                "island_hi": [island[1] for island in islands],
            }
            opened += _count(await unit.execute(_CALL, {**values, **call}))
    return opened


def _frequency(law: InForce) -> dict[str, Any]:
    rows = list(law.table("visits.frequency"))
    return {
        "groups": [row["group"] for row in rows],
        "months": [row["months"] for row in rows],
        "days": [row["days"] for row in rows],
    }


def _count(result: Any) -> int:
    return int(result.rowcount)


# ── how many families were visited (K-02) ────────────────────────────────────────────────────────

_RATE = text("""
    with counted as (
        select v.household_id, bool_and(v.state = 'COUNTED' and v.done_at < :until) as is_visited
        from visit v
        where v.kind = 'CARE' and v.state <> 'CANCELLED' and v.due_on > :after and v.due_on <= :on
          and exists (
              select from benefit_case c
              where c.household_id = v.household_id and c.from_month <= :on
                and (c.closed_from is null or c.closed_from > :on))
          and exists (
              select from member m
              where m.household_id = v.household_id and m.valid_from <= :on
                and (m.valid_to is null or m.valid_to >= :on)
                and not exists (
                    select from kernel.effect e
                    where e.object_kind = 'person' and e.object_id = m.person_id and e.kind = 'deceased'
                      and e.annulled_at is null and e.from_date <= :on))
        group by v.household_id
    )
    select count(*) as families, count(*) filter (where is_visited) as visited from counted
""")


async def rate(unit: UnitOfWork, on: date, until: Any) -> tuple[int, int]:
    """Families in benefit on a day that had a window due in the twelve months before, and those of them whose every
    window was kept (K-02); `until` is the end of that day."""
    row = (await unit.execute(_RATE, {"on": on, "after": last_day(on, -12), "until": until})).one()
    return int(row.families), int(row.visited)
