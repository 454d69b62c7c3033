"""Charity's share: pairings of the story and of twenty children (C-14), points of volunteers and donors."""

from datetime import timedelta
from typing import TYPE_CHECKING

from services.charity.pairing.rules import Consent
from services.charity.pairing.service import Donor, NewPairing
from services.charity.pairing.service import add_many as add_pairings
from services.charity.people.service import NewPerson
from services.charity.people.service import add_many as add_people
from services.charity.points.seeding import Earning, earn_many
from shared.db.unit import UnitOfWork
from suite.seed.brain import stable_id
from suite.seed.population import Population

if TYPE_CHECKING:
    from suite.compose import Suite

_CHILDREN = 20


async def load(_suite: "Suite", unit: UnitOfWork, population: Population) -> None:
    """Fill charity's database."""
    await add_people(unit, [NewPerson(one.person_id, one.area_code, one.birth) for one in population.people])
    await add_pairings(unit, _pairings(population, unit))
    earned = unit.today - timedelta(days=60)
    story = [household.members[0] for household in population.story]
    await earn_many(
        unit,
        [
            Earning(person.person_id, source, points, earned, f"{source}-{number}")
            for number, person in enumerate([*story, *population.elders[100:400]])
            for source, points in (("VOLUNTEER", 120), ("DONATION", 50 + number % 100))
        ],
    )


def _pairings(population: Population, unit: UnitOfWork) -> list[NewPairing]:
    today = unit.today
    helper = stable_id("org-charity-federation")
    elders = [(household.members[0], "COMPANION", "SELF", "DIRECT") for household in population.story]
    young = [person for person in population.people if 6 <= person.age(today) < 18]
    children = [(person, "STUDY", "GUARDIAN", "SUPERVISED") for person in young[:_CHILDREN]]
    return [
        NewPairing(
            kind=kind,
            beneficiary_id=person.person_id,
            beneficiary_name=person.name,
            called=f"海岛{number:02d}号",
            needs="定期探望" if kind == "COMPANION" else "学习用品与陪伴",
            donor=Donor(name="普陀示例慈善联合会", org_id=helper),
            consent=Consent(f"consent-{number:03d}", today - timedelta(days=200), by),
            contact_rule=rule,
            starts_on=today - timedelta(days=190),
            ends_on=today + timedelta(days=540),
        )
        for number, (person, kind, by, rule) in enumerate([*elders, *children], 1)
    ]
