"""Twin families living the same life, but for a death of one that was a mistake: what happens to both is drawn here."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from services.relief import law
from services.relief.benefits import service as benefits
from services.relief.benefits.rates import PAYMENTS, keep_rates
from services.relief.changes import service as changes
from services.relief.households.rules import CONDITIONS, Condition
from services.relief.households.service import NewMember
from services.relief.rechecks import service as rechecks
from shared import clock
from shared.db.principals import Principal, Role
from shared.db.problems import Problem
from shared.db.unit import UnitOfWork
from shared.payments import BankAnswer
from shared.payments.months import month_of, plus
from shared.policy import ParameterSet
from tests.relief.families import DISTRICT, LIUHENG, Families, Family, person_id

START = date(2025, 1, 1)
CLERK = Principal("clerk", Role.TOWN_CLERK, lo="330903100", hi="330903101", area_code=LIUHENG)

Act = Callable[[UnitOfWork, Family], Awaitable[object]]


@dataclass
class Pair:
    """`tried` dies by mistake and comes back, `spared` does not."""

    tried: Family
    spared: Family
    mistakes: list[tuple[str, str]] = field(default_factory=list)
    """(death case, person) confirmed and not yet withdrawn"""
    dead: set[int] = field(default_factory=set)
    """positions of members who really died, in both"""
    gone: set[int] = field(default_factory=set)

    @property
    def both(self) -> tuple[Family, Family]:
        return self.tried, self.spared


class Lives:
    """Acts are methods; `step` draws one."""

    def __init__(self, relief: Families, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.relief = relief
        self.chance = random.Random(seed)
        self.monkeypatch = monkeypatch
        self.now = clock.start_of_day(date(2025, 4, 10)) + timedelta(hours=9)
        self.pairs: list[Pair] = []
        self.acts: Counter[str] = Counter()
        self.causes = self.batches = 0
        self.unanswered: list[str] = []

    @property
    def today(self) -> date:
        return clock.to_business_date(self.now)

    async def begin(self, count: int) -> None:
        """Enter that many pairs."""
        for _ in range(count):
            kind = self.chance.choice(["DIBAO"] * 5 + ["TEKUN", "MARGINAL"])
            heads = 1 if kind == "TEKUN" and self.chance.random() < 0.7 else self.chance.choice([1, 2, 2, 3, 4])
            births = [date(self.today.year - self.chance.choice([4, 40, 50, 75]), 6, 1) for _ in range(heads)]
            income = self.chance.choice([0, 0, 300, 700]) * heads
            conditions = {0: [Condition(self.chance.choice(CONDITIONS), START)]} if self.chance.random() < 0.3 else {}
            tried, spared = [
                await self.relief.enter(*births, income=income, kind=kind, since=START, conditions=conditions)
                for _ in range(2)
            ]
            self.pairs.append(Pair(tried, spared))

    async def step(self) -> None:
        """One act of somebody, or a month passes."""
        pair = self.chance.choice(self.pairs)
        act = self.chance.choice(
            [
                *([self.mistake] * 5),
                *([self.withdraw] * 3),
                self.death,
                self.join,
                self.leave,
                self.condition,
                *([self.income] * 2),
                *([self.recheck] * 3),
                self.close,
                *([self.repay] * 2),
            ]
        )
        with clock.frozen(self.now):
            if await act(pair):
                self.acts[act.__name__] += 1
        self.now += timedelta(hours=self.chance.randrange(1, 12))

    # ── deaths ───────────────────────────────────────────────────────────────────────────────────

    def _day_of_death(self) -> date:
        return self.today - timedelta(days=self.chance.choice([0, 3, 20, 45, 120]))

    def _living(self, pair: Pair) -> list[int]:
        mistaken = {person for _, person in pair.mistakes}
        return [
            number
            for number, person in enumerate(pair.tried.people)
            if number not in pair.dead | pair.gone and person not in mistaken
        ]

    async def mistake(self, pair: Pair) -> bool:
        """Somebody is confirmed dead by mistake; now and then by a second case too."""
        living = self._living(pair)
        again = [person for _, person in pair.mistakes] if self.chance.random() < 0.1 else []
        if not living and not again:
            return False
        person = self.chance.choice(again or [pair.tried.people[number] for number in living])
        self.causes += 1
        case = f"mistake-{self.causes}"
        pair.mistakes.append((case, person))
        event = self.relief.confirmed(person, self._day_of_death(), case)
        await self.relief.stand.hear(*[event] * self.chance.choice([1, 1, 2]))
        return True

    async def withdraw(self, pair: Pair) -> bool:
        """One of the mistakes is put right, in another family when this one has none."""
        if not pair.mistakes:
            waiting = [other for other in self.pairs if other.mistakes]
            if not waiting:
                return False
            pair = self.chance.choice(waiting)
        case, person = pair.mistakes.pop(self.chance.randrange(len(pair.mistakes)))
        await self.relief.stand.hear(*[self.relief.revoked(person, case)] * self.chance.choice([1, 1, 2]))
        return True

    async def death(self, pair: Pair) -> bool:
        """Somebody really dies, in both families; never the one who is paid, whose account would end with her."""
        living = [number for number in self._living(pair) if number]
        if not living:
            return False
        number, day = self.chance.choice(living), self._day_of_death()
        pair.dead.add(number)
        self.causes += 1
        for name, family in zip(("tried", "spared"), pair.both, strict=True):
            await self.relief.stand.hear(self.relief.confirmed(family.people[number], day, f"{name}-{self.causes}"))
        return True

    # ── what happens to both ─────────────────────────────────────────────────────────────────────

    async def _both(self, pair: Pair, act: Act) -> bool:
        """Do it to both; where the tried family is refused (its case looks closed), the spared one is let be too."""
        for family in pair.both:
            try:
                async with self.relief.stand.unit(CLERK) as unit:
                    await act(unit, family)
            except Problem:
                if family is pair.spared:
                    raise
                return False
        return True

    def _month(self) -> date:
        return plus(month_of(self.today), self.chance.randrange(-5, 2))

    async def join(self, pair: Pair) -> bool:
        birth = date(self.today.year - self.chance.choice([0, 10, 40]), 1, 1)
        since = max(START, self.today - timedelta(days=self.chance.choice([0, 40, 100])))

        async def act(unit: UnitOfWork, family: Family) -> None:
            person = person_id(900_000 + self.relief.count)
            self.relief.count += 1
            member = await changes.join(unit, family.household_id, NewMember(person, "CHILD", birth, since))
            family.people.append(person)
            family.member_ids.append(member.id)

        return await self._both(pair, act)

    async def leave(self, pair: Pair) -> bool:
        living = [number for number in self._living(pair) if number]
        if not living:
            return False
        number, day = self.chance.choice(living), self.today - timedelta(days=self.chance.choice([0, 30]))
        done = await self._both(
            pair, lambda unit, family: changes.leave(unit, family.household_id, family.member_ids[number], day, "分户")
        )
        if done:
            pair.gone.add(number)
        return done

    async def condition(self, pair: Pair) -> bool:
        number = self.chance.randrange(len(pair.tried.people))
        held = Condition(self.chance.choice(CONDITIONS), self._month())
        return await self._both(
            pair,
            lambda unit, family: changes.add_condition(unit, family.household_id, family.member_ids[number], held),
        )

    def _income(self, pair: Pair) -> int:
        return self.chance.randrange(0, 900) * 100 * self.chance.choice([1, len(pair.tried.people)])

    async def income(self, pair: Pair) -> bool:
        month, fen = self._month(), self._income(pair)
        return await self._both(
            pair, lambda unit, family: changes.declare_income(unit, family.household_id, month, fen, "")
        )

    async def recheck(self, pair: Pair) -> bool:
        month, fen = max(START, self._month()), self._income(pair)
        return await self._both(pair, lambda unit, family: rechecks.do(unit, family.case_id, fen, month, "入户核实"))

    async def close(self, pair: Pair) -> bool:
        if self.chance.random() < 0.8:
            return False
        month = month_of(self.today)
        return await self._both(pair, lambda unit, family: benefits.close(unit, family.case_id, month, "迁出"))

    async def repay(self, pair: Pair) -> bool:
        """The tried family gives back, in part or whole, what is asked of it."""
        open_ones = await self.relief.stand.rows(
            "select r.id, r.amount_fen, r.state from kernel.recovery r join kernel.entitlement e"
            " on e.id = r.entitlement_id where e.household_id = :id and r.state in ('PROPOSED', 'CONFIRMED') order by"
            " r.month",
            id=pair.tried.household_id,
        )
        if not open_ones:
            return False
        recovery_id, fen, state = self.chance.choice(open_ones)
        async with self.relief.stand.unit(self.relief.officer("finance")) as unit:
            if state == "PROPOSED":
                await PAYMENTS.confirm_recovery(unit, recovery_id)
            await PAYMENTS.repay(unit, recovery_id, self.chance.choice([fen, max(1, fen // 3)]))
        return True

    # ── for all ──────────────────────────────────────────────────────────────────────────────────

    async def pass_month(self) -> None:
        """A month begins: its batch, now and then a standard raised, also for months gone by."""
        self.now = clock.start_of_day(plus(month_of(self.today), 1)) + timedelta(days=9, hours=9)
        if self.chance.random() < 0.25:
            self.raise_standard()
        await self.pay(self.chance.choice([0.0, 0.1]))

    def raise_standard(self) -> None:
        """Another standard from a month on, in all areas or in one town."""
        area = self.chance.choice(["330903", "330903", "330903100"])
        value = 1200_00 + self.chance.randrange(30) * 1_00
        raised = law.PARAMETERS.with_value("dibao.standard", value, from_date=self._month(), area=area)
        self.monkeypatch.setattr(law, "PARAMETERS", ParameterSet(raised.parameters))
        self.acts["raise_standard"] += 1

    async def pay(self, returned: float, *, answer: bool = True) -> int:
        """The batches of this month for both schemes; how many lines were added. Some lines come back."""
        lines, month = 0, month_of(self.today)
        maker, approver = self.relief.officer("maker"), self.relief.officer("approver")
        with clock.frozen(self.now):
            for scheme in PAYMENTS.schemes:
                async with self.relief.stand.unit(maker) as unit:
                    batch = await PAYMENTS.open_batch(unit, scheme, month, DISTRICT)
                    added = (await PAYMENTS.run(unit, batch.id)).lines
                    await PAYMENTS.check(unit, batch.id)
                self.batches += 1
                if await self._pending(batch.id):
                    async with self.relief.stand.unit(approver) as unit:
                        await PAYMENTS.approve(unit, batch.id)
                    async with self.relief.stand.unit(maker) as unit:
                        await PAYMENTS.send(unit, batch.id)
                    self.unanswered.append(batch.id)
                    lines += added
            while self.unanswered and (answer or self.chance.random() < 0.5):
                await self._answer(self.unanswered.pop(), returned)
        return lines

    async def _pending(self, batch_id: str) -> int:
        sql = "select count(*) from kernel.payment_line where batch_id = :id and state = 'PENDING'"
        return int(await self.relief.stand.scalar(sql, id=batch_id))

    async def _answer(self, batch_id: str, returned: float) -> None:
        async with self.relief.stand.unit(self.relief.officer("maker")) as unit:
            sent = text("select id from kernel.payment_line where batch_id = :id and state in ('SENT', 'UNKNOWN')")
            ids = (await unit.execute(sent, {"id": batch_id})).scalars().all()
            outcomes = ["RETURNED" if self.chance.random() < returned else "PAID" for _ in ids]
            given = [BankAnswer(line, outcome) for line, outcome in zip(ids, outcomes, strict=True)]
            await PAYMENTS.answer(unit, batch_id, given)

    async def run_out(self) -> None:
        """All mistakes are put right, and all that is due is paid."""
        for pair in self.pairs:
            while pair.mistakes:
                with clock.frozen(self.now):
                    await self.withdraw(pair)
        with clock.frozen(self.now):
            async with self.relief.stand.unit() as unit:
                await keep_rates(unit)
        for _ in range(4):
            if not await self.pay(0.0):
                return
        raise AssertionError("runs go on adding lines")
