"""What a death does to a stay and its bed, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import literal, select
from sqlmodel import col

from services.eldercare.beds import service as beds
from services.eldercare.beds.service import Bed
from services.eldercare.elders.service import Elder
from services.eldercare.stays import service
from services.eldercare.stays.rules import PRESENT, stepped
from services.eldercare.stays.tables import Stay
from shared import clock, effects
from shared.contracts.eldercare import BedOccupied, BedReleased
from shared.db.problems import Conflict
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect

END_STAY = "end_stay"
"""Effect: the stay ended by death; its payload holds the state before."""
_REASON = "DECEASED"


class StayMoved(Conflict):
    code = "stay_moved"
    detail = "入住信息正在变更，请稍后再试"


@dataclass(frozen=True, slots=True)
class Held:
    """A stay and its bed, both as they are under the bed's lock."""

    stay: Stay
    bed: Bed


async def hold_bed(unit: UnitOfWork, person_id: str) -> Bed | None:
    """Lock the bed she has, before her own row is locked."""
    stay = await service.live_stay(unit, person_id)
    return await unit.get(Bed, stay.bed_id, lock=True) if stay is not None else None


async def end_for_death(unit: UnitOfWork, elder: Elder, bed: Bed | None, case_id: str, death_date: date) -> Held | None:
    """Stay → DECEASED, bed → cleaning, then vacant (a mere reservation is cancelled and the bed vacant at once).

    The elder is locked, the bed too if she had one when it was looked for; StayMoved when she has another by now.
    """
    stay = await service.live_stay(unit, elder.person_id)
    if stay is None:
        return None
    if bed is None or bed.id != stay.bed_id:
        raise StayMoved
    await effects.record(
        unit,
        cause=case_id,
        kind=END_STAY,
        object_kind="stay",
        object_id=stay.id,
        person_id=stay.person_id,
        area_code=stay.area_code,
        org_id=stay.institution_id,
        from_date=death_date,
        payload={"state": stay.state, "bed": bed.id},
    )
    was_present = stay.state in PRESENT
    stay.state = stepped(stay.state, "die")
    stay.ended_at, stay.ended_on, stay.end_reason = max(unit.now, stay.from_at), death_date, _REASON
    stay.version += 1
    await unit.flush()
    if was_present:
        await beds.begin_turnover(unit, bed)
        released = BedReleased(
            stay_id=stay.id, bed_id=bed.id, person_id=stay.person_id, bed_type=bed.type, reason=_REASON
        )
        unit.emit(released, area_code=stay.area_code)
    else:
        await beds.put(unit, bed, "VACANT")
    return Held(stay, bed)


# ── the way back ─────────────────────────────────────────────────────────────────────────────────


class Back(StrEnum):
    """What came of giving a bed back."""

    RESTORED = "RESTORED"
    LAPSED = "LAPSED"
    BED_GONE = "BED_GONE"


async def find_ended(unit: UnitOfWork, case_id: str) -> Effect | None:
    """The live effect of this case on a stay."""
    mine = (col(Effect.cause) == case_id) & (col(Effect.kind) == END_STAY) & col(Effect.annulled_at).is_(None)
    effect: Effect | None = await unit.first(select(Effect).where(mine))
    return effect


async def restore(unit: UnitOfWork, elder: Elder, bed: Bed, effect: Effect) -> tuple[Back, Stay]:
    """Give her the stay back where the bed is still free; bed and elder are locked.

    BED_GONE: somebody else has it or had it since (domain §10 c). LAPSED: it was a reservation whose time has run
    out meanwhile, as it would have without the mistake.
    """
    stay = await unit.get(Stay, effect.object_id, lock=True)
    before = str(effect.payload["state"])
    if before == "RESERVED" and stay.reserved_until is not None and stay.reserved_until <= unit.now:
        stay.end_reason, stay.ended_on = "LAPSED", clock.to_business_date(stay.reserved_until)
        stay.version += 1
        if elder.org_id == stay.institution_id:
            elder.org_id = ""
        await unit.flush()
        return Back.LAPSED, stay
    if stay.end_reason != _REASON or not beds.can_be_given_back(bed) or await _was_given_away(unit, stay):
        return Back.BED_GONE, stay
    stay.state, stay.ended_at, stay.ended_on, stay.end_reason = before, None, None, ""
    stay.version += 1
    await unit.flush()
    await beds.put(unit, bed, "OCCUPIED" if before in PRESENT else "RESERVED")
    if before in PRESENT:
        occupied = BedOccupied(stay_id=stay.id, bed_id=bed.id, person_id=stay.person_id, bed_type=bed.type)
        unit.emit(occupied, area_code=stay.area_code)
    return Back.RESTORED, stay


async def _was_given_away(unit: UnitOfWork, stay: Stay) -> bool:
    others = select(literal(1)).where(
        col(Stay.bed_id) == stay.bed_id,
        col(Stay.id) != stay.id,
        col(Stay.state) != "CANCELLED",
        col(Stay.ended_at).is_(None) | (col(Stay.ended_at) > stay.from_at),
    )
    return bool(await unit.first(others))
