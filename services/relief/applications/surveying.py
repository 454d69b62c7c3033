"""At the house: the survey by two or more, and the check of means reporting. Lock order: household, application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import col

from services.relief.applications import limits
from services.relief.applications.rules import SurveyDate, WrongState, surveyors
from services.relief.applications.stepping import by_the_family, locked, step
from services.relief.applications.tables import Application, ApplicationStep, Survey
from services.relief.benefits import service as benefits
from services.relief.filings import service as filings
from services.relief.households import service as households
from services.relief.law import in_force
from shared import clock
from shared.db.principals import Role
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments import month_of

__all__ = ["Survey"]

DISTRICT_ROLES = frozenset({Role.DISTRICT_OFFICER, Role.DISTRICT_REVIEWER, Role.DISTRICT_DIRECTOR})


async def investigate(unit: UnitOfWork, application_id: str) -> Application:
    """The survey begins; also of one that was sent back."""
    application = await locked(unit, application_id)
    is_again = application.state == "RETURNED"
    await step(unit, application, "investigate")
    if is_again:
        await limits.start(unit, application, "OPINION")
    await limits.meet(unit, application, "SURVEY")
    return application


@dataclass(frozen=True, slots=True)
class NewSurvey:
    """What a visit or an appraisal found; `monthly_income_fen` where it found another income than was told."""

    method: str
    surveyed_on: date
    surveyors: Sequence[str]
    is_signed: bool
    finding: str
    monthly_income_fen: int | None = None


async def survey(unit: UnitOfWork, application_id: str, new: NewSurvey) -> Survey:
    """Record a visit by two or more; the district's own while the case lies with it. Raises TooFewSurveyors,
    SurveyDate, WrongState."""
    seen = await unit.get(Application, application_id)
    household = await households.lock(unit, seen.household_id)
    application = await locked(unit, application_id)
    level = "DISTRICT" if unit.principal.role in DISTRICT_ROLES else "TOWN"
    if application.state not in _SURVEYED[level]:
        raise WrongState
    received = clock.to_business_date(application.received_at or unit.now)
    if not received <= new.surveyed_on <= unit.today:
        raise SurveyDate(field="surveyedOn")
    least = in_force(unit.today, application.area_code).whole("applications.surveyors")
    names = surveyors(new.surveyors, least)
    income_seq = None
    if new.monthly_income_fen is not None and application.single_member_id:
        application.single_income_fen = new.monthly_income_fen
    elif new.monthly_income_fen is not None:
        month = month_of(unit.today)
        async with benefits.adjusting(unit, household, month, "入户调查核实收入"):
            income = await households.record_income(
                unit, household, month, new.monthly_income_fen, source="SURVEY", remark="入户调查"
            )
        income_seq = income.seq
    survey_id = uuid7()
    row = Survey(
        id=survey_id,
        application_id=application.id,
        area_code=application.area_code,
        level=level,
        method=new.method,
        surveyed_on=new.surveyed_on,
        surveyors=unit.vault.seal(Survey, "surveyors", survey_id, "\n".join(names)),
        is_signed=new.is_signed,
        finding=new.finding,
        income_seq=income_seq,
        recorded_by=unit.principal.account_id,
        recorded_at=unit.now,
    )
    unit.add(row)
    await unit.flush()
    if level == "DISTRICT":
        await filings.visited_for_review(unit, household.id, new.surveyed_on, names, new.finding)
    return row


_SURVEYED: Mapping[str, tuple[str, ...]] = {
    "TOWN": ("INVESTIGATING", "OBJECTION_REVIEW"),
    "DISTRICT": ("DISTRICT_REVIEW",),
}


def surveyors_of(unit: UnitOfWork, row: Survey) -> list[str]:
    """Who was there."""
    return unit.vault.open(Survey, "surveyors", row.id, row.surveyors).split("\n")


async def surveyed_since(unit: UnitOfWork, application: Application, level: str, *actions: str) -> bool:
    """Whether a visit of that level was recorded since the application last took one of these steps."""
    since = (
        select(func.max(col(ApplicationStep.at)))
        .where(col(ApplicationStep.application_id) == application.id, col(ApplicationStep.action).in_(actions))
        .scalar_subquery()
    )
    found = select(col(Survey.id)).where(
        col(Survey.application_id) == application.id, col(Survey.level) == level, col(Survey.recorded_at) >= since
    )
    return await unit.first(found) is not None


async def verification_reported(
    unit: UnitOfWork, application_id: str, *, verification_id: str, over_limit: Sequence[str] = ()
) -> bool:
    """The check of means has reported: what lies over the limits, in words. Called by whoever runs the check; whether
    the application was waiting for it. A later report replaces an earlier one."""
    application = await unit.get(Application, application_id, lock=True)
    if application.state not in ("INVESTIGATING", "OBJECTION_REVIEW"):
        return False
    application.verified_at, application.verification_id = unit.now, verification_id
    application.over_limit = list(over_limit)
    if over_limit:
        await step(unit, application, "exceed", reason="；".join(over_limit), evidence=verification_id)
        await limits.pause(unit, application, "OPINION", "OBJECTION")
    await unit.flush()
    return True


async def object_to_check(unit: UnitOfWork, application_id: str, reason: str) -> Application:
    """The family says the check is wrong (MLG 18): it is made again."""
    application = await locked(unit, application_id)
    async with by_the_family(unit):
        await step(unit, application, "object_to_check", reason=reason)
        application.verified_at, application.verification_id, application.over_limit = None, "", []
        await limits.resume(unit, application, "OPINION", "OBJECTION")
    return application


def surveys(application_id: str) -> Select[Any]:
    """Visits and appraisals."""
    return select(Survey).where(col(Survey.application_id) == application_id)
