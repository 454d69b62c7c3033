"""Relief's share: households with their members and income, running cases, the months already paid, and the towns'
reserves."""

from typing import TYPE_CHECKING

from services.relief.benefits.due import SCHEMES
from services.relief.benefits.rates import PAYMENTS
from services.relief.benefits.service import NewCase
from services.relief.benefits.service import add_many as add_cases
from services.relief.filings import service as filings
from services.relief.households.service import NewHousehold, NewMember
from services.relief.households.service import add_many as add_households
from services.relief.temporary.reserve import open_reserves
from shared.db.unit import UnitOfWork
from shared.payments.entitlements import NewAccount, open_accounts
from suite.seed.brain import stable_id
from suite.seed.eldercare import bank_card_of
from suite.seed.history import first_month, pay_months
from suite.seed.places import COMMITTEES, TOWNS
from suite.seed.population import Household, Person, Population

if TYPE_CHECKING:
    from suite.compose import Suite


def household_id(household: Household) -> str:
    """The id of a household."""
    return stable_id(f"household-{household.id}")


async def load(_suite: "Suite", unit: UnitOfWork, population: Population) -> None:
    """Fill relief's database."""
    month = first_month(unit.today)
    await add_households(
        unit,
        [
            NewHousehold(
                area_code=household.area_code,
                applicant_id=_applicant(household).person_id,
                members=_members(household, unit),
                monthly_income_fen=household.income_fen,
                income_from=month,
                id=household_id(household),
            )
            for household in population.households
        ],
    )
    await filings.enter_many(
        unit,
        [
            (household_id(household), household.area_code, _applicant(household).person_id)
            for household in population.households
        ],
    )
    paid = [household for household in population.households if household.kind != "MARGINAL"]
    accounts = await open_accounts(
        unit,
        [
            NewAccount(
                person_id=_applicant(household).person_id,
                area_code=household.area_code,
                holder=_applicant(household).name,
                card=bank_card_of(20_000 + number),
            )
            for number, household in enumerate(paid)
        ],
    )
    account_of = {household.id: account for household, account in zip(paid, accounts, strict=True)}
    await add_cases(
        unit,
        [
            NewCase(
                household_id=household_id(household),
                kind=household.kind,
                area_code=household.area_code,
                applicant_id=_applicant(household).person_id,
                from_month=month,
                account_id=account_of.get(household.id),
                id=stable_id(f"case-{household.id}"),
            )
            for household in population.households
        ],
    )
    await open_reserves(unit, [place.code for place in (*TOWNS, *COMMITTEES)])


async def after(suite: "Suite") -> None:
    """Pay the months before."""
    await pay_months(suite, "relief", PAYMENTS, [scheme.code for scheme in SCHEMES])


def _applicant(household: Household) -> Person:
    """The wife of a story couple applied; elsewhere the first of the family."""
    return household.members[1 if household.id.startswith("story") else 0]


def _members(household: Household, unit: UnitOfWork) -> list[NewMember]:
    since = first_month(unit.today)
    applicant = _applicant(household)
    return [
        NewMember(
            person_id=person.person_id,
            relation="SELF" if person is applicant else _relation(person, applicant, unit),
            birth=person.birth,
            valid_from=since,
            name=person.name,
            labour="NONE" if person.age(unit.today) >= 60 or person.age(unit.today) < 16 else "FULL",
        )
        for person in household.members
    ]


def _relation(person: Person, applicant: Person, unit: UnitOfWork) -> str:
    if person.age(unit.today) < 18:
        return "CHILD"
    return "SPOUSE" if person.sex != applicant.sex else "OTHER"
