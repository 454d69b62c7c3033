"""Confirming a death, or dismissing the report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.affairs.cases import service as cases
from services.affairs.cases.service import DeathCase
from services.affairs.deaths import service
from services.affairs.deaths.rules import COURT, CREMATION, DEREGISTRATION, MEDICAL, Assessment
from services.affairs.deaths.service import Ground
from services.affairs.deaths.tables import DeathConfirmation
from services.affairs.matters import service as matters
from services.affairs.people import service as people
from shared.contracts.affairs import DeathConfirmed
from shared.db.problems import Conflict, Invalid
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.onething import actions as act


class NotConfirmable(Conflict):
    """The table says no; the sentence says why."""

    code = "death_not_confirmable"


class SecondOfficerNeeded(Conflict):
    code = "second_officer_needed"
    detail = "您已经确认，须由另一名经办人员再次确认"


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a confirmation: `refusal` when the table does not allow it, else who has confirmed."""

    case: DeathCase
    assessment: Assessment
    officers: tuple[str, ...] = ()
    refusal: NotConfirmable | None = None

    @property
    def is_confirmed(self) -> bool:
        """Enough officers have said so."""
        return self.refusal is None and len(self.officers) >= self.assessment.officers


async def confirm(unit: UnitOfWork, case_id: str, death_date: date) -> Decision:
    """One officer's word. The last one that is needed confirms, and only then anything stops (event 47, once).

    A refusal by the table is a decision too: the case goes to VERIFYING, so it is returned, not raised. Raises
    AlreadyConfirmed, CaseEnded, CloseRelative, SecondOfficerNeeded; Invalid for a date the evidence does not bear out.
    """
    case = await service.handled(unit, case_id)
    service.must_be_unconfirmed(case)
    ground = await service.ground(unit, case)
    found = ground.assessment
    if not found.is_confirmable:
        await matters.verify(unit, case)
        return Decision(case, found, refusal=NotConfirmable(detail="；".join(found.reasons)))
    _check_date(death_date, ground)
    who = unit.principal.account_id
    officers = [one.officer_id for one in ground.confirmations]
    if who not in officers:
        unit.add(
            DeathConfirmation(
                id=uuid7(),
                case_id=case.id,
                area_code=case.area_code,
                officer_id=who,
                death_date=death_date,
                confirmed_at=unit.now,
            )
        )
        await unit.flush()
        officers.append(who)
    elif len(officers) < found.officers:
        raise SecondOfficerNeeded
    decision = Decision(case, found, tuple(officers))
    if decision.is_confirmed:
        await _confirmed(unit, case, death_date, ground, officers)
    else:
        cases.changed(case)
        await matters.verify(unit, case)
    return decision


def _check_date(death_date: date, ground: Ground) -> None:
    found = ground.assessment
    if not found.accepts(death_date):
        assert found.earliest is not None
        assert found.latest is not None
        span = found.earliest.isoformat()
        if found.latest != found.earliest:
            span += f"至{found.latest.isoformat()}"
        raise Invalid("death_date_disagrees", f"死亡日期与证据不符，证据所载为{span}", field="deathDate")
    said = {one.death_date for one in ground.confirmations}
    if said and said != {death_date}:
        words = f"与另一名经办人员确认的死亡日期（{min(said).isoformat()}）不一致"
        raise Invalid("death_date_disagrees", words, field="deathDate")


async def _confirmed(unit: UnitOfWork, case: DeathCase, death_date: date, ground: Ground, officers: list[str]) -> None:
    cases.changed(case, death_date=death_date, confirmed_at=unit.now)
    facts = await people.family_facts(unit, case.person_id, death_date)
    by = unit.principal.account_id
    event = DeathConfirmed(
        death_case_id=case.id,
        person_id=case.person_id,
        death_date=death_date,
        confirmed_by=officers,
        certificate_id=_certificate(ground),
    )
    # before the tasks' own events: whoever keeps order per person hears of the death first
    unit.emit(event, area_code=case.area_code)
    await matters.record(unit, case, act.milestone(unit.now, by, "confirmed", facts=facts))
    unit.note(detail={"deathDate": death_date.isoformat(), "officers": officers})


def _certificate(ground: Ground) -> str | None:
    """Our own id of the paper the confirmation rests on, never the paper's number."""
    for kinds in (MEDICAL, (COURT,), (DEREGISTRATION,), (CREMATION,)):
        for one in ground.evidence:
            if one.kind in kinds and one.withdrawn_at is None and one.matches is not False:
                return one.id
    return None


async def dismiss(unit: UnitOfWork, case_id: str, reason: str) -> DeathCase:
    """The report was wrong and nothing was confirmed. Raises AlreadyConfirmed, CaseEnded, CloseRelative."""
    case = await service.handled(unit, case_id)
    service.must_be_unconfirmed(case)
    await matters.withdraw(unit, case, act.dismissed(unit.now, unit.principal.account_id, reason=reason))
    cases.changed(case, ended_at=unit.now)
    unit.note(reason=reason[:200])
    return case
