"""What a death does to pairings, and what is left to do when it was none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlmodel import col, select

from services.charity.pairing.rules import state_of
from services.charity.pairing.service import announce
from services.charity.pairing.tables import Pairing, PairingParty
from services.charity.people import service as people
from shared import effects, notices
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect

STOP = "stop_pairing"

_STOPPED = text(
    "select distinct object_id from kernel.effect where object_kind = 'pairing' and kind = 'stop_pairing'"
    " and annulled_at is null and object_id = any(:ids)"
)
_TAKEN = text(
    "select distinct w.id from pairing w join pairing r on r.beneficiary_id = w.beneficiary_id and r.kind = w.kind"
    " and r.state = 'RUNNING' and r.id <> w.id where w.id = any(:ids)"
)
_STOPPED_WORDS = "您结对帮扶的对象因故不能继续接受帮扶，结对已停止。感谢您的善举，社工会与您联系。"
_RESUMED_WORDS = "此前停止的结对帮扶现已恢复，感谢您继续相伴。详情请联系社工。"


@dataclass(frozen=True, slots=True)
class Released:
    """A pairing nothing stops on this cause any more; `state` is where it stands now."""

    id: str
    state: str


async def stop_for_death(unit: UnitOfWork, person_id: str, case_id: str, died_on: date) -> list[str]:
    """Stop every pairing of the dead person, as donor or beneficiary; their ids. Her row lock is held."""
    parties = select(col(PairingParty.pairing_id)).where(col(PairingParty.person_id) == person_id)
    pairings = await unit.lock(Pairing, await unit.all(parties))
    stopped = [pairing for pairing in pairings if pairing.state != "ENDED"]
    for pairing in stopped:
        await effects.record(
            unit,
            cause=case_id,
            kind=STOP,
            object_kind="pairing",
            object_id=pairing.id,
            person_id=person_id,
            area_code=pairing.area_code,
            org_id=pairing.donor_org_id or "",
            from_date=died_on,
        )
    ran = [pairing for pairing in stopped if pairing.state == "RUNNING"]
    await _conclude(unit, stopped)
    await announce(unit, ran, "DEATH")
    await _tell_donors(
        unit, [pairing for pairing in ran if pairing.donor_person_id != person_id], case_id, is_over=True
    )
    return [pairing.id for pairing in stopped]


async def release(unit: UnitOfWork, annulled: Sequence[Effect], case_id: str) -> list[Released]:
    """Let pairings run again whose stop was annulled, each where its place is still free (domain §10 d)."""
    ids = [effect.object_id for effect in annulled if effect.kind == STOP]
    if not ids:
        return []
    beneficiaries = select(col(Pairing.beneficiary_id)).where(col(Pairing.id).in_(ids))
    await people.lock(unit, await unit.all(beneficiaries))
    pairings = await unit.lock(Pairing, ids)
    await _conclude(unit, pairings)
    running = [pairing for pairing in pairings if pairing.state == "RUNNING"]
    await announce(unit, running, "")
    await _tell_donors(unit, running, case_id, is_over=False)
    return [Released(pairing.id, pairing.state) for pairing in pairings]


async def _conclude(unit: UnitOfWork, pairings: Sequence[Pairing]) -> None:
    """Set each state from base facts and live effects; the rows are locked. One that nothing stops any more but whose
    place is taken begins to wait."""
    ids = [pairing.id for pairing in pairings]
    stopped = set((await unit.execute(_STOPPED, {"ids": ids})).scalars())
    taken = set((await unit.execute(_TAKEN, {"ids": ids})).scalars())
    held: set[tuple[str, str]] = set()
    for pairing in pairings:
        is_stopped, is_ended = pairing.id in stopped, pairing.ended_on is not None
        place = (pairing.beneficiary_id, pairing.kind)
        is_back = pairing.state == "STOPPED" and not is_stopped and not is_ended and not pairing.is_waiting
        if is_back and (pairing.id in taken or place in held):
            pairing.is_waiting = True
        elif is_back:
            held.add(place)
        state = state_of(is_ended=is_ended, is_stopped=is_stopped, is_waiting=pairing.is_waiting)
        if state != pairing.state:
            pairing.state = state
            pairing.version += 1
    await unit.flush()


async def _tell_donors(unit: UnitOfWork, pairings: Sequence[Pairing], case_id: str, *, is_over: bool) -> None:
    """A word to each donor who is a person; it says nothing of why."""
    for pairing in pairings:
        if pairing.donor_person_id:
            donor = await people.find(unit, pairing.donor_person_id)
            await notices.send(
                unit,
                person_id=pairing.donor_person_id,
                template="charity.pairing-stopped" if is_over else "charity.pairing-resumed",
                text=_STOPPED_WORDS if is_over else _RESUMED_WORDS,
                case_id=case_id,
                area_code=donor.area_code if donor else pairing.area_code,
            )
