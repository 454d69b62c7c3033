"""The decision: the district's, or the town's where it is delegated and filed at once. A human confirms what the rules
propose (PIPL 24). Lock order: household, application, benefit case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from services.relief.applications import limits, telling
from services.relief.applications.results import keep_results
from services.relief.applications.reviewing import assess
from services.relief.applications.rules import (
    BasisMissing,
    DateInFuture,
    DistrictVisitMissing,
    NotDelegated,
    NothingToServe,
    NotYourStage,
    OpinionOutdated,
    ServedAlready,
    WrongState,
    move,
    refuse_same,
)
from services.relief.applications.stepping import locked, step, withdraw_opinion
from services.relief.applications.surveying import DISTRICT_ROLES, surveyed_since
from services.relief.applications.tables import Application
from services.relief.benefits import service as benefits
from services.relief.benefits.recognition import recognised_as
from services.relief.benefits.rules import DIBAO
from services.relief.delegation import service as delegation
from services.relief.filings import service as filings
from services.relief.households import reading
from services.relief.households import service as households
from services.relief.households.rules import income_in
from services.relief.households.service import Condition, Household, Member, NewHousehold, NewMember
from shared import clock
from shared.contracts.relief import ApplicationDecided
from shared.db.unit import UnitOfWork
from shared.payments import after
from shared.policy import Decision


async def approve(unit: UnitOfWork, application_id: str, words: str, review_class: str) -> Application:
    """Grant what the opinion proposes: the benefit begins next month, on a decision made anew today and kept. Raises
    WrongState, NotYourStage, SeparationOfDuties, FilingsMissing, DistrictVisitMissing, OpinionOutdated, CaseOpen."""
    household, application = await _before_decision(unit, application_id, "approve")
    if application.opinion != "GRANT":
        raise WrongState
    await _in_order(unit, application)
    decisions, kind, month = await assess(unit, household, application), application.kind, after(unit.today)
    if recognised_as(decisions) != kind:
        raise OpinionOutdated
    decision_id = (await keep_results(unit, application, "DECISION", decisions))[kind]
    if application.single_member_id:
        household = await _set_apart(unit, household, application, month)
    elif kind == DIBAO:
        await _fix_income(unit, household, month, decision_id)
    case = await benefits.open_decided(unit, household, kind, month, decision_id=decision_id, review_class=review_class)
    application.case_id, application.from_month, application.decision_id = case.id, month, decision_id
    application.amount_fen = decisions[kind].amount_fen
    await _decided(unit, application, "approve", words)
    return application


async def reject(unit: UnitOfWork, application_id: str, reason: str, legal_basis: str) -> Application:
    """Refuse in writing: why, on what ground, and what can be done against it; to be served within three working days
    (MLG 21). Without a basis of its own it rests on what the rules refuse. Raises as `approve`, and BasisMissing."""
    household, application = await _before_decision(unit, application_id, "reject")
    await _in_order(unit, application)
    if application.state != "OVER_LIMIT":
        decisions = await assess(unit, household, application)
        ids = await keep_results(unit, application, "DECISION", decisions)
        application.decision_id = ids[recognised_as(decisions) or DIBAO]
        legal_basis = legal_basis or _basis(decisions)
    if not legal_basis:
        raise BasisMissing(field="legalBasis")
    withdraw_opinion(application)
    application.opinion, application.legal_basis = "REFUSE", legal_basis
    await _decided(unit, application, "reject", reason)
    await limits.start(unit, application, "SERVICE")
    return application


async def send_back(unit: UnitOfWork, application_id: str, reason: str) -> Application:
    """Back to the town, which surveys again."""
    _, application = await _before_decision(unit, application_id, "send_back")
    await step(unit, application, "send_back", reason=reason)
    withdraw_opinion(application)
    await limits.meet(unit, application, "DECISION")
    return application


async def serve(unit: UnitOfWork, application_id: str, on: date, how: str) -> Application:
    """The written refusal has reached the family, through the town. Raises NothingToServe, ServedAlready."""
    application = await locked(unit, application_id)
    if application.state not in ("REJECTED", "TERMINATED") or application.decided_at is None:
        raise NothingToServe
    if application.served_on is not None:
        raise ServedAlready
    if not clock.to_business_date(application.decided_at) <= on <= unit.today:
        raise DateInFuture(detail="送达日期应在决定之日至今天之间", field="servedOn")
    application.served_on, application.served_how = on, how
    application.version += 1
    await limits.meet(unit, application, "SERVICE")
    return application


async def _before_decision(unit: UnitOfWork, application_id: str, action: str) -> tuple[Household, Application]:
    """The family and its application, locked, for somebody who may take this step."""
    seen = await unit.get(Application, application_id)
    household = await households.lock(unit, seen.household_id)
    application = await locked(unit, application_id)
    move(application.state, action)
    level = "DISTRICT" if unit.principal.role in DISTRICT_ROLES else "TOWN"
    if level != ("TOWN" if application.state == "DECISION" else "DISTRICT"):
        raise NotYourStage
    if level == "TOWN" and not await delegation.is_delegated(unit, application.area_code, application.review_kind):
        raise NotDelegated
    refuse_same(unit.principal.account_id, application.accepted_by, application.opinion_by)
    application.decided_level = level if action != "send_back" else ""
    return household, application


async def _in_order(unit: UnitOfWork, application: Application) -> None:
    """Both declarations are there, and where somebody is close to the office or has spoken up (MLG 20), or the lot fell
    on the case (TK 16), the district has been to the house."""
    await filings.require_both(unit, application.household_id)
    application.is_filed = await filings.has_something(unit, application.household_id)
    is_delicate = application.is_filed or application.is_complained or application.is_drawn
    if not is_delicate or application.state != "DISTRICT_REVIEW":
        return
    if not await surveyed_since(unit, application, "DISTRICT", "forward", "hand_over"):
        raise DistrictVisitMissing


def _basis(decisions: Mapping[str, Decision]) -> str:
    """The articles by which no kind was granted; "" where one was."""
    if recognised_as(decisions):
        return ""
    failed = [reason for one in decisions.values() for reason in one.reasons if reason.result is False]
    return "；".join(dict.fromkeys(reason.source for reason in failed))


async def _fix_income(unit: UnitOfWork, household: Household, month: date, decision_id: str) -> None:
    """The income the decision rests on holds from the first month, divided by who lives on it then: what is paid is
    what was decided, and names the decision."""
    record = await reading.record_of(unit, household.id)
    income = income_in(record.incomes, month)
    assert income is not None
    await households.record_income(
        unit, household, month, income.monthly_fen, source="SURVEY", decision_id=decision_id, remark="审核确认"
    )


async def _set_apart(unit: UnitOfWork, household: Household, application: Application, month: date) -> Household:
    """A member becomes a household of her own from the first month on, with what is said of her and has been filed;
    her family goes on without her."""
    member = await unit.get(Member, application.single_member_id, lock=True)
    held = [one for one in await reading.conditions_of(unit, household.id) if one.member_id == member.id]
    async with benefits.adjusting(unit, household, month, "成员单独享受救助"):
        await households.leave(unit, household, member, month - timedelta(days=1), "单独施保，另立一户")
    alone = NewMember(
        member.person_id,
        "SELF",
        member.birth,
        month,
        name=reading.name_of(unit, member),
        labour=member.labour,
        conditions=[Condition(one.kind, one.from_month, one.to_month) for one in held],
    )
    new = NewHousehold(
        household.area_code,
        member.person_id,
        [alone],
        application.single_income_fen,
        month,
        registered_area=household.registered_area,
    )
    (household_id,) = await households.add_many(unit, [new])
    (own,) = await reading.members_of(unit, household_id)
    await filings.carry_over(unit, household.id, own)
    return await households.lock(unit, household_id)


async def _decided(unit: UnitOfWork, application: Application, action: str, words: str) -> None:
    application.reason = words
    application.decided_by, application.decided_at = unit.principal.account_id, unit.now
    await step(unit, application, action, reason=words, evidence=application.decision_id)
    await limits.meet(unit, application)
    await telling.tell_decision(unit, application)
    event = ApplicationDecided(
        app_id=application.id,
        household_id=application.household_id,
        person_id=application.applicant_id,
        result=application.state,
        kind=application.kind,
        from_month=application.from_month,
        amount=application.amount_fen or 0,
        case_id=application.case_id or "",
    )
    unit.emit(event, area_code=application.area_code)
