"""What the town does with an application between the counter and the review. Lock order: household, application,
notice; who decides is in `deciding`, who applies in `intake`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import col

from services.relief.applications import limits
from services.relief.applications.results import keep_results
from services.relief.applications.rules import (
    AnswerMissing,
    CorrectedOnce,
    DateInFuture,
    NotVerified,
    StillDelegated,
    SurveyMissing,
    WrongState,
    move,
    refuse_same,
    surveyors,
)
from services.relief.applications.stepping import by_the_family, locked, step
from services.relief.applications.tables import Application, ApplicationResult, ApplicationStep, Survey
from services.relief.benefits import service as benefits
from services.relief.benefits.recognition import recognised_as
from services.relief.benefits.rules import TEKUN
from services.relief.benefits.service import Recognition
from services.relief.delegation import service as delegation
from services.relief.filings import service as filings
from services.relief.households import reading
from services.relief.households import service as households
from services.relief.households.rules import counted
from services.relief.households.service import Household
from services.relief.law import in_force
from services.relief.publicity import service as publicity
from services.relief.publicity.rules import shown_name
from services.relief.publicity.service import NewNotice, Notice
from shared import clock
from shared.china import working_days
from shared.db.principals import Role
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.ids import uuid7
from shared.payments import after, month_of
from shared.policy import Decision

__all__ = ["Application", "ApplicationResult", "ApplicationStep", "Survey"]

PUBLICITY_OVER = "relief.publicity-over"
"""Timer: a notice has hung for its days."""

DISTRICT_ROLES = frozenset({Role.DISTRICT_OFFICER, Role.DISTRICT_REVIEWER, Role.DISTRICT_DIRECTOR})


# ── at the counter ───────────────────────────────────────────────────────────────────────────────


async def accept(unit: UnitOfWork, application_id: str) -> Application:
    """The application is complete. The survey is due, and the opinion counts from the receipt."""
    application = await locked(unit, application_id)
    await step(unit, application, "accept")
    application.accepted_by = unit.principal.account_id
    await limits.meet(unit, application, "ACCEPT")
    await limits.start(unit, application, "SURVEY")
    for name in ("OPINION", "WHOLE"):
        await limits.start(unit, application, name, as_of=application.received_at)
    return application


async def ask_correction(unit: UnitOfWork, application_id: str, what: str) -> Application:
    """Something is missing: said once, all at once (MLG 10). Raises CorrectedOnce."""
    application = await locked(unit, application_id)
    move(application.state, "ask_correction")
    if application.correction:
        raise CorrectedOnce
    application.correction = what
    await step(unit, application, "ask_correction", reason=what)
    await limits.meet(unit, application, "ACCEPT")
    return application


async def withdraw(unit: UnitOfWork, application_id: str, reason: str) -> Application:
    """The family takes it back before it is decided."""
    application = await locked(unit, application_id)
    async with by_the_family(unit):
        await _end(unit, application, "withdraw", reason)
    return application


async def terminate(unit: UnitOfWork, application_id: str, reason: str, legal_basis: str) -> Application:
    """The family does not co-operate (MLG 29): ended in writing, with the ways to contest it."""
    application = await locked(unit, application_id)
    await _end(unit, application, "terminate", reason)
    application.decided_by, application.decided_at = unit.principal.account_id, unit.now
    application.legal_basis = legal_basis
    await limits.start(unit, application, "SERVICE")
    return application


async def _end(unit: UnitOfWork, application: Application, action: str, reason: str) -> None:
    await step(unit, application, action, reason=reason)
    application.reason = reason
    withdraw_opinion(application)
    await publicity.close(unit, application.id, "WITHDRAWN")
    await limits.meet(unit, application)


def withdraw_opinion(application: Application) -> None:
    """What was proposed is proposed no longer."""
    application.opinion, application.kind, application.amount_fen = "", "", None


# ── at the house ─────────────────────────────────────────────────────────────────────────────────


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
    DateInFuture, WrongState."""
    seen = await unit.get(Application, application_id)
    household = await households.lock(unit, seen.household_id)
    application = await locked(unit, application_id)
    level = "DISTRICT" if unit.principal.role in DISTRICT_ROLES else "TOWN"
    if application.state not in _SURVEYED[level]:
        raise WrongState
    if new.surveyed_on > unit.today:
        raise DateInFuture(field="surveyedOn")
    least = in_force(unit.today, application.area_code).whole("applications.surveyors")
    names = surveyors(new.surveyors, least)
    income_seq = None
    if new.monthly_income_fen is not None:
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
    if over_limit and application.state == "INVESTIGATING":
        await step(unit, application, "exceed", reason="；".join(over_limit), evidence=verification_id)
        await limits.pause(unit, application, "OPINION")
    await unit.flush()
    return True


async def object_to_check(unit: UnitOfWork, application_id: str, reason: str) -> Application:
    """The family says the check is wrong (MLG 18): it is made again."""
    application = await locked(unit, application_id)
    async with by_the_family(unit):
        await step(unit, application, "object_to_check", reason=reason)
        application.verified_at, application.verification_id, application.over_limit = None, "", []
        await limits.resume(unit, application, "OPINION")
    return application


# ── the opinion ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Found:
    """What survey and check have shown beyond the household's own record."""

    within_property: bool
    within_marginal_property: bool
    has_able_supporter: bool
    rigid_spending_fen: int = 0
    is_hard: bool = False


async def form_opinion(
    unit: UnitOfWork, application_id: str, found: Found, words: str, *, is_refusal: bool = False, answer: str = ""
) -> Application:
    """The reviewer's opinion on what the rules propose; she may refuse what they grant, not grant what they refuse. A
    refusal goes on to the review at once. Raises SurveyMissing, NotVerified, AnswerMissing, SeparationOfDuties."""
    seen = await unit.get(Application, application_id)
    household = await households.lock(unit, seen.household_id)
    application = await locked(unit, application_id)
    is_again = application.state == "OBJECTION_REVIEW"
    move(application.state, "form_opinion")
    refuse_same(unit.principal.account_id, application.accepted_by)
    if not await surveyed_since(unit, application, "TOWN", "object" if is_again else "investigate"):
        raise SurveyMissing
    if application.verified_at is None:
        raise NotVerified
    if is_again and not answer:
        raise AnswerMissing(field="answer")
    for name in ("within_property", "within_marginal_property", "has_able_supporter", "rigid_spending_fen", "is_hard"):
        setattr(application, name, getattr(found, name))
    decisions = await assess(unit, household, application)
    proposed = recognised_as(decisions)
    application.opinion = "GRANT" if proposed and not is_refusal else "REFUSE"
    application.kind = proposed if application.opinion == "GRANT" else ""
    application.amount_fen = decisions[proposed].amount_fen if application.kind else None
    application.opinion_text, application.opinion_by, application.opinion_at = (
        words,
        unit.principal.account_id,
        unit.now,
    )
    await keep_results(unit, application, "OPINION", decisions)
    await step(unit, application, "form_opinion", reason=words)
    await limits.meet(unit, application, "OPINION", "OBJECTION")
    if is_again:
        await publicity.answer(unit, application.id, answer)
        await limits.resume(unit, application, "WHOLE")
    if application.is_hard:
        await limits.change(unit, application, "WHOLE", "WHOLE_HARD")
    if application.opinion == "REFUSE":
        await forward(unit, application)
    return application


async def assess(unit: UnitOfWork, household: Household, application: Application) -> Mapping[str, Decision]:
    """What each kind's rule says of the family in the month a benefit would begin."""
    recognition = Recognition(
        within_property=bool(application.within_property),
        within_marginal_property=bool(application.within_marginal_property),
        has_able_supporter=bool(application.has_able_supporter),
        rigid_spending_fen=application.rigid_spending_fen,
    )
    return await benefits.assess_household(unit, household, after(unit.today), recognition)


# ── in the village ───────────────────────────────────────────────────────────────────────────────


async def publish(unit: UnitOfWork, application_id: str, place: str, words: str) -> Notice:
    """Put the opinion up for seven days (MLG 19). Of the family it shows a masked name, how many they are, how much."""
    application = await locked(unit, application_id)
    await step(unit, application, "publish")
    members = await reading.members_of(unit, application.household_id)
    record = await reading.record_of(unit, application.household_id)
    values = in_force(unit.today, application.area_code)
    applicant = next(member for member in members if member.person_id == application.applicant_id)
    ages = {member.person_id: member.age(unit.today) for member in record.members}
    days = values.whole("applications.publicity")
    last = working_days.add_days(unit.today, days).date
    notice = await publicity.post(
        unit,
        NewNotice(
            owner_id=application.id,
            area_code=application.area_code,
            kind=application.kind,
            place=place,
            text=words,
            shown_name=shown_name(
                reading.name_of(unit, applicant),
                is_minor=ages[applicant.person_id] < values.whole("supplements.adult_from"),
            ),
            family_size=len(counted(record.members, after(unit.today))),
            amount_fen=application.amount_fen,
            to_on=last,
        ),
    )
    await set_timer(unit, PUBLICITY_OVER, notice.id, clock.start_of_day(last + timedelta(days=1)))
    return notice


async def object_to_notice(
    unit: UnitOfWork, notice_id: str, words: str, *, name: str, phone: str
) -> publicity.Objection:
    """Somebody speaks against what hangs in the village: the town looks again (MLG 19). What hangs there is everybody's
    to read, so a resident speaks beyond her own rows. Raises NoticeOver."""
    async with by_the_family(unit):
        seen = await unit.get(Notice, notice_id)
        application = await unit.get(Application, seen.owner_id, lock=True)
        notice = await publicity.locked(unit, notice_id)
        objection = await publicity.object_to(unit, notice, words, name=name, phone=phone)
        application.is_complained = True
        await step(unit, application, "object", evidence=objection.id)
        await publicity.close(unit, application.id, "OBJECTED")
        law = "OBJECTION_DESTITUTE" if application.kind == TEKUN else "OBJECTION"
        await limits.start(unit, application, "OBJECTION", law=law)
        await limits.pause(unit, application, "WHOLE")
    return objection


async def end_publicity(unit: UnitOfWork, notice_id: str) -> Application | None:
    """The days are over and nobody has spoken: on to the review. None where it was taken down before."""
    notice = await unit.get(Notice, notice_id)
    application = await unit.get(Application, notice.owner_id, lock=True)
    if (
        notice.result
        or application.state != "PUBLICITY"
        or not await publicity.close(unit, application.id, "NO_OBJECTION")
    ):
        return None
    await forward(unit, application)
    return application


async def forward(unit: UnitOfWork, application: Application) -> None:
    """On to who decides: the town where the kind is delegated to it, else the district."""
    application.review_kind = application.kind or await _refused_kind(unit, application)
    is_delegated = await delegation.is_delegated(unit, application.area_code, application.review_kind)
    application.is_relative_filed = await filings.has_relatives(unit, application.household_id)
    await step(unit, application, "forward_to_town" if is_delegated else "forward")
    await limits.start(unit, application, "DECISION", law="DECISION_TOWN" if is_delegated else "")
    if is_delegated and not application.is_hard:
        await limits.change(unit, application, "WHOLE", "WHOLE_DELEGATED")


async def hand_over(unit: UnitOfWork, application_id: str) -> Application:
    """The town may not decide any more what lies on its desk. Raises StillDelegated."""
    application = await locked(unit, application_id)
    move(application.state, "hand_over")
    if await delegation.is_delegated(unit, application.area_code, application.review_kind):
        raise StillDelegated
    await step(unit, application, "hand_over")
    await limits.meet(unit, application, "DECISION")
    await limits.start(unit, application, "DECISION")
    await limits.change(unit, application, "WHOLE", "WHOLE_HARD" if application.is_hard else "WHOLE")
    return application


async def _refused_kind(unit: UnitOfWork, application: Application) -> str:
    """Whose power a refusal is: the kind an earlier opinion proposed, else 低保, which most ask for."""
    earlier = select(col(ApplicationResult.kind)).where(
        col(ApplicationResult.application_id) == application.id, col(ApplicationResult.outcome) == "granted"
    )
    return str(await unit.first(earlier.order_by(col(ApplicationResult.seq).desc()).limit(1)) or "DIBAO")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def listing(
    *, state: str | None = None, household_id: str | None = None, decided_level: str | None = None
) -> Select[Any]:
    """Applications of the caller's rows."""
    statement = select(Application)
    if state is not None:
        statement = statement.where(col(Application.state) == state)
    if household_id is not None:
        statement = statement.where(col(Application.household_id) == household_id)
    if decided_level is not None:
        statement = statement.where(col(Application.decided_level) == decided_level)
    return statement


def steps(application_id: str) -> Select[Any]:
    """Its history."""
    return select(ApplicationStep).where(col(ApplicationStep.application_id) == application_id)


def surveys(application_id: str) -> Select[Any]:
    """Visits and appraisals."""
    return select(Survey).where(col(Survey.application_id) == application_id)


async def results_of(unit: UnitOfWork, application_id: str) -> list[ApplicationResult]:
    """What the rules have said so far, in order; a few rows for each opinion and decision."""
    mine = select(ApplicationResult).where(col(ApplicationResult.application_id) == application_id)
    return await unit.all(mine.order_by(col(ApplicationResult.seq)))
