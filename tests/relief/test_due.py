"""Three ways to the same fen: the rules, the SQL over many families, and an oracle that knows neither."""

import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, text

from services.relief.benefits import service as benefits
from services.relief.benefits.explaining import decided
from services.relief.benefits.rates import PAYMENTS
from services.relief.benefits.service import NewCase
from services.relief.households import service as households
from services.relief.households.reading import record_of
from services.relief.households.rules import CONDITIONS, Condition
from services.relief.households.service import NewHousehold, NewMember
from services.relief.households.tables import Income
from shared import effects
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments import after
from shared.payments.due import with_due
from shared.payments.months import plus, span
from tests.relief.families import VILLAGE, Families, person_id
from tests.relief.oracle import Home, Person

FIRST, LAST = date(2019, 11, 1), date(2026, 6, 1)


class Chance:
    """Random families with all the edges: firsts and lasts of months, birthdays, several incomes, deaths."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.persons = 0

    def day(self) -> date:
        day = FIRST + timedelta(days=self.random.randrange((LAST - FIRST).days))
        return self.random.choice([day, day.replace(day=1), plus(day, 1) - timedelta(days=1)])

    def month(self) -> date:
        return self.day().replace(day=1)

    def birth(self) -> date:
        age = self.random.choice([0, 9, 17, 18, 40, 69, 70, 85])
        day = self.day()
        return date(day.year - age, day.month, min(day.day, 28))

    def person(self) -> Person:
        since = self.random.choice([FIRST, FIRST, FIRST, self.day()])
        until = self.day() if self.random.random() < 0.15 else None
        conditions = []
        for _ in range(self.random.choice([0, 0, 0, 1, 2])):
            first = self.month()
            last = plus(first, self.random.randrange(12)) if self.random.random() < 0.4 else None
            conditions.append((self.random.choice(CONDITIONS), first, last))
        deaths = [self.day() for _ in range(self.random.choice([0, 0, 0, 0, 1, 2]))]
        return Person(since, self.birth(), until if until and until >= since else None, deaths, conditions)

    def home(self) -> Home:
        kind = self.random.choice(["DIBAO", "DIBAO", "DIBAO", "TEKUN"])
        people = [self.person() for _ in range(self.random.choice([1, 1, 2, 3, 4, 7]))]
        incomes = [(FIRST if self.random.random() < 0.9 else self.month(), self.income(len(people)))]
        incomes += [(self.month(), self.income(len(people))) for _ in range(self.random.choice([0, 0, 1, 3]))]
        return Home(kind, people, incomes, self.month() if self.random.random() < 0.1 else None)

    def income(self, heads: int) -> int:
        yuan = self.random.choice([0, 810, 1167, self.random.randrange(1300)]) * self.random.choice([1, heads])
        return yuan * 100 + self.random.choice([0, 0, 0, 1, 37, 99])

    async def enter(self, unit: UnitOfWork, homes: list[Home]) -> list[str]:
        """Enter all; the entitlement ids in order."""
        new, members = [], []
        for home in homes:
            rows = []
            for person in home.people:
                self.persons += 1
                conditions = [Condition(*condition) for condition in person.conditions]
                member = NewMember(
                    person_id(self.persons), "OTHER", person.birth, person.since, conditions=conditions, id=uuid7()
                )
                rows.append(member)
                members.append((member, person))
            month, fen = home.incomes[0]
            new.append(NewHousehold(VILLAGE, rows[0].person_id, rows, fen, month, id=uuid7()))
        ids = await households.add_many(unit, new)
        incomes = [
            {
                "household_id": household_id,
                "area_code": VILLAGE,
                "from_month": month,
                "monthly_fen": fen,
                "source": "DECLARED",
                "decision_id": "",
                "remark": "",
                "recorded_by": "test",
                "recorded_at": unit.now,
            }
            for household_id, home in zip(ids, homes, strict=True)
            for month, fen in home.incomes[1:]
        ]
        await unit.execute(insert(table_of(Income)), incomes)
        for member, person in members:
            await unit.execute(
                text("update member set valid_to = :until where id = :id"), {"until": person.until, "id": member.id}
            )
            for number, death in enumerate(person.deaths):
                await effects.record(
                    unit,
                    cause=f"{member.id}-{number}",
                    kind="end_share",
                    object_kind="member",
                    object_id=member.id,
                    person_id=member.person_id,
                    area_code=VILLAGE,
                    from_date=after(death),
                )
        cases = [
            NewCase(household_id, home.kind, VILLAGE, one.applicant_id, FIRST)
            for household_id, home, one in zip(ids, homes, new, strict=True)
        ]
        case_ids = await benefits.add_many(unit, cases)
        for case_id, home in zip(case_ids, homes, strict=True):
            if home.closed_from:
                await unit.execute(
                    text("update benefit_case set state = 'CLOSED', closed_from = :month where id = :id"),
                    {"month": home.closed_from, "id": case_id},
                )
        return case_ids


_ASKED = """
asked as (
    select e.id as entitlement_id, cast(m as date) as month
    from kernel.entitlement e
    cross join generate_series(cast(:first as timestamp), cast(:last as timestamp), interval '1 month') m
    where e.scheme = :scheme
)"""
_ROWS = " select c.id, d.month, d.amount_fen from due d join benefit_case c on c.entitlement_id = d.entitlement_id"


async def due_by_sql(unit: UnitOfWork, first: date = FIRST, last: date = LAST) -> dict[tuple[str, date], int]:
    """Fen by case and month, for everybody at once."""
    found = {}
    for scheme in PAYMENTS.schemes.values():
        statement = text(with_due(scheme.due, _ASKED, _ROWS))
        rows = await unit.execute(statement, {"scheme": scheme.code, "first": first, "last": last})
        found.update({(row.id, row.month): row.amount_fen for row in rows})
    return found


@pytest.mark.prove
@pytest.mark.plan("R-02", part="what a low-income or destitute family is due, to the fen")
async def test_rule_sql_and_oracle_agree_to_the_fen(relief: Families, seed: int, size: Callable[..., int]) -> None:
    chance = Chance(seed)
    homes = [chance.home() for _ in range(size(150, stated=3000))]
    async with relief.stand.unit() as unit:
        case_ids = await chance.enter(unit, homes)
    async with relief.stand.unit() as unit:
        by_sql = await due_by_sql(unit)
    paid = 0
    for case_id, home in zip(case_ids, homes, strict=True):
        for month in span(FIRST, LAST):
            assert by_sql[case_id, month] == home.due(month), (home, month)
            paid += by_sql[case_id, month] > 0
    assert paid > len(homes) * 20
    # the explained rule, on a sample: a decision a month is slow
    async with relief.stand.unit() as unit:
        for case_id, home in random.Random(seed).sample(list(zip(case_ids, homes, strict=True)), min(60, len(homes))):
            case = await unit.get(benefits.BenefitCase, case_id)
            record = await record_of(unit, case.household_id)
            until = plus(case.closed_from, -1) if case.closed_from else LAST
            for month in span(FIRST, until):
                decision = decided(case.kind, record, month, VILLAGE)
                assert ((decision.amount_fen or 0) if decision else 0) == home.due(month), (home, month)
