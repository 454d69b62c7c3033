"""The reactions to a confirmed death and to its withdrawal.

Every room records its own effects under the death case; withdrawing the case annuls them and every room concludes
its state anew. The answer names each thing done, or that there was nothing to do.
"""

from __future__ import annotations

from sqlmodel import col, select

from services.charity.pairing import stops
from services.charity.people import service as people
from services.charity.pledges import service as pledges
from services.charity.points import heirs
from services.charity.volunteers import service as volunteers
from shared import effects
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.settled import CharityDeathSettled, CharityDeathUnsettled, SettledEffect
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.events import Envelope

TASK = "T23"


async def settle_death(unit: UnitOfWork, event: DeathConfirmed, envelope: Envelope) -> None:
    """Stop pairings and pledges, keep the points for the heirs, close the volunteer account."""
    case, person_id, died_on = event.death_case_id, event.person_id, event.death_date
    if await effects.is_annulled(unit, case) or await _is_settled(unit, case):
        return
    locked = await people.lock(unit, [person_id])
    area = locked[person_id].area_code if person_id in locked else envelope.areacode
    await people.record_death(unit, person_id, case_id=case, died_on=died_on, area_code=area)
    done = [
        _done("stop_pairing", pairing_id, "结对帮扶已停止")
        for pairing_id in await stops.stop_for_death(unit, person_id, case, died_on)
    ]
    done += [
        _done("stop_pledge", pledge_id, "认捐已停止，捐赠记录保留")
        for pledge_id in await pledges.stop_for_death(unit, person_id, case, died_on)
    ]
    if await heirs.freeze(unit, person_id, case, died_on, area):
        done.append(_done("freeze_points", person_id, "慈善积分已为继承人冻结保留"))
    if await volunteers.close_for_death(unit, person_id, case, died_on):
        done.append(_done("close_volunteer", person_id, "志愿者账户已关闭"))
    answer = CharityDeathSettled(death_case_id=case, person_id=person_id, effects=done or [_nothing(person_id)])
    unit.emit(answer, area_code=area)
    unit.note(subjects=[person_id], case_id=case, count=len(done))


async def unsettle_death(unit: UnitOfWork, event: DeathRevoked, envelope: Envelope) -> None:
    """The person lives: points and accounts are hers again; pairings run again where the place is free."""
    case, person_id = event.death_case_id, event.person_id
    if await effects.is_annulled(unit, case):
        return
    locked = await people.lock(unit, [person_id])
    area = locked[person_id].area_code if person_id in locked else envelope.areacode
    annulled = (await effects.annul(unit, case)).effects
    await people.follow_life(unit, [person_id])
    undone = [_released(pairing) for pairing in await stops.release(unit, annulled, case)]
    undone += [_done("resume_pledge", pledge_id, "认捐已恢复") for pledge_id in await pledges.release(unit, annulled)]
    if await heirs.unfreeze(unit, person_id, annulled, case):
        undone.append(_done("unfreeze_points", person_id, "慈善积分已解冻"))
    if await volunteers.release(unit, person_id, annulled):
        undone.append(_done("reopen_volunteer", person_id, "志愿者账户已恢复"))
    answer = CharityDeathUnsettled(death_case_id=case, person_id=person_id, effects=undone or [_nothing(person_id)])
    unit.emit(answer, area_code=area)
    unit.note(subjects=[person_id], case_id=case, count=len(undone))


async def _is_settled(unit: UnitOfWork, case_id: str) -> bool:
    """The case has been worked off: a second message of it says nothing new."""
    mark = select(col(Effect.id)).where(col(Effect.cause) == case_id, col(Effect.kind) == people.DECEASED)
    return bool(await unit.first(mark))


def _released(pairing: stops.Released) -> SettledEffect:
    if pairing.state == "WAITING":
        words = "原结对对象已由他人结对帮扶，请人工安排"
        return SettledEffect(task=TASK, kind="resume_pairing", object=pairing.id, outcome="needs_human", reason=words)
    words = {"RUNNING": "结对帮扶已恢复", "STOPPED": "结对仍因另一方去世停止", "ENDED": "结对此前已结束"}[pairing.state]
    return _done("resume_pairing", pairing.id, words)


def _done(kind: str, object_id: str, reason: str) -> SettledEffect:
    return SettledEffect(task=TASK, kind=kind, object=object_id, outcome="done", reason=reason)


def _nothing(person_id: str) -> SettledEffect:
    words = "没有结对、认捐、积分和志愿者账户"
    return SettledEffect(task=TASK, kind="charity", object=person_id, outcome="nothing_to_do", reason=words)
