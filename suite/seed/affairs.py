"""Affairs' share: the people it may be told of, and who their close relatives are."""

from typing import TYPE_CHECKING

from services.affairs.people.service import NewKin, NewPerson, add_many, relate_many
from shared.db.unit import UnitOfWork
from suite.seed.population import Population

if TYPE_CHECKING:
    from suite.compose import Suite


async def load(_suite: "Suite", unit: UnitOfWork, population: Population) -> None:
    """Fill affairs' database."""
    await add_many(unit, [NewPerson(one.person_id, one.area_code, one.birth, one.sex) for one in population.people])
    daughter = population.relative
    assert daughter is not None
    kin = []
    for his, hers in population.couples:
        kin += [NewKin(his.person_id, hers.person_id, "SPOUSE"), NewKin(hers.person_id, his.person_id, "SPOUSE")]
    for parent in population.story[0].members:
        kin += [
            NewKin(parent.person_id, daughter.person_id, "CHILD"),
            NewKin(daughter.person_id, parent.person_id, "PARENT"),
        ]
    await relate_many(unit, kin)
