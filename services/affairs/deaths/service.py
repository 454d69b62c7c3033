"""What all verbs on a death case share: reading what it rests on, and weighing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import col

from services.affairs.cases import service as cases
from services.affairs.cases.service import DeathCase
from services.affairs.deaths.rules import Assessment, Paper, Source, assess
from services.affairs.deaths.tables import DeathConfirmation, DeathEvidence, DeathRevocation, DeathSource
from services.affairs.law import in_force
from services.affairs.matters import service as matters
from services.affairs.people import service as people
from shared.db.problems import Conflict
from shared.db.unit import UnitOfWork

__all__ = ["DeathCase", "DeathConfirmation", "DeathEvidence", "DeathRevocation", "DeathSource"]


class AlreadyConfirmed(Conflict):
    code = "death_already_confirmed"
    detail = "该人员的死亡已经确认"


class CaseEnded(Conflict):
    code = "death_case_ended"
    detail = "该个案已终止或已撤销，如有新的报告请另立个案"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a case rests on now, and what the table says to it."""

    sources: Sequence[DeathSource]
    evidence: Sequence[DeathEvidence]
    confirmations: Sequence[DeathConfirmation]
    assessment: Assessment


async def handled(unit: UnitOfWork, case_id: str) -> DeathCase:
    """The case under lock, for someone who may handle it: NotFound, CloseRelative, the conflict of `If-Match`."""
    case = await cases.locked(unit, case_id)
    await people.refuse_relatives(unit, case.person_id)
    unit.expect_version(case.version)
    unit.note(subjects=[case.person_id], case_id=case.id)
    return case


def must_be_unconfirmed(case: DeathCase) -> None:
    """Raise AlreadyConfirmed or CaseEnded."""
    if case.state in cases.ENDED:
        raise CaseEnded
    if case.state not in cases.UNCONFIRMED:
        raise AlreadyConfirmed


async def ground(unit: UnitOfWork, case: DeathCase) -> Ground:
    """Read everything in force and weigh it."""
    sources: list[DeathSource] = await unit.all(
        select(DeathSource).where(col(DeathSource.case_id) == case.id).order_by(col(DeathSource.id))
    )
    evidence: list[DeathEvidence] = await unit.all(
        select(DeathEvidence).where(col(DeathEvidence.case_id) == case.id).order_by(col(DeathEvidence.id))
    )
    confirmations: list[DeathConfirmation] = await unit.all(
        select(DeathConfirmation)
        .where(col(DeathConfirmation.case_id) == case.id, col(DeathConfirmation.void_at).is_(None))
        .order_by(col(DeathConfirmation.id))
    )
    return Ground(sources, evidence, confirmations, _weigh(unit, case, sources, evidence))


def _weigh(
    unit: UnitOfWork, case: DeathCase, sources: Sequence[DeathSource], evidence: Sequence[DeathEvidence]
) -> Assessment:
    given = [one for one in evidence if one.withdrawn_at is None]
    words = [Source(one.kind, one.unit_id, one.death_date) for one in sources if one.withdrawn_at is None]
    # A unit's written statement is its word, whichever way it came.
    words += [
        Source("VILLAGE" if one.unit_id == case.area_code else "HOSPITAL", one.unit_id, one.death_date)
        for one in given
        if one.kind == "health_statement" and one.matches is not False and one.death_date is not None
    ]
    return assess(
        [Paper(one.kind, one.matches, one.death_date) for one in given if one.kind != "seen_alive"],
        words,
        [one.on_date for one in given if one.kind == "seen_alive" and one.on_date is not None],
        tolerance=in_force(unit.today, case.area_code).whole("deaths.tolerance"),
    )


async def changed_ground(unit: UnitOfWork, case: DeathCase) -> Ground:
    """Something was added or withdrawn: the case is being verified, and officers' words that no longer fit are void."""
    cases.changed(case)
    await unit.flush()
    now = await ground(unit, case)
    if case.state not in cases.UNCONFIRMED:
        return now
    await matters.verify(unit, case)
    unfit = [one for one in now.confirmations if not now.assessment.is_confirmable or not _fits(one, now)]
    for one in unfit:
        one.void_at = unit.now
    await unit.flush()
    return Ground(now.sources, now.evidence, [one for one in now.confirmations if one.void_at is None], now.assessment)


def _fits(confirmation: DeathConfirmation, now: Ground) -> bool:
    return now.assessment.accepts(confirmation.death_date)


async def revocations_of(unit: UnitOfWork, case_id: str) -> list[DeathRevocation]:
    """Requests to undo the case, oldest first."""
    return await unit.all(
        select(DeathRevocation).where(col(DeathRevocation.case_id) == case_id).order_by(col(DeathRevocation.id))
    )


async def mark_mistaken(unit: UnitOfWork, case_id: str) -> list[str]:
    """Count the error with everyone who reported this death; their accounts."""
    marked = (
        update(DeathSource)
        .where(col(DeathSource.case_id) == case_id, ~col(DeathSource.is_mistaken))
        .values(is_mistaken=True)
        .returning(col(DeathSource.reporter_id))
    )
    return sorted(set((await unit.execute(marked)).scalars()))


async def errors_of(unit: UnitOfWork, reporters: Sequence[str]) -> dict[str, int]:
    """How many mistaken deaths each of these accounts has reported, among the caller's rows."""
    counted = (
        select(col(DeathSource.reporter_id), func.count(func.distinct(col(DeathSource.case_id))))
        .where(col(DeathSource.reporter_id).in_(set(reporters)), col(DeathSource.is_mistaken))
        .group_by(col(DeathSource.reporter_id))
    )
    rows: list[Any] = list((await unit.execute(counted)).all())
    return {str(row[0]): int(row[1]) for row in rows}
