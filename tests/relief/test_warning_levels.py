"""Three ways to the same colour: the explained rule, the SQL over all families, and an oracle that knows neither."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from services.relief import law
from services.relief.benefits import service as benefits
from services.relief.benefits.service import NewCase
from services.relief.households import service as households
from services.relief.households.service import NewHousehold, NewMember
from services.relief.law import parameters
from services.relief.medical.tables import MedicalBill
from services.relief.visits.tables import Visit
from services.relief.warnings import nightly, service
from services.relief.warnings.rules import OF_FAMILY, OF_PERSON, Found, WarningFacts, warning
from services.relief.warnings.service import FamilyFact
from shared import clock, effects
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.policy import Dated, ParameterSet, Table, decide
from tests.relief.families import VILLAGE, Families, person_id
from tests.relief.warning_oracle import Household, Someone, Told, last_of_month, month_later

FIRST, LAST = date(2024, 1, 1), date(2026, 3, 1)


class Chance:
    """Random histories, with the edges: leap days, ends of months, birthdays, facts that end, go and come again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.persons = 0

    def day(self, first: date = FIRST, last: date = LAST) -> date:
        day = first + timedelta(days=self.random.randrange((last - first).days))
        return self.random.choice([day, day, last_of_month(day), date(2024, 2, 29)])

    def told(self, kinds: Sequence[str], rate: float) -> list[Told]:
        found = []
        while self.random.random() < rate:
            since = self.day()
            until = since + timedelta(days=self.random.choice([0, 1, 30, 200])) if self.random.random() < 0.5 else None
            found.append(Told(self.random.choice(kinds), since, until, self.random.random() < 0.1))
        return found

    def someone(self) -> Someone:
        age = self.random.choice([0, 9, 15, 16, 17, 18, 40, 40, 40, 59, 60, 79, 80, 85])
        day = self.day()
        birth = date(day.year - age, day.month, day.day if (day.month, day.day) != (2, 29) else 28)
        if self.random.random() < 0.05:
            birth = date(1944, 2, 29)
        one = Someone(birth, FIRST if self.random.random() < 0.8 else self.day())
        if self.random.random() < 0.15:
            one.until = max(one.since, self.day())
        if self.random.random() < 0.15:
            one.died = self.day()
        one.labour = self.random.choice(["FULL", "FULL", "PARTIAL", "NONE"])
        one.told = self.told(OF_PERSON, 0.45) + self.told(["JOBLESS", "MAIN_EARNER"], 0.4)
        while self.random.random() < 0.3:
            fen = self.random.choice([1_00, 9_999_99, 10_000_00, 20_000_00, 30_000_00, 49_999_99, 50_000_00])
            one.paid.append((self.day(), fen, self.random.random() < 0.1))
        return one

    def family(self) -> Household:
        people = [self.someone() for _ in range(self.random.choice([1, 1, 2, 3, 4]))]
        cases: list[date | None] = []
        if self.random.random() < 0.7:
            cases = [self.day().replace(day=1) for _ in range(self.random.choice([0, 0, 1, 2]))]
            cases += [None] if self.random.random() < 0.6 else []
        missed = [self.day() for _ in range(self.random.choice([0, 0, 1, 2, 3]))]
        return Household(people, self.told(OF_FAMILY, 0.3), cases, missed)

    async def enter(self, unit: UnitOfWork, families: list[Household]) -> list[str]:
        """Enter all; their ids in order."""
        new, ids = [], []
        facts: list[dict[str, Any]] = []
        bills: list[dict[str, Any]] = []
        for family in families:
            members = []
            for one in family.people:
                self.persons += 1
                members.append(NewMember(person_id(self.persons), "OTHER", one.birth, one.since, labour=one.labour))
            ids.append(uuid7())
            new.append(NewHousehold(VILLAGE, members[0].person_id, members, 0, FIRST, id=ids[-1]))
        await households.add_many(unit, new)
        for household_id, family, home in zip(ids, families, new, strict=True):
            facts += [self._fact(unit, household_id, "", told) for told in family.told]
            for one, member in zip(family.people, home.members, strict=True):
                who = member.person_id
                facts += [self._fact(unit, household_id, who, told) for told in one.told]
                bills += [self._bill(unit, household_id, who, *paid) for paid in one.paid]
                leave = "update member set valid_to = :until where person_id = :person"
                await unit.execute(text(leave), {"until": one.until, "person": who})
                if one.died:
                    await self._die(unit, who, one.died)
            for day in family.cases:
                (case_id,) = await benefits.add_many(unit, [NewCase(household_id, "MARGINAL", VILLAGE, "", FIRST)])
                if day is not None:
                    close = "update benefit_case set state = 'CLOSED', closed_from = :day where id = :id"
                    await unit.execute(text(close), {"day": day, "id": case_id})
            for number, day in enumerate(family.missed):
                await unit.execute(insert(table_of(Visit)), self._visit(unit, household_id, number, day))
        await unit.execute(insert(table_of(FamilyFact)), facts)
        await unit.execute(insert(table_of(MedicalBill)), bills)
        return ids

    def _fact(self, unit: UnitOfWork, household_id: str, person: str, told: Told) -> dict[str, Any]:
        return {
            "id": uuid7(), "household_id": household_id, "area_code": VILLAGE, "person_id": person, "kind": told.kind,
            "since": told.since, "until": told.until, "source": "test", "source_ref": "", "recorded_by": "test",
            "recorded_at": unit.now, "withdrawn_at": unit.now if told.is_withdrawn else None, "withdrawn_by": "",
        }  # fmt: skip

    def _bill(
        self, unit: UnitOfWork, household_id: str, person: str, day: date, fen: int, gone: bool
    ) -> dict[str, Any]:
        return {
            "id": uuid7(), "household_id": household_id, "area_code": VILLAGE, "person_id": person, "bill_no": uuid7(),
            "settled_on": day, "person_class": "GENERAL", "total_fen": fen + 100, "out_of_scope_fen": 0,
            "basic_fen": 100, "serious_fen": 0, "assistance_fen": 0, "supplementary_fen": 0, "own_fen": fen,
            "year_total_fen": 0, "year_out_of_scope_fen": 0, "rule_version": 1, "parameter_set": "",
            "recorded_by": "test", "recorded_at": unit.now,
            "cancelled_at": unit.now if gone else None, "cancelled_by": "",
        }  # fmt: skip

    def _visit(self, unit: UnitOfWork, household_id: str, number: int, day: date) -> dict[str, Any]:
        return {
            "id": uuid7(), "household_id": household_id, "area_code": VILLAGE, "kind": "CARE",
            "cause": f"test-{number}", "person_id": "", "state": "MISSED", "planned_at": unit.now,
            "window_from": FIRST, "due_on": day, "helper_id": "", "met": "", "remote_reason": "", "answered": 0,
            "needs": [], "faults": [], "done_by": "", "remark": "", "version": 1,
        }  # fmt: skip

    async def _die(self, unit: UnitOfWork, person: str, on: date) -> None:
        await effects.record(
            unit, cause=person, kind="deceased", object_kind="person", object_id=person, person_id=person,
            area_code=VILLAGE, from_date=on,
        )  # fmt: skip


def turning_days(families: list[Household]) -> set[date]:
    """Days on which something may begin or cease to count."""
    begun = {told.since for family in families for told in family.told}
    begun |= {told.since for family in families for one in family.people for told in one.told}
    begun |= {day for family in families for day in family.cases if day}
    days = {month_later(day, months) for day in begun for months in (0, 3, 6, 12)}
    return {day for day in days if FIRST < day < LAST}


async def run(relief: Families, day: date, size: int) -> None:
    """A night, in ranges of this size."""
    with clock.frozen(clock.start_of_day(day) + timedelta(hours=1)):
        async with relief.stand.unit() as unit:
            started = await nightly.start(unit, day)
        while True:
            async with relief.stand.unit() as unit:
                if (await nightly.go_on(unit, started.id, size=size)).ended_at is not None:
                    return


@pytest.mark.prove
@pytest.mark.plan("R-22", part="the level by points, from night to night, over all families")
async def test_rule_sql_and_oracle_agree(relief: Families, seed: int, size: Callable[..., int]) -> None:
    chance = Chance(seed)
    families = [chance.family() for _ in range(size(150, stated=3000))]
    async with relief.stand.unit() as unit:
        ids = await chance.enter(unit, families)
    days = sorted(chance.random.sample(sorted(turning_days(families)), 14))
    days += [days[-1] + timedelta(days=step) for step in (1, 13, 14, 15, 16)]
    expected = [family.levels(days) for family in families]
    colours, wrong = set(), []
    for place, day in enumerate(days):
        await run(relief, day, size=chance.random.choice([7, 50, 10_000]))
        rows = await relief.stand.rows("select household_id, level, points, kinds, clear_since from family_level")
        written = {row[0]: tuple(row[1:]) for row in rows}
        for household_id, family, levels in zip(ids, families, expected, strict=True):
            if written[household_id] != levels[place]:
                wrong.append((day, family, written[household_id], levels[place]))
            colours.add(levels[place][0])
        assert not wrong, (len(wrong), wrong[0])
    assert colours == {"GREEN", "YELLOW", "ORANGE", "RED"}
    # the explained rule says the same of what the oracle has found
    for family in families:
        for day in chance.random.sample(days, 4):
            found = [Found.model_validate(family.finds(day)[kind]) for kind in sorted(family.finds(day))]
            decision = decide(warning, WarningFacts(found=found), parameters(), day, VILLAGE)
            assert decision.outcome == family.found_level(day), (day, family)
    # and what was stored with a warning is what the oracle has found on that day
    stored = await relief.stand.rows("select household_id, found_on, facts, found_level from warning")
    assert len(stored) > len(families) // 4
    for household_id, day, facts, found_level in stored:
        family = families[ids.index(household_id)]
        found = [Found.model_validate(family.finds(day)[kind]) for kind in sorted(family.finds(day))]
        assert facts == WarningFacts(found=found).model_dump(mode="json"), (day, family)
        assert found_level == family.found_level(day)


async def test_an_area_may_have_points_of_its_own(relief: Families, monkeypatch: pytest.MonkeyPatch) -> None:
    """A town counts a disaster double: its families are RED, those around it ORANGE, in one range of one night."""
    town = "330903102000"
    everywhere = law.PARAMETERS["warnings.points"]
    (common,) = everywhere.values
    assert isinstance(common.value, Table)
    lines = tuple({**line, "points": 80} if line["fact"] == "DISASTER" else line for line in common.value)
    own = Dated(common.from_date, town[:9], Table(common.value.columns, lines), common.source)
    changed = {**law.PARAMETERS.parameters, everywhere.key: replace(everywhere, values=(common, own))}
    monkeypatch.setattr(law, "PARAMETERS", ParameterSet(changed))
    families = [await relief.enter(area=area) for area in (VILLAGE, f"{town[:9]}201", "330903104201")]
    async with relief.stand.unit() as unit:
        for family in families:
            household = await unit.get(households.Household, family.household_id)
            row = service.fact_row(unit, household, service.NewFact("DISASTER", date(2026, 1, 1), "示例村"))
            await unit.enter(FamilyFact, [row])
    await run(relief, date(2026, 2, 1), size=100)
    rows = await relief.stand.rows("select household_id, level from family_level")
    assert [dict(rows)[family.household_id] for family in families] == ["ORANGE", "RED", "ORANGE"]
