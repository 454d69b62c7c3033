"""Eldercare's share: institutions, beds, elders, stays, devices, orders, subsidies."""

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from services.eldercare.beds.service import NewBed
from services.eldercare.beds.service import add_many as add_beds
from services.eldercare.devices.service import NewDevice
from services.eldercare.devices.service import add_many as add_devices
from services.eldercare.elders.service import NewElder
from services.eldercare.elders.service import add_many as add_elders
from services.eldercare.institutions.service import NewInstitution
from services.eldercare.institutions.service import add_many as add_institutions
from services.eldercare.orders.service import NewOrder
from services.eldercare.orders.service import add_many as add_orders
from services.eldercare.stays.service import NewStay
from services.eldercare.stays.service import add_many as add_stays
from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.subsidies.rules import CARE, LONGEVITY
from services.eldercare.subsidies.service import NewSubsidy
from services.eldercare.subsidies.service import add_many as add_subsidies
from shared.china import bank_card
from shared.db.unit import UnitOfWork
from suite.seed.brain import stable_id
from suite.seed.history import first_month, pay_months
from suite.seed.population import Home, Household, Person, Population

if TYPE_CHECKING:
    from suite.compose import Suite

_KINDS = {"PUBLIC": "PUBLIC", "MEDICAL": "PUBLIC", "CONSORTIUM": "PRIVATE_NON_PROFIT", "PRIVATE": "PRIVATE_NON_PROFIT"}
_CLASSES = {"TEKUN": "DESTITUTE", "DIBAO": "MINIMUM", "MARGINAL": "MARGINAL"}


_OTHERS = 170


def bank_card_of(number: int) -> str:
    """A card number that checks (Luhn) and belongs to nobody: the test range of one bank."""
    body = f"62284803600{number:07d}"
    return body + bank_card.check_digit(body)


def bed_id(home: Home, number: int) -> str:
    """The id of a home's bed."""
    return stable_id(f"bed-{home.id}-{number}")


async def load(_suite: "Suite", unit: UnitOfWork, population: Population) -> None:
    """Fill eldercare's database."""
    homes = [*population.homes, *population.centres]
    await add_institutions(
        unit,
        [
            NewInstitution(
                id=stable_id(home.id),
                uscc=home.uscc,
                name=home.name,
                area_code=home.area_code,
                kind=_KINDS.get(home.kind, "HOME_CARE"),
                phone="0580-8189316",
            )
            for home in homes
        ],
    )
    await add_beds(
        unit,
        [
            NewBed(
                institution_id=stable_id(home.id),
                bed_no=f"{number + 1:03d}",
                type=kind,
                price_class="SUPPORT" if home.kind == "PUBLIC" else "INCLUSIVE",
                zone="认知障碍专区" if kind == "DEMENTIA" else "",
                id=bed_id(home, number),
            )
            for home in population.homes
            for number, kind in enumerate(home.bed_types)
        ],
    )
    await add_elders(unit, _elders(population, unit))
    await add_stays(
        unit,
        [
            NewStay(
                bed_id=bed_id(home, number),
                person_id=person.person_id,
                checked_in_on=unit.today - timedelta(days=400),
                contract_no=f"HT{index:05d}",
            )
            for index, (home, number, person) in enumerate(population.residents)
        ],
    )
    await add_devices(unit, _devices(population, unit))
    await add_orders(unit, _orders(population, unit))
    await add_subsidies(unit, _subsidies(population, unit))


async def after(suite: "Suite") -> None:
    """Pay the months before."""
    await pay_months(suite, "eldercare", PAYMENTS, [LONGEVITY, CARE])


def _elders(population: Population, unit: UnitOfWork) -> list[NewElder]:
    random = Random(7)  # ability levels are as repeatable as the people
    relief: dict[str, Household] = {
        person.person_id: household for household in population.households for person in household.members
    }
    story = {household.members[0].person_id for household in population.story}
    return [
        NewElder(
            person_id=person.person_id,
            area_code=person.area_code,
            birth=person.birth,
            sex=person.sex,
            name=person.name,
            phone=person.phone,
            ability_level=3 if person.person_id in story else _level(random, person, unit),
            ability_on=unit.today - timedelta(days=90),
            relief_class=_CLASSES[relief[person.person_id].kind] if person.person_id in relief else "",
        )
        for person in population.elders
    ]


def _level(random: Random, person: Person, unit: UnitOfWork) -> int:
    return random.choices((0, 1, 2, 3, 4), (70, 14, 8, 5, 3) if person.age(unit.today) >= 80 else (92, 5, 2, 1, 0))[0]


def _devices(population: Population, unit: UnitOfWork) -> list[NewDevice]:
    issued = unit.today - timedelta(days=300)
    devices = [
        NewDevice(person.person_id, person.area_code, f"YJ{number:05d}", issued)
        for number, person in enumerate(population.phones, 1)
    ]
    devices += [
        NewDevice(person.person_id, person.area_code, f"SB{number:05d}", issued, "WATCH")
        for number, person in enumerate(population.watches, 1)
    ]
    return devices


def _orders(population: Population, unit: UnitOfWork) -> list[NewOrder]:
    """Two orders ahead for each of the story, one for some others."""
    first = unit.now.replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=1)
    people = [household.members[0] for household in population.story]
    orders = [
        NewOrder(person.person_id, person.area_code, item, first + timedelta(days=day), 60, "DISPATCHED")
        for person in people
        for day, item in ((0, "助浴"), (7, "上门护理"))
    ]
    orders += [
        NewOrder(person.person_id, person.area_code, "助洁", first + timedelta(days=index % 9))
        for index, person in enumerate(population.phones[200:500])
    ]
    return orders


def _subsidies(population: Population, unit: UnitOfWork) -> list[NewSubsidy]:
    """Both schemes for the story; the longevity allowance for some others over eighty."""
    month = first_month(unit.today)
    story = [household.members[0] for household in population.story]
    others = [person for person in population.elders if person.age(unit.today) >= 81 and person not in story]
    subsidies = [
        NewSubsidy(person.person_id, LONGEVITY, month, (person.name, bank_card_of(index)))
        for index, person in enumerate([*story, *others[:_OTHERS]])
    ]
    return subsidies + [NewSubsidy(person.person_id, CARE, month) for person in story]
