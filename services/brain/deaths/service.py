"""What brain does after a confirmed death, and undoes when the case is withdrawn (domain §10 steps 2, 10 and a).

It owes the matter T21 (spouse's marital status) and T23 (accounts). Runs under the system's rows.
"""

from collections.abc import Sequence
from datetime import date

from sqlmodel import col, select

from services.brain.accounts.service import CLOSE_ACCOUNT, close_accounts_of
from services.brain.consents import service as consents
from services.brain.kinship.service import spouses_of
from services.brain.people import life
from services.brain.people.service import ids_of, lock_people, resolve
from shared.contracts.settled import SettledEffect
from shared.db.unit import UnitOfWork
from shared.effects import Annulled
from shared.effects.tables import Effect

_WIDOW, _CLOSE, _CONSENTS = "widow_spouse", CLOSE_ACCOUNT, "end_consents"
_REASONS: dict[life.Widowing, str] = {
    "said_already": "配偶婚姻状况已是丧偶",
    "dead": "配偶已去世",
    "no_file": "配偶没有档案",
    "contradicts": "亲属登记为配偶，但其婚姻状况不是已婚，请核实",
}


async def settle(
    unit: UnitOfWork, person_id: str, *, cause: str, death_date: date
) -> tuple[str | None, list[SettledEffect]]:
    """The area code of the file (None without one) and what was done. Doing it again changes nothing."""
    ids = await ids_of(unit, person_id)
    spouses = await _spouses(unit, ids, death_date)
    await lock_people(unit, [person_id, *spouses])
    area_code = await life.declare_dead(unit, person_id, cause=cause, death_date=death_date)
    widowings = {spouse: await life.widow(unit, spouse, cause=cause) for spouse in spouses}
    await close_accounts_of(unit, ids, cause=cause, from_date=death_date)
    await consents.end_by_death(unit, ids, cause)
    live = await _live_effects(unit, cause)
    done = [
        *_widowed(person_id, live, widowings),
        *_closed(person_id, live),
        *_consents_ended(person_id, await consents.ended_by(unit, cause)),
    ]
    return area_code, done


async def unsettle(unit: UnitOfWork, person_id: str, *, cause: str) -> list[SettledEffect]:
    """Withdraw the case's effects; what could not be put back needs a human."""
    annulled = await life.withdraw_death(unit, cause)
    await _widow_the_revived(unit, person_id)
    again = await consents.ended_by(unit, cause)
    return [*_restored(person_id, annulled), *_reopened(person_id, annulled), *_consents_gone(person_id, again)]


async def _widow_the_revived(unit: UnitOfWork, person_id: str) -> None:
    """Who lives again may have lost her spouse in the meantime: then she is widowed by that other death."""
    for spouse in await _spouses(unit, await ids_of(unit, person_id), unit.today):
        other = await life.cause_of_death(unit, spouse)
        if other is not None:
            await life.widow(unit, person_id, cause=other)


async def _spouses(unit: UnitOfWork, person_ids: Sequence[str], day: date) -> list[str]:
    return sorted({await resolve(unit, spouse) for spouse in await spouses_of(unit, person_ids, day)})


async def _live_effects(unit: UnitOfWork, cause: str) -> list[Effect]:
    return await unit.all(
        select(Effect).where(col(Effect.cause) == cause, col(Effect.annulled_at).is_(None)).order_by(col(Effect.id))
    )


def _widowed(person_id: str, live: Sequence[Effect], widowings: dict[str, life.Widowing]) -> list[SettledEffect]:
    changed = {effect.object_id: effect for effect in live if effect.object_kind == life.MARITAL_STATUS}
    found = [
        SettledEffect(
            task="T21",
            kind=_WIDOW,
            object=spouse,
            outcome="done",
            reason=f"配偶婚姻状况由{effect.payload['before']}改为{effect.payload['after']}",
        )
        for spouse, effect in changed.items()
    ]
    for spouse, outcome in widowings.items():
        if spouse not in changed:
            human = outcome == "contradicts"
            found.append(
                SettledEffect(
                    task="T21",
                    kind=_WIDOW,
                    object=spouse,
                    outcome="needs_human" if human else "nothing_to_do",
                    reason=_REASONS[outcome],
                )
            )
    return found or [_nothing("T21", _WIDOW, person_id, "没有登记的配偶")]


def _closed(person_id: str, live: Sequence[Effect]) -> list[SettledEffect]:
    closed = [
        SettledEffect(task="T23", kind=_CLOSE, object=effect.object_id, outcome="done", reason="账号已关闭")
        for effect in live
        if effect.kind == CLOSE_ACCOUNT
    ]
    return closed or [_nothing("T23", _CLOSE, person_id, "没有账号")]


def _consents_ended(person_id: str, titles: Sequence[str]) -> list[SettledEffect]:
    if not titles:
        return []
    reason = f"随死亡终止的同意：{'、'.join(titles)}"
    return [SettledEffect(task="T23", kind=_CONSENTS, object=person_id, outcome="done", reason=reason)]


def _restored(person_id: str, annulled: Annulled) -> list[SettledEffect]:
    found = []
    conflicts = {conflict.effect.id: conflict for conflict in annulled.conflicts}
    for effect in annulled.effects:
        if effect.object_kind != life.MARITAL_STATUS:
            continue
        conflict = conflicts.get(effect.id)
        before, after = effect.payload["before"], effect.payload["after"]
        if conflict is None:
            outcome, reason = "done", f"配偶婚姻状况恢复为{before}"
        else:
            outcome = "needs_human"
            reason = f"配偶婚姻状况原为{before}，死亡确认时改为{after}，现为{conflict.now}，请核实（民法典51条）"
        found.append(
            SettledEffect.model_validate(
                {"task": "T21", "kind": _WIDOW, "object": effect.object_id, "outcome": outcome, "reason": reason}
            )
        )
    return found or [_nothing("T21", _WIDOW, person_id, "没有改动过的婚姻状况")]


def _reopened(person_id: str, annulled: Annulled) -> list[SettledEffect]:
    opened = [
        SettledEffect(task="T23", kind=_CLOSE, object=effect.object_id, outcome="done", reason="账号已恢复，须重新登录")
        for effect in annulled.of_kind(CLOSE_ACCOUNT)
    ]
    return opened or [_nothing("T23", _CLOSE, person_id, "没有关闭过的账号")]


def _consents_gone(person_id: str, titles: Sequence[str]) -> list[SettledEffect]:
    if not titles:
        return []
    reason = f"不自动恢复，须由本人重新作出的同意：{'、'.join(titles)}"
    return [SettledEffect(task="T23", kind=_CONSENTS, object=person_id, outcome="done", reason=reason)]


def _nothing(task: str, kind: str, person_id: str, reason: str) -> SettledEffect:
    return SettledEffect(task=task, kind=kind, object=person_id, outcome="nothing_to_do", reason=reason)


def nothing_at_all(person_id: str, reason: str) -> list[SettledEffect]:
    """The answer where there is nothing to do for either task."""
    return [_nothing("T21", _WIDOW, person_id, reason), _nothing("T23", _CLOSE, person_id, reason)]
