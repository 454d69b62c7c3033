"""The reviewer's opinion on what the rules propose, and the way on to who decides. Household before application."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import col

from services.relief.applications import limits
from services.relief.applications.results import keep_results
from services.relief.applications.rules import (
    AnswerMissing,
    NotVerified,
    SurveyMissing,
    move,
    refuse_same,
)
from services.relief.applications.stepping import locked, step
from services.relief.applications.surveying import surveyed_since
from services.relief.applications.tables import Application
from services.relief.benefits import service as benefits
from services.relief.benefits.recognition import recognised_as
from services.relief.benefits.rules import DIBAO, TEKUN
from services.relief.benefits.service import Recognition
from services.relief.delegation import service as delegation
from services.relief.filings import service as filings
from services.relief.households import service as households
from services.relief.households.service import Household, Member
from services.relief.law import in_force
from services.relief.publicity import service as publicity
from shared import clock
from shared.china import areas
from shared.china.areas import Level
from shared.db.unit import UnitOfWork
from shared.payments import after
from shared.policy import Decision


@dataclass(frozen=True, slots=True)
class Found:
    """What survey and check have shown beyond the household's own record. No word about spending leaves standing what
    is known of it: an application that a medical burden began knows it from there."""

    within_property: bool
    within_marginal_property: bool
    has_able_supporter: bool
    rigid_spending_fen: int | None = None
    is_hard: bool = False


async def form_opinion(
    unit: UnitOfWork, application_id: str, found: Found, words: str, *, is_refusal: bool = False, answer: str = ""
) -> Application:
    """The reviewer's opinion on what the rules propose; she may refuse what they grant, not grant what they refuse. A
    refusal goes on to the review at once. Raises SurveyMissing, NotVerified, AnswerMissing, SeparationOfDuties."""
    seen = await unit.get(Application, application_id)
    household = await households.lock(unit, seen.household_id)
    application = await locked(unit, application_id)
    move(application.state, "form_opinion")
    refuse_same(unit.principal.account_id, application.accepted_by)
    if not await surveyed_since(unit, application, "TOWN", "object", "investigate"):
        raise SurveyMissing
    if application.verified_at is None:
        raise NotVerified
    is_again = await publicity.is_objected(unit, application.id)
    if is_again and not answer:
        raise AnswerMissing(field="answer")
    for name in ("within_property", "within_marginal_property", "has_able_supporter", "is_hard"):
        setattr(application, name, getattr(found, name))
    if found.rigid_spending_fen is not None:
        application.rigid_spending_fen = found.rigid_spending_fen
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
        await forward(unit, application, proposed or DIBAO)
    return application


async def assess(unit: UnitOfWork, household: Household, application: Application) -> Mapping[str, Decision]:
    """What each kind's rule says of the family in the month a benefit would begin."""
    recognition = Recognition(
        within_property=bool(application.within_property),
        within_marginal_property=bool(application.within_marginal_property),
        has_able_supporter=bool(application.has_able_supporter),
        rigid_spending_fen=application.rigid_spending_fen,
        single_person_id=await single_person(unit, application),
        single_income_fen=application.single_income_fen,
    )
    return await benefits.assess_household(unit, household, after(unit.today), recognition)


async def single_person(unit: UnitOfWork, application: Application) -> str:
    """Who asks to be supported alone, "" where the family asks as one."""
    if not application.single_member_id:
        return ""
    return (await unit.get(Member, application.single_member_id)).person_id


async def forward(unit: UnitOfWork, application: Application, kind: str) -> None:
    """On to who decides: the town where the kind is delegated to it, else the district. A family that qualifies for
    nothing is refused under 低保."""
    application.review_kind, application.review_town = kind, delegation.town_of(application.area_code)
    is_delegated = await delegation.is_delegated(unit, application.area_code, application.review_kind)
    application.is_filed = await filings.has_something(unit, application.household_id)  # asked again at the decision
    if kind == TEKUN and not is_delegated:
        application.is_drawn = await _is_drawn(unit, application)
    application.reviewed_at = unit.now
    await step(unit, application, "forward_to_town" if is_delegated else "forward")
    await limits.start(unit, application, "DECISION", law="DECISION_TOWN" if is_delegated else "")
    if is_delegated and not application.is_hard:
        await limits.change(unit, application, "WHOLE", "WHOLE_DELEGATED")


async def _is_drawn(unit: UnitOfWork, application: Application) -> bool:
    """By lot; and always where fewer than the share of this year's cases of the district would be (TK 16)."""
    share = in_force(unit.today, application.area_code).ratio("applications.destitute_checks")
    lo, hi = areas.range_of(areas.at_level(application.area_code, Level.DISTRICT) or application.area_code)
    this_year = select(func.count(), func.count().filter(col(Application.is_drawn))).where(
        col(Application.area_code) >= lo,
        col(Application.area_code) < hi,
        col(Application.review_kind) == TEKUN,
        col(Application.reviewed_at) >= clock.start_of_day(unit.today.replace(month=1, day=1)),
        col(Application.id) != application.id,
    )
    async with unit.elevated("application: the district's lot"):
        ((seen, drawn),) = await unit.rows(this_year)
    return drawn < share * (seen + 1) or secrets.randbelow(100) < share * 100


async def hand_over(unit: UnitOfWork, application_id: str, reason: str) -> Application:
    """The town may not decide any more what lies on its desk, or should not: a hard case, nobody left who has had no
    part in it."""
    application = await locked(unit, application_id)
    await step(unit, application, "hand_over", reason=reason)
    await limits.meet(unit, application, "DECISION")
    await limits.start(unit, application, "DECISION")
    await limits.change(unit, application, "WHOLE", "WHOLE_HARD" if application.is_hard else "WHOLE")
    return application
