"""Brain's share: areas, units, people, kinship, the demo accounts with their posts."""

from datetime import date
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from services.brain.accounts.service import NewAccount, create_accounts
from services.brain.areas.codes import AreaKind, Island
from services.brain.areas.service import NewArea, load_areas
from services.brain.desk import Desk
from services.brain.kinship.rules import Kind
from services.brain.kinship.service import NewKinship, relate_many
from services.brain.organisation.codes import UnitKind
from services.brain.organisation.posts import NewPost, appoint_many
from services.brain.organisation.units import NewUnit, found_units
from services.brain.people.codes import MaritalStatus
from services.brain.people.service import NewPerson, register_people
from shared.db.unit import UnitOfWork
from suite.seed.accounts import DEMO_ACCOUNTS, DemoAccount
from suite.seed.places import COMMITTEES, DISTRICT, TOWNS, all_places, villages_of
from suite.seed.population import Population

if TYPE_CHECKING:
    from suite.compose import Suite

_SINCE = date(2016, 1, 1)
_BUREAU = "unit-bureau"


def stable_id(name: str) -> str:
    """The same id for the same thing in every service."""
    return str(uuid5(NAMESPACE_URL, f"puyou/{name}"))


async def load(suite: "Suite", unit: UnitOfWork, population: Population) -> None:
    """Fill brain's database."""
    await load_areas(
        unit,
        [
            NewArea(
                code=place.code,
                name=place.name,
                kind=AreaKind(place.kind),
                valid_from=_SINCE,
                island=Island(place.reach),
            )
            for place in all_places()
        ],
    )
    await found_units(unit, _units(population))
    desk: Desk = suite.apps["brain"].state.desk
    await register_people(
        unit,
        desk.person_key,
        [
            NewPerson(
                name=person.name,
                area_code=person.area_code,
                id_number=person.id_number,
                marital_status=MaritalStatus(person.marital),
            )
            for person in population.people
        ],
    )
    areas = {person.person_id: person.area_code for person in population.people}
    await relate_many(unit, _kinship(population), areas)
    await _open_accounts(suite, unit, desk, population)


def _units(population: Population) -> list[NewUnit]:
    bureau = stable_id(_BUREAU)
    units = [
        NewUnit(name="普陀区民政局", kind=UnitKind.CIVIL_BUREAU, area_code=DISTRICT, from_date=_SINCE, unit_id=bureau)
    ]
    towns = {town.code: stable_id(f"unit-{town.code}") for town in TOWNS}
    units += [
        NewUnit(
            name=town.name,
            kind=UnitKind.TOWN,
            area_code=town.code,
            parent_id=bureau,
            from_date=_SINCE,
            unit_id=towns[town.code],
        )
        for town in TOWNS
    ]
    for place in [*COMMITTEES, *(place for town in TOWNS for place in villages_of(town))]:
        kind = UnitKind.MGMT_COMMITTEE if place.kind == "MGMT_COMMITTEE" else UnitKind.VILLAGE
        units.append(
            NewUnit(
                name=place.name,
                kind=kind,
                area_code=place.code,
                parent_id=towns[place.parent or ""],
                from_date=_SINCE,
                unit_id=stable_id(f"unit-{place.code}"),
            )
        )
    units += [
        NewUnit(
            name=home.name,
            kind=UnitKind.INSTITUTION,
            area_code=home.area_code,
            parent_id=bureau,
            from_date=_SINCE,
            unit_id=stable_id(home.id),
        )
        for home in [*population.homes, *population.centres]
    ]
    return units


def _kinship(population: Population) -> list[NewKinship]:
    relations = [
        NewKinship(person_id=his.person_id, relative_id=hers.person_id, kind=Kind.SPOUSE, from_date=date(1975, 5, 1))
        for his, hers in population.couples
    ]
    daughter = population.relative
    assert daughter is not None
    relations += [
        NewKinship(
            person_id=parent.person_id, relative_id=daughter.person_id, kind=Kind.CHILD, from_date=daughter.birth
        )
        for parent in population.story[0].members
    ]
    return relations


async def _open_accounts(suite: "Suite", unit: UnitOfWork, desk: Desk, population: Population) -> None:
    hashed = await desk.passwords.hash(suite.settings.demo_password)
    assert population.relative is not None
    assert population.story_home is not None
    accounts = [
        NewAccount(
            username=demo.username,
            name=demo.title,
            area_code=demo.area_code,
            password_hash=hashed,
            person_id=population.relative.person_id if demo.is_relative else None,
            is_demo=True,
            account_id=stable_id(f"account-{demo.username}"),
        )
        for demo in DEMO_ACCOUNTS
    ]
    await create_accounts(unit, desk, accounts)
    home = stable_id(population.story_home.id)
    await appoint_many(unit, [_post(demo, home) for demo in DEMO_ACCOUNTS])


def _post(demo: DemoAccount, home: str) -> NewPost:
    return NewPost(
        account_id=stable_id(f"account-{demo.username}"),
        unit_id=home
        if demo.at_home
        else stable_id(_BUREAU if demo.area_code == DISTRICT else f"unit-{demo.area_code}"),
        role=demo.role,
        from_date=_SINCE,
        area_code=demo.area_code,
        org_id=home if demo.at_home else "",
    )
