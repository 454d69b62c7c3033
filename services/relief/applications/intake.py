"""From the door to the counter: who counts, the application itself, its signatures, its submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import col

from services.relief.applications import limits
from services.relief.applications.composition import Relative, Relatives, Single, alone, composition, counted, is_here
from services.relief.applications.rules import (
    ApplicantNotCounted,
    ApplicationOpen,
    AuthorisationMissing,
    DateInFuture,
    NotAlone,
    NotHere,
    NotOwn,
    NotSigned,
    SeeCounter,
    move,
)
from services.relief.applications.stepping import by_the_family, locked, step
from services.relief.applications.tables import Application
from services.relief.benefits import service as benefits
from services.relief.benefits.rules import MARGINAL, NoStandard
from services.relief.filings.service import NoSuchMember
from services.relief.households import reading
from services.relief.households import service as households
from services.relief.households.rules import ApplicantFirst, PersonDeceased
from services.relief.households.rules import counted as living_on
from services.relief.households.service import Household, Member, NewHousehold, NewMember
from services.relief.law import in_force, parameters
from shared.contracts.relief import ApplicationSubmitted
from shared.db.database import on_constraint
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments import month_of
from shared.policy import Decision, NoValue, Rule, decide
from shared.policy.service import keep

Facts = TypeVar("Facts", bound=BaseModel)

RECOGNITION = "RECOGNITION"
"""Kind of application on the event: which kind of help it comes to is for the rules to say."""

on_constraint("uq_application_open", ApplicationOpen)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the family names: as a member would be entered, and what the rule on who counts asks."""

    member: NewMember
    relative: Relative


@dataclass(frozen=True, slots=True)
class NewFamily:
    """A family as it comes to the door. `single`: the first person asks to be supported alone."""

    area_code: str
    registered_area: str
    people: Sequence[Person]
    monthly_income_fen: int
    income_from: date
    single: Single | None = None
    has_permit: bool = False


async def apply_anew(unit: UnitOfWork, family: NewFamily) -> Application:
    """A family that is not entered yet: who counts is decided and kept, and the application begun. Raises
    ApplicantFirst, ApplicantNotCounted, NotHere, NotAlone, NotOwn, SeeCounter, and what entering a household raises."""
    if [one.member.relation == "SELF" for one in family.people] != [True] + [False] * (len(family.people) - 1):
        raise ApplicantFirst(field="people")
    applicant = family.people[0].member.person_id
    if unit.principal.scope is Scope.PERSON and unit.principal.person_id != applicant:
        raise NotOwn
    is_open = in_force(unit.today, family.area_code).flag("composition.residence_permit")
    if not is_here(family.area_code, family.registered_area, has_permit=family.has_permit, permits_open=is_open):
        raise NotHere(field="registeredArea")
    async with by_the_family(unit):
        if unit.principal.scope is Scope.PERSON:
            await _tell_nothing_of_others(unit, [one.member.person_id for one in family.people[1:]])
        made = _decide(composition, Relatives(people=[one.relative for one in family.people]), unit, family.area_code)
        members = [one.member for one, is_in in zip(family.people, counted(made), strict=True) if is_in]
        single = _decide(alone, family.single, unit, family.area_code) if family.single else None
        if single is not None:
            members = [family.people[0].member]
            if single.outcome != "granted":
                raise NotAlone
        if not members or members[0].person_id != applicant:
            raise ApplicantNotCounted(field="people")
        household = await households.create(
            unit,
            NewHousehold(
                area_code=family.area_code,
                registered_area=family.registered_area,
                applicant_id=applicant,
                members=members,
                monthly_income_fen=family.monthly_income_fen,
                income_from=family.income_from,
            ),
        )
        application = _new(unit, household)
        application.composition_id = await keep(unit, made, parameters(), person_id=applicant)
        if single is not None:
            application.alone_id = await keep(unit, single, parameters(), person_id=applicant)
        unit.add(application)
        await unit.flush()
    return application


@dataclass(frozen=True, slots=True)
class KnownSingle:
    """A member of a known family who asks to be supported alone."""

    member_id: str
    monthly_income_fen: int
    is_employed: bool = False
    years_as_clergy: int = 0


async def apply_again(unit: UnitOfWork, household_id: str, single: KnownSingle | None = None) -> Application:
    """A family that is known, or one of its members alone. Raises ApplicationOpen, NotOwn, NotAlone, NoSuchMember;
    NotFound outside the caller's rows."""
    household = await unit.get(Household, household_id)
    if unit.principal.scope is Scope.PERSON and unit.principal.person_id != household.applicant_id:
        raise NotOwn
    async with by_the_family(unit):
        application = _new(unit, await households.lock(unit, household_id))
        if single is not None:
            await _apart(unit, application, single)
        unit.add(application)
        await unit.flush()
    return application


async def _apart(unit: UnitOfWork, application: Application, single: KnownSingle) -> None:
    members = {member.id: member for member in await reading.members_of(unit, application.household_id)}
    member, month = members.get(single.member_id), month_of(unit.today)
    record = await reading.record_of(unit, application.household_id)
    hers = [one for one in living_on(record.members, month) if member and one.person_id == member.person_id]
    if not hers:
        raise NoSuchMember(field="single")
    cases = await benefits.of_household(unit, application.household_id)
    facts = Single(
        age=hers[0].age(unit.today),
        conditions=list(hers[0].held(month)),
        is_in_marginal_family=any(case.kind == MARGINAL and case.state == "ACTIVE" for case in cases),
        is_employed=single.is_employed,
        years_as_clergy=single.years_as_clergy,
    )
    decision = _decide(alone, facts, unit, application.area_code)
    if decision.outcome != "granted":
        raise NotAlone
    application.alone_id = await keep(unit, decision, parameters(), person_id=hers[0].person_id)
    application.single_member_id = single.member_id
    application.single_income_fen = single.monthly_income_fen


async def _tell_nothing_of_others(unit: UnitOfWork, person_ids: Sequence[str]) -> None:
    """Whether somebody draws relief, or has died, is not told to whoever types in a number. Raises SeeCounter."""
    held = select(col(Member.id)).where(
        col(Member.person_id).in_(person_ids),
        or_(col(Member.valid_to).is_(None), col(Member.valid_to) >= month_of(unit.today)),
    )
    try:
        await households.living_people(unit, person_ids)
    except PersonDeceased:
        raise SeeCounter from None
    if await unit.first(held.limit(1)):
        raise SeeCounter


def _new(unit: UnitOfWork, household: Household) -> Application:
    return Application(
        id=uuid7(),
        household_id=household.id,
        area_code=household.area_code,
        applicant_id=household.applicant_id,
        entered_by=unit.principal.account_id,
        entered_at=unit.now,
    )


def _decide(rule: Rule[Facts], facts: Facts, unit: UnitOfWork, area_code: str) -> Decision:
    try:
        return decide(rule, facts, parameters(), unit.today, area_code)
    except NoValue:
        raise NoStandard from None


async def submit(
    unit: UnitOfWork, application_id: str, *, signed_on: date | None, authorised_by: Sequence[str]
) -> Application:
    """Hand it in, or hand it in again after a correction: signed by the applicant, the check authorised by every
    adult member. Limits count from here. Raises WrongState, NotSigned, AuthorisationMissing, DateInFuture."""
    application = await locked(unit, application_id)
    move(application.state, "submit")
    if signed_on is None:
        raise NotSigned(field="signedOn")
    if signed_on > unit.today:
        raise DateInFuture(field="signedOn")
    async with by_the_family(unit):
        adults = await _adults(unit, application)
        if missing := adults - set(authorised_by):
            raise AuthorisationMissing(detail=f"尚有{len(missing)}名成年家庭成员未签署核对授权书", field="authorisedBy")
        is_first = application.received_at is None
        application.signed_on, application.received_at = signed_on, unit.now
        application.authorised_by = sorted(adults)
        await step(unit, application, "submit")
        await limits.start(unit, application, "ACCEPT")
        if is_first:
            event = ApplicationSubmitted(
                app_id=application.id,
                household_id=application.household_id,
                person_id=application.applicant_id,
                kind=RECOGNITION,
            )
            unit.emit(event, area_code=application.area_code)
    return application


async def _adults(unit: UnitOfWork, application: Application) -> set[str]:
    adult_from = in_force(unit.today, application.area_code).whole("supplements.adult_from")
    record = await reading.record_of(unit, application.household_id)
    return {
        member.person_id
        for member in record.members
        if (member.valid_to is None or member.valid_to >= unit.today)
        and member.share_ends is None
        and member.age(unit.today) >= adult_from
    }
