"""A random life of the engine: each act is done to the database and to the oracle, then both are compared."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

from shared import effects
from shared.payments import BankAnswer, Grant
from shared.payments.months import plus
from tests.kernel.payments.conftest import DISTRICT, Payer, officer
from tests.kernel.payments.oracle import Line, Oracle, Person
from tests.kernel.payments.payer.app import payments

START = date(2022, 1, 1)
TOWN = "330903100000"


def month(number: int) -> date:
    return plus(START, number)


class History:
    """Acts are methods; `step` draws one."""

    def __init__(self, payer: Payer, seed: int) -> None:
        self.payer = payer
        self.chance = random.Random(seed)
        self.oracle = Oracle()
        self.now = 3
        self.causes = 0
        self.draft: tuple[int, str, int] | None = None
        self.batches: list[tuple[int, str]] = []
        self.sent: list[tuple[int, str]] = []
        self.acts: Counter[str] = Counter()

    async def step(self) -> None:
        acts = [
            *([self.grant] * 3),
            *([self.set_amount] * 3),
            *([self.end] * 3),
            *([self.annul] * 3),
            self.hold,
            *([self.fill] * 4),
            *([self.forward] * 5),
            *([self.answer] * 4),
            *([self.recover] * 2),
            *([self.pass_month] * 2),
        ]
        act = self.chance.choice(acts)
        self.acts[act.__name__] += 1
        await act()

    def _someone(self) -> str | None:
        return self.chance.choice(sorted(self.oracle.people)) if self.oracle.people else None

    def _cause(self) -> str:
        self.causes += 1
        return f"cause-{self.causes}"

    # ── facts ────────────────────────────────────────────────────────────────────────────────────

    async def grant(self) -> None:
        start = self.now + self.chance.randint(-3, 1)
        stop = start + self.chance.randint(0, 12) if self.chance.random() < 0.3 else 59
        amount = self.chance.randint(1, 9) * 1000 + self.chance.randint(0, 99)
        async with self.payer.unit() as unit:
            one = Grant("quota", f"p{len(self.oracle.people)}", TOWN, month(start), amount, to_month=month(stop))
            (key,) = await payments.grant(unit, one)
        self.oracle.people[key] = Person(start, stop, [(start, amount, "")])

    async def set_amount(self) -> None:
        key = self._someone()
        if key is None:
            return
        begins = self.now + self.chance.randint(-4, 2)
        amount = self.chance.randint(0, 9) * 1000 + self.chance.randint(0, 99)
        cause = self._cause() if self.chance.random() < 0.3 else ""
        async with self.payer.unit() as unit:
            await payments.set_amount(unit, key, month(begins), amount, decision_id="d", cause=cause)
        self.oracle.people[key].amounts.append((begins, amount, cause))
        self.oracle.settle(key)

    async def end(self) -> None:
        key = self._someone()
        if key is None:
            return
        cause, first = self._cause(), self.now + self.chance.randint(-4, 1)
        async with self.payer.unit() as unit:
            await payments.end(unit, cause=cause, first_month=month(first), entitlement_ids=[key])
        self.oracle.people[key].ends[cause] = first
        self.oracle.settle(key)

    async def hold(self) -> None:
        key = self._someone()
        if key is None:
            return
        cause, first = self._cause(), self.now + self.chance.randint(-1, 1)
        async with self.payer.unit() as unit:
            await payments.hold(unit, [key], month(first), cause=cause)
        self.oracle.people[key].holds[cause] = first

    def live_causes(self) -> list[str]:
        found = []
        for person in self.oracle.people.values():
            found += [cause for _, _, cause in person.amounts if cause]
            found += [*person.ends, *person.holds]
        return sorted(set(found) - self.oracle.annulled)

    async def annul(self) -> None:
        if live := self.live_causes():
            await self.withdraw(self.chance.choice(live))

    async def withdraw(self, cause: str) -> None:
        async with self.payer.unit() as unit:
            await effects.annul(unit, cause)
            await payments.settle_cause(unit, cause)
        self.oracle.annulled.add(cause)
        for key, person in self.oracle.people.items():
            if cause in person.ends or cause in person.holds or cause in {one[2] for one in person.amounts}:
                self.oracle.settle(key)

    async def pass_month(self) -> None:
        self.now = min(self.now + 1, 40)

    # ── batches ──────────────────────────────────────────────────────────────────────────────────

    async def fill(self) -> None:
        if self.draft is None:
            asked = max(0, self.now - self.chance.choice([0, 0, 0, 1, 2]))
            async with self.payer.unit(officer("maker")) as unit:
                batch = await payments.open_batch(unit, "quota", month(asked), DISTRICT)
            self.draft = (len(self.batches), batch.id, asked)
            self.batches.append((self.draft[0], batch.id))
        number, batch_id, asked = self.draft
        done = False
        while not done:
            async with self.payer.unit(officer("maker")) as unit:
                run = await payments.run(unit, batch_id, size=self.chance.randint(1, 4), max_ranges=2)
                done = run.done
        self.oracle.run(number, asked)

    async def forward(self) -> None:
        """The draft, or the oldest batch not yet sent, goes one step on."""
        waiting = [batch for batch in self.batches if batch not in self.sent]
        if not waiting:
            return
        number, batch_id = waiting[0]
        if self.draft and self.draft[0] == number:
            async with self.payer.unit(officer("maker")) as unit:
                await payments.check(unit, batch_id)
            self.oracle.check(number)
            self.draft = None
            return
        ((state, lines),) = await self.payer.rows(
            "select state, (select count(*) from kernel.payment_line where batch_id = b.id and state = 'PENDING')"
            " from kernel.payment_batch b where id = :id",
            id=batch_id,
        )
        assert lines == len(self.oracle.waiting(number))
        if state == "CHECKED" and lines:
            async with self.payer.unit(officer("approver")) as unit:
                batch = await payments.approve(unit, batch_id)
                assert batch.total_fen == sum(line.amount for line in self.oracle.waiting(number))
        elif state == "CHECKED":
            self.sent.append((number, batch_id))  # an empty batch stays where it is
        else:
            await self.send(number, batch_id)

    async def send(self, number: int, batch_id: str) -> None:
        async with self.payer.unit(officer("maker")) as unit:
            await payments.send(unit, batch_id)
        rows = await self.payer.rows(
            "select id, entitlement_id, month, amount_fen from kernel.payment_line"
            " where batch_id = :id and state = 'SENT' order by id",
            id=batch_id,
        )
        for line_id, key, sent_month, amount in rows:
            person = self.oracle.people[str(key)]
            line = next(
                one
                for one in person.lines
                if (one.batch, one.state, one.amount) == (number, "PENDING", amount) and month(one.month) == sent_month
            )
            line.state, line.db_id = "SENT", int(str(line_id))
        assert not self.oracle.waiting(number)
        self.sent.append((number, batch_id))

    async def answer(self, *, all_paid: bool = False) -> None:
        for number, batch_id in self.sent:
            given: list[tuple[str, Line, str]] = []
            for key, person in self.oracle.people.items():
                for line in person.lines:
                    if line.batch == number and line.state in ("SENT", "UNKNOWN"):
                        outcome = self.chance.choice(["PAID", "PAID", "RETURNED", "UNKNOWN", ""])
                    elif line.batch == number and line.state == "PAID":
                        outcome = self.chance.choice(["RETURNED", *[""] * 15])
                    else:
                        continue
                    if all_paid:
                        outcome = "PAID"
                    if outcome:
                        given.append((key, line, outcome))
            if not given:
                continue
            async with self.payer.unit(officer("maker")) as unit:
                rows = [BankAnswer(line.db_id, outcome, line.amount, "账户异常") for _, line, outcome in given]
                done = await payments.answer(unit, batch_id, rows)
                assert not done.errors
            for _, line, outcome in given:
                line.state = outcome
            for key in {key for key, _, outcome in given if outcome == "RETURNED"}:
                self.oracle.settle(key)

    # ── recoveries ───────────────────────────────────────────────────────────────────────────────

    async def recover(self) -> None:
        rows = await self.payer.rows(
            "select id, entitlement_id, month, amount_fen, state from kernel.recovery"
            " where state in ('PROPOSED', 'CONFIRMED') order by id"
        )
        if not rows:
            return
        recovery_id, key, of_month, amount, state = self.chance.choice(rows)
        person = self.oracle.people[str(key)]
        at = next(number for number in range(60) if month(number) == of_month)
        known = person.open_recovery(at)
        assert known is not None
        assert (known.amount, known.state) == (amount, state)
        async with self.payer.unit(officer("collector")) as unit:
            if state == "PROPOSED":
                await payments.confirm_recovery(unit, str(recovery_id))
                known.state = "CONFIRMED"
                return
        if self.chance.random() < 0.3:
            async with self.payer.unit(officer("director")) as unit:
                await payments.write_off(unit, str(recovery_id))
            known.state = "WRITTEN_OFF"
            return
        back = self.chance.choice([known.amount, max(1, known.amount // 2)])
        async with self.payer.unit(officer("collector")) as unit:
            await payments.repay(unit, str(recovery_id), back)
        person.lines.append(Line(at, -back, "PAID", -1))
        self.oracle.settle(str(key))

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    async def run_out(self) -> None:
        """Release what is held, pay everything that is due, hear from the bank about all of it."""
        for cause in self.live_causes():
            if any(cause in person.holds for person in self.oracle.people.values()):
                await self.withdraw(cause)
        for _ in range(6):
            for _ in range(4 * len(self.batches) + 4):
                await self.forward()
            await self.answer(all_paid=True)
            if self.draft is None:
                self.now = max(self.now, 12)
                await self.fill_last()

    async def fill_last(self) -> None:
        async with self.payer.unit(officer("maker")) as unit:
            batch = await payments.open_batch(unit, "quota", month(self.now), DISTRICT)
            self.draft = (len(self.batches), batch.id, self.now)
            self.batches.append((self.draft[0], batch.id))
            await payments.run(unit, batch.id)
        self.oracle.run(self.draft[0], self.now)

    async def compare(self) -> None:
        """The database holds exactly the oracle's lines and recoveries."""
        lines: Counter[tuple[object, ...]] = Counter(
            await self.payer.rows("select entitlement_id, month, amount_fen, state from kernel.payment_line")
        )
        expected: Counter[tuple[object, ...]] = Counter(
            (key, month(line.month), line.amount, line.state)
            for key, person in self.oracle.people.items()
            for line in person.lines
        )
        assert lines == expected, f"only stored {lines - expected}, only expected {expected - lines}"
        recoveries: Counter[tuple[object, ...]] = Counter(
            await self.payer.rows(
                "select entitlement_id, month, amount_fen, case when state in ('RECOVERED', 'CANCELLED')"
                " then 'CLOSED' else state end from kernel.recovery"
            )
        )
        claimed: Counter[tuple[object, ...]] = Counter(
            (key, month(at), one.amount, one.state)
            for key, person in self.oracle.people.items()
            for at, all_of in person.recoveries.items()
            for one in all_of
        )
        assert recoveries == claimed, f"only stored {recoveries - claimed}, only expected {claimed - recoveries}"

    def balances(self) -> None:
        """The law: paid, less what is claimed back or was forgiven, is what is due, to the fen."""
        for key, person in self.oracle.people.items():
            strip = person.strip(self.oracle.annulled)
            for at in range(person.start, self.now + 1):
                paid = person.sum(at, "PAID")
                known = person.open_recovery(at)
                forgiven = sum(o.amount for o in person.recoveries.get(at, []) if o.state == "WRITTEN_OFF")
                claimed = known.amount if known else 0
                surplus = max(0, paid - strip[at])
                assert paid - claimed - min(forgiven, surplus) == strip[at], (key, at)


async def ledger(payer: Payer) -> None:
    """Sums the database must keep by itself."""
    faults = await payer.rows(
        """
        select 'two live parts', entitlement_id, month from kernel.payment_line
        where state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID') group by 1, 2, 3, part having count(*) > 1
        union all
        select 'batch total', b.id, b.month from kernel.payment_batch b
        join kernel.payment_line l on l.batch_id = b.id and l.state not in ('PENDING', 'CANCELLED', 'EXCLUDED')
        where b.sent_at is not null group by b.id having sum(l.amount_fen) <> b.total_fen or count(*) <> b.line_count
        union all
        select 'pending in a sent batch', l.entitlement_id, l.month from kernel.payment_line l
        join kernel.payment_batch b on b.id = l.batch_id where l.state = 'PENDING' and b.sent_at is not null
        """
    )
    assert faults == []
