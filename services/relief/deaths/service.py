"""What relief does after a confirmed death, and undoes when the case is withdrawn (domain §10 steps 4, 5, 12 and b).

It owes the matter T11 (the family's benefit) and T23 (lists the dead stands on). Everything is an effect on base
facts that stay as they are, so withdrawing the case gives back exactly what would be without it. Runs under the
system's rows. Lock order: cause, person, household, case, entitlement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import date
from itertools import groupby

from sqlalchemy import select
from sqlmodel import col

from services.relief.benefits import service as benefits
from services.relief.benefits.rules import TEKUN, TITLES, UNPAID
from services.relief.benefits.service import Change, is_over
from services.relief.households import service as households
from services.relief.households.reading import DECEASED, END_SHARE, MEMBER, PERSON, live
from services.relief.households.service import Member
from services.relief.rechecks import service as rechecks
from services.relief.visits import service as visits
from shared import effects
from shared.contracts.settled import SettledEffect
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.money import format_yuan
from shared.payments import after
from shared.payments.months import spoken

_CLOSED, _WITHDRAWN = "家庭成员全部死亡", "死亡确认已撤销"
_LISTS = "leave_lists"


async def settle(
    unit: UnitOfWork, person_id: str, *, cause: str, death_date: date, area_code: str
) -> tuple[str, list[SettledEffect]]:
    """The area of the person's household and what was done. Doing it again changes nothing."""
    stop = after(death_date)
    await households.lock_people(unit, [person_id])
    members = await households.memberships_reaching(unit, person_id, stop)
    area_code = members[0].area_code if members else area_code
    await effects.record(
        unit,
        cause=cause,
        kind=DECEASED,
        object_kind=PERSON,
        object_id=person_id,
        person_id=person_id,
        area_code=area_code,
        from_date=death_date,
    )
    done: list[SettledEffect] = []
    for household_id, rows in _by_household(members):
        done += await _settle_family(unit, household_id, rows, stop, cause=cause, death_date=death_date)
    return area_code, [*(done or [_nothing("T11", END_SHARE, person_id, "不是救助对象")]), _no_lists(person_id)]


async def _settle_family(
    unit: UnitOfWork, household_id: str, members: Sequence[Member], stop: date, *, cause: str, death_date: date
) -> list[SettledEffect]:
    household = await households.lock(unit, household_id)
    person_id, limits = members[0].person_id, {}
    reason = f"成员死亡，自{spoken(stop)}起不再计入"
    async with benefits.adjusting(unit, household, stop, reason, cause=cause, on_date=death_date) as changes:
        for member in members:
            await _end_share(unit, member, stop, cause)
        for case in await benefits.of_household(unit, household_id):
            if case.state != "CLOSED":
                limits[case.id] = (await rechecks.ask(unit, case, cause=cause, person_id=person_id)).due_on
        await visits.plan_condolence(unit, household, cause=cause, person_id=person_id)
    return [
        SettledEffect(
            task="T11",
            kind=END_SHARE,
            object=change.case.id,
            outcome="done",
            reason=_stopped(change, stop, limits.get(change.case.id)),
        )
        for change in changes
        if _matters(change)
    ]


async def unsettle(unit: UnitOfWork, person_id: str, *, cause: str) -> tuple[str, list[SettledEffect]]:
    """Withdraw the case's effects: shares run on from the month they stopped, proposals to recover fall away, what is
    missing or was paid back already is paid with the next batch."""
    await households.lock_people(unit, [person_id])
    ended = await _shares_of(unit, cause)
    members: list[Member] = await unit.all(
        select(Member).where(col(Member.id).in_(list(ended))).order_by(col(Member.household_id), col(Member.id))
    )
    families: list[tuple[date, list[Change]]] = []
    async with AsyncExitStack() as around:
        for household_id, rows in _by_household(members):
            household = await households.lock(unit, household_id)
            stop = min(ended[member.id] for member in rows)
            context = benefits.adjusting(unit, household, stop, _WITHDRAWN, cause=cause)
            families.append((stop, await around.enter_async_context(context)))
        await effects.annul(unit, cause)
    done = [
        SettledEffect(task="T11", kind=END_SHARE, object=change.case.id, outcome="done", reason=_restored(change, stop))
        for stop, changes in families
        for change in changes
        if _matters(change)
    ]
    area_code = members[0].area_code if members else ""
    return area_code, [*(done or [_nothing("T11", END_SHARE, person_id, "没有停发过待遇")]), _no_lists(person_id)]


def nothing_at_all(person_id: str, reason: str) -> list[SettledEffect]:
    """The answer where there is nothing to do for either task."""
    return [_nothing("T11", END_SHARE, person_id, reason), _nothing("T23", _LISTS, person_id, reason)]


# ── effects ──────────────────────────────────────────────────────────────────────────────────────


async def _end_share(unit: UnitOfWork, member: Member, stop: date, cause: str) -> None:
    await effects.record(
        unit,
        cause=cause,
        kind=END_SHARE,
        object_kind=MEMBER,
        object_id=member.id,
        person_id=member.person_id,
        area_code=member.area_code,
        from_date=stop,
    )


async def _shares_of(unit: UnitOfWork, cause: str) -> dict[str, date]:
    """Members whose share this case has ended, with the first month without it."""
    mine = select(Effect).where(*live(MEMBER, END_SHARE), col(Effect.cause) == cause)
    return {effect.object_id: effect.from_date for effect in await unit.all(mine)}


def _by_household(members: Iterable[Member]) -> list[tuple[str, list[Member]]]:
    ordered = sorted(members, key=lambda member: (member.household_id, member.id))
    return [(key, list(rows)) for key, rows in groupby(ordered, key=lambda member: member.household_id)]


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


def _matters(change: Change) -> bool:
    """A case that was over before and has no money to move has nothing to say."""
    return not (is_over(change.before.state) and is_over(change.after.state)) or bool(change.settled.changes)


def _stopped(change: Change, stop: date, due_on: date | None) -> str:
    title, since = TITLES[change.case.kind], spoken(max(stop, change.case.from_month))
    parts = [f"{title}：本人份额自{since}起停发"]
    if is_over(change.after.state):
        parts = [f"{title}自{since}起终止（{_CLOSED}）"]
        if change.case.kind == TEKUN:
            parts.append("丧葬费用待遇保留")
    elif change.case.kind in UNPAID:
        parts = [f"{title}：本人自{since}起不再计入"]
    if change.case.kind not in UNPAID:
        old, new = format_yuan(change.before.amount_fen), format_yuan(change.after.amount_fen)
        parts.append(f"每月{old}元调整为{new}元" if old != new else f"每月{new}元")
    if due_on is not None and not is_over(change.after.state):
        parts.append(f"家庭复核截止{due_on.isoformat()}")
    overpaid = change.settled.total("proposed")
    if overpaid:
        parts.append(f"多发{format_yuan(overpaid)}元待追缴")
    if removed := len(change.settled.of("cancelled")):
        parts.append(f"剔除待发明细{removed}条")
    if stopped := len(change.settled.of("stopped")):
        parts.append(f"请求银行止付{stopped}笔")
    return "，".join(parts)


def _restored(change: Change, stop: date) -> str:
    title, since = TITLES[change.case.kind], spoken(max(stop, change.case.from_month))
    parts = [f"{title}自{since}起恢复"]
    if change.case.kind not in UNPAID:
        parts.append(f"每月{format_yuan(change.after.amount_fen)}元，少发和已退回的款项随下一批次补发")
    if closed := len(change.settled.of("closed")):
        parts.append(f"撤销追缴建议{closed}笔")
    return "，".join(parts)


def _nothing(task: str, kind: str, object_id: str, reason: str) -> SettledEffect:
    return SettledEffect(task=task, kind=kind, object=object_id, outcome="nothing_to_do", reason=reason)


def _no_lists(person_id: str) -> SettledEffect:
    return _nothing("T23", _LISTS, person_id, "救助服务没有公开其信息的名单")
