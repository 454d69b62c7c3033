"""The law of reversal: a history with a death confirmed and withdrawn ends like the same history without it.

Each person has a twin to whom the same things happen, except the mistake. Between the mistake and its withdrawal
batches are paid or returned, rates raised, elders assessed again or moved, families pay back what was asked of them,
beds cleaned and sometimes given away. In the end twins have the same money to the fen and the same statuses, except
what domain §10 c names: orders are offered again, and a bed given away puts her on top of the queue.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.eldercare.beds import service as beds
from services.eldercare.beds.service import NewBed
from services.eldercare.devices import service as devices
from services.eldercare.devices.service import NewDevice
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import NewElder
from services.eldercare.orders import service as orders
from services.eldercare.orders.service import NewOrder
from services.eldercare.stays import service as stays
from services.eldercare.stays.service import NewStay
from services.eldercare.subsidies import rates
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.subsidies.rules import CARE, LONGEVITY
from services.eldercare.subsidies.service import NewSubsidy
from services.eldercare.waiting import service as waiting
from shared import clock
from shared.clock import SHANGHAI
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.brain import PersonMoved, PersonUpdated
from shared.contracts.settled import EldercareDeathSettled, EldercareDeathUnsettled
from shared.db.principals import Principal, Role
from shared.events import Event
from shared.payments import BankAnswer
from shared.payments.months import plus
from shared.payments.tables import PaymentBatch
from tests.eldercare.world import DISTRICT, HOME, VILLAGE, World, person_id

STEPS = 8
FIRST = date(2026, 1, 1)
OTHER_VILLAGE = "330903100202"


def officer(account: str, role: Role) -> Principal:
    return Principal(account, role, "330903", "330904", DISTRICT)


MAKER = officer("maker", Role.FINANCE_OFFICER)
REVIEWER = officer("reviewer", Role.DISTRICT_REVIEWER)


@dataclass
class Pair:
    """One person, her twin without the mistake, and when the mistake is made and found."""

    number: int
    mistaken: str
    twin: str
    died: int
    back: int
    death_date: date
    has_bed: bool
    level: int
    may_fall: bool
    """Her level may fall: then nothing is written off, for what is given up once is not asked for again."""
    is_taken: bool = False

    @property
    def both(self) -> tuple[str, str]:
        return self.mistaken, self.twin

    def bed(self, person: str) -> str:
        return f"bed-{person[-8:]}"

    @property
    def case(self) -> str:
        return f"case-{self.number}"


@contextmanager
def at(step: int, hour: int = 9) -> Iterator[datetime]:
    """The 21st of the step's month."""
    with clock.frozen(datetime.combine(plus(FIRST, step).replace(day=21), datetime.min.time(), SHANGHAI)) as midnight:
        pass
    with clock.frozen(midnight + timedelta(hours=hour)) as now:
        yield now


# ── the histories ────────────────────────────────────────────────────────────────────────────────


async def furnish(world: World, random: Random, count: int) -> list[Pair]:
    pairs = []
    async with world.stand.unit() as unit:
        for number in range(count):
            died = random.randrange(1, STEPS - 2)
            back = random.randrange(died, STEPS - 1)
            latest = plus(FIRST, died).replace(day=21)
            pairs.append(
                Pair(
                    number,
                    person_id(1000 + 2 * number),
                    person_id(1001 + 2 * number),
                    died,
                    back,
                    latest - timedelta(days=random.choice((0, 1, 3, 20, 40, 75, 100))),
                    has_bed=random.random() < 0.7,
                    level=random.randrange(1, 5),
                    may_fall=random.random() < 0.5,
                )
            )
        made: list[tuple[Pair, str, dict[str, Any]]] = []
        for pair in pairs:
            facts = {
                # near the edges of 80, 90 and 100, so that bands change on the way
                "birth": date(2026 - random.choice((80, 90, 100)), random.randrange(1, 9), 15)
                - timedelta(days=random.choice((0, 0, 900))),
                "ability_level": pair.level,
                "ability_on": date(2025, 6, 1),
                "relief_class": "MINIMUM",
            }
            made += [(pair, person, facts) for person in pair.both]
        await elders.add_many(unit, [NewElder(person, VILLAGE, name="示例", **facts) for _, person, facts in made])
        housed = [(pair, person) for pair, person, _ in made if pair.has_bed]
        await beds.add_many(
            unit, [NewBed(HOME, f"N{number}", id=pair.bed(person)) for number, (pair, person) in enumerate(housed)]
        )
        await stays.add_many(unit, [NewStay(pair.bed(person), person, date(2025, 5, 5)) for pair, person in housed])
        card = ("示例", "6228480360100000015")
        await subsidies.add_many(
            unit,
            [
                NewSubsidy(person, scheme, FIRST, card if scheme == LONGEVITY else None)
                for pair, person, _ in made
                for scheme in (LONGEVITY, CARE)
            ],
        )
        for pair in pairs:
            await _lend(unit, random, pair)
    return pairs


async def _lend(unit: Any, random: Random, pair: Pair) -> None:
    """The same devices, orders and place in the queue for both."""
    serials = [f"{pair.number}-{number}" for number in range(random.randrange(3))]
    slots = [random.randrange(1, STEPS * 30) for _ in range(random.randrange(4))]
    states = [random.choice(("CREATED", "DISPATCHED", "ACCEPTED", "CONFIRMED", "CANCELLED")) for _ in slots]
    is_waiting = random.random() < 0.3
    for person in pair.both:
        await devices.add_many(
            unit, [NewDevice(person, VILLAGE, f"{serial}{person[-3:]}", FIRST) for serial in serials]
        )
        start = clock.start_of_day(FIRST)
        await orders.add_many(
            unit,
            [
                NewOrder(person, VILLAGE, f"{number}", start + timedelta(days=slot, hours=2), state=state)
                for number, (slot, state) in enumerate(zip(slots, states, strict=True))
            ],
        )
        if is_waiting:
            await waiting.enqueue(unit, await elders.living(unit, person))


async def pay(world: World, random: Random | None, month: date) -> None:
    """One month's batches from draft to the bank's answers; without `random` everything is paid."""
    async with world.stand.unit(MAKER) as unit:
        filled = await subsidies.run(unit, month, DISTRICT)
    for batch in filled:
        async with world.stand.unit(MAKER) as unit:
            row = await unit.get(PaymentBatch, batch.batch_id)
            if row.state == "DRAFT":  # an empty one is checked already
                await PAYMENTS.check(unit, row.id)
            lines = row.line_count
        if not lines:
            continue
        async with world.stand.unit(REVIEWER) as unit:
            await PAYMENTS.approve(unit, batch.batch_id)
        if random is not None and random.random() < 0.2:
            continue  # approved, and lies there: a death takes its lines out
        await send(world, random, batch.batch_id)


async def send(world: World, random: Random | None, batch_id: str) -> None:
    async with world.stand.unit(MAKER) as unit:
        await PAYMENTS.send(unit, batch_id)
    found = await world.stand.rows(
        "select id from kernel.payment_line where batch_id = :id and state = 'SENT' order by id", id=batch_id
    )
    answers = []
    for (line_id,) in found:
        is_back = random is not None and random.random() < 0.1
        answers.append(BankAnswer(line_id, "RETURNED" if is_back else "PAID", reason="账户异常" if is_back else ""))
    async with world.stand.unit(MAKER) as unit:
        await PAYMENTS.answer(unit, batch_id, answers)


async def family_pays_back(world: World, random: Random, pair: Pair) -> None:
    """Some of what was paid too much is confirmed, paid back in part or whole, or written off."""
    found = await world.stand.rows(
        "select id, amount_fen from kernel.recovery where person_id = :person and state = 'PROPOSED' order by month",
        person=pair.mistaken,
    )
    for recovery_id, amount in found:
        match random.randrange(4):
            case 0 if not pair.may_fall:
                async with world.stand.unit(REVIEWER) as unit:
                    await PAYMENTS.write_off(unit, recovery_id)
            case 1 | 2:
                async with world.stand.unit(MAKER) as unit:
                    await PAYMENTS.confirm_recovery(unit, recovery_id)
                    await PAYMENTS.repay(unit, recovery_id, random.choice((amount, 1, amount // 2)))


async def happen(world: World, random: Random, pairs: list[Pair], step: int) -> None:
    """What happens to both alike."""
    events: list[Event] = []
    today = clock.today()
    for pair in pairs:
        chance = random.random()
        if chance < 0.15:
            pair.level = random.randrange(1 if pair.may_fall else pair.level, 5)
            level = pair.level
            async with world.stand.unit() as unit:
                for person in pair.both:
                    await elders.change(unit, person, {"ability_level": level, "ability_on": today})
        elif chance < 0.3:
            for person in pair.both:
                moved = PersonMoved(person_id=person, from_area=VILLAGE, to_area=OTHER_VILLAGE, on_date=today)
                events.append(moved)
        elif chance < 0.4:
            for person in pair.both:
                await _suspend_or_resume(world, person)
    await world.stand.hear(*events)


async def _suspend_or_resume(world: World, person: str) -> None:
    clerk = officer("clerk", Role.TOWN_CLERK)
    async with world.stand.unit(clerk) as unit:
        [row] = await unit.all(subsidies.listing(scheme=LONGEVITY, person_id=person))
        if row.state == "ACTIVE":
            await subsidies.suspend(unit, row.id, "待认证")
        else:
            await subsidies.resume(unit, row.id)


def mistake(random: Random, pair: Pair) -> list[Event]:
    """affairs confirms; the person file says so too, before or after."""
    confirmed = DeathConfirmed(
        death_case_id=pair.case, person_id=pair.mistaken, death_date=pair.death_date, confirmed_by=["a", "b"]
    )
    file = PersonUpdated(person_id=pair.mistaken, changed=["life_status"], version=2, life_status="DECEASED")
    return random.choice(([confirmed, file], [file, confirmed]))


def correction(random: Random, pair: Pair) -> list[Event]:
    revoked = DeathRevoked(death_case_id=pair.case, person_id=pair.mistaken, reason="本人健在", by=["a", "b"])
    file = PersonUpdated(person_id=pair.mistaken, changed=["life_status"], version=3, life_status="ALIVE")
    return random.choice(([revoked, file], [file, revoked], [revoked, revoked, file]))


async def give_away(world: World, random: Random, pair: Pair) -> None:
    """Somebody else reserves the cleaned bed, and mostly moves in."""
    stranger = person_id(900_000 + pair.number)
    async with world.stand.unit() as unit:
        new = NewElder(stranger, VILLAGE, date(1950, 1, 1), ability_level=1, ability_on=FIRST)
        await elders.add_many(unit, [new])
    body = {"personId": stranger}
    stay = await world.post(f"/beds/{pair.bed(pair.mistaken)}/stays", world.home, body, 201)
    if random.random() < 0.7:
        await world.post(f"/stays/{stay['id']}/check-in", world.home, {"contractNo": "C"})
    pair.is_taken = True


# ── the comparison ───────────────────────────────────────────────────────────────────────────────


async def look(world: World, pair: Pair, person: str) -> dict[str, Any]:
    """Balances, entitlements and statuses of one person, without ids; twins must look alike."""
    async with world.stand.unit() as unit:
        months = [
            (one.scheme, one.month, one.due_fen, one.paid_fen, one.on_the_way_fen, one.to_recover_fen)
            for one in await PAYMENTS.statement(unit, person, FIRST, plus(FIRST, STEPS))
        ]
        elder = await elders.find(unit, person)
        assert elder is not None
        granted = await subsidies.of_person(unit, person)
        last = await subsidies.last_months(unit, granted)
        place = await waiting.of_person(unit, person)
        found: dict[str, Any] = {
            "months": sorted(months),
            "elder": (elder.area_code, elder.life_status, elder.death_case_id, elder.death_date, elder.ability_level),
            "subsidies": sorted((one.scheme, one.state, one.from_month, last.get(one.id)) for one in granted),
            "devices": sorted((one.serial_no[:-3], one.state) for one in await devices.of_person(unit, person)),
            "orders": sorted((one.item, _order_state(pair, one)) for one in await orders.of_person(unit, person)),
        }
        hers = await stays.live_stay(unit, pair.mistaken)
        if not pair.is_taken or hers is not None:  # a mere reservation may have lapsed before she came back
            stay = await stays.live_stay(unit, person)
            found["place"] = (place.priority, place.state) if place else None
            found["house"] = (elder.org_id, elder.living)
            found["stay"] = (stay.state, stay.bed_id == pair.bed(person)) if stay else None
            if pair.has_bed:
                found["bed"] = (await unit.get(beds.Bed, pair.bed(person))).status
        elif person == pair.mistaken:
            assert place is not None
            assert place.priority == 0
    return found


def _order_state(pair: Pair, order: orders.Order) -> str:
    """Domain §10 c: what was offered again starts over, what was missed while she was taken for dead stays missed."""
    dead_from = datetime.combine(plus(FIRST, pair.died).replace(day=21), datetime.min.time(), SHANGHAI)
    dead_to = datetime.combine(plus(FIRST, pair.back).replace(day=22), datetime.min.time(), SHANGHAI)
    before_service = order.state in ("CREATED", "DISPATCHED", "ACCEPTED")
    if dead_from <= order.slot_from <= dead_to and (before_service or order.state == "CANCELLED"):
        return "missed, or about to be"
    return "open" if before_service else order.state


@pytest.mark.prove
@pytest.mark.plan("E-25", part="a mistaken death leaves no trace in the money")
async def test_a_mistake_withdrawn_leaves_nothing_behind(
    world: World, size: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    with at(0, 8):
        pairs = await furnish(world, random, size(30, stated=300))
        await world.stand.settle()
    published = set(rates.rates())
    monkeypatch.setattr(rates, "rates", lambda: set(published))
    for step in range(STEPS):
        with at(step) as now:
            await world.stand.settle()
            if step == STEPS // 2:  # raised, and from two months ago
                bands = ((80, 66_00), (90, 116_00), (100, 516_00))
                published |= {(LONGEVITY, "330903", plus(FIRST, step - 2), age, fen) for age, fen in bands}
                levels = ((1, 130_00), (2, 260_00), (3, 520_00), (4, 780_00))
                published |= {(CARE, "330903", plus(FIRST, step + 1), level, fen) for level, fen in levels}
            if random.random() < 0.5:
                await pay(world, random, plus(FIRST, step))
            dying = [event for pair in pairs if pair.died == step for event in mistake(random, pair)]
            await world.stand.hear(*dying)
            await happen(world, random, pairs, step)
            await pay(world, random, plus(FIRST, step))
            for pair in pairs:
                if pair.died <= step <= pair.back and random.random() < 0.5:
                    await family_pays_back(world, random, pair)
        with clock.frozen(now + timedelta(hours=25)):
            await world.stand.settle()  # beds are cleaned
            for pair in pairs:
                is_vacant = pair.died <= step < pair.back and pair.has_bed and not pair.is_taken
                if is_vacant and random.random() < 0.1:
                    await give_away(world, random, pair)
        with at(step, 23):
            back = [event for pair in pairs if pair.back == step for event in correction(random, pair)]
            await world.stand.hear(*back)
    with at(STEPS):
        await world.stand.settle()
        for pair in pairs:
            for person in pair.both:
                await _pay_again(world, person)
        await _send_the_rest(world)
        await pay(world, None, plus(FIRST, STEPS))
        await _get_everything_back(world)
        await pay(world, None, plus(FIRST, STEPS))
        different = [
            f"{pair}: {name} {twin[name]} ≠ {hers[name]}"
            for pair in pairs
            if (twin := await look(world, pair, pair.twin)) != (hers := await look(world, pair, pair.mistaken))
            for name in twin
            if twin[name] != hers[name]
        ]
        assert not different, "\n".join(different)
        # and everybody has exactly what the law gives her
        uneven = [
            month
            for pair in pairs
            for month in (await look(world, pair, pair.mistaken))["months"]
            if month[2] != month[3] or month[4] or month[5]
        ]
        assert not uneven, uneven[0]
    assert len(await world.sent(EldercareDeathSettled)) == len(pairs)
    assert len(await world.sent(EldercareDeathUnsettled)) == len(pairs)
    # the histories were worth it: money was paid, asked back, held, returned
    states = {row[0] for row in await world.stand.rows("select distinct state from kernel.payment_line")}
    assert {"PAID", "REISSUED", "CANCELLED"} <= states
    assert await world.stand.scalar("select count(*) from kernel.recovery where cause like 'case-%'") >= len(pairs) / 6


async def _pay_again(world: World, person: str) -> None:
    async with world.stand.unit() as unit:
        [row] = await unit.all(subsidies.listing(scheme=LONGEVITY, person_id=person))
        is_suspended = row.state == "SUSPENDED"
    if is_suspended:
        await _suspend_or_resume(world, person)


async def _send_the_rest(world: World) -> None:
    """Batches that wait somewhere on their way go out and are paid."""
    found = await world.stand.rows(
        "select id, state from kernel.payment_batch where state in ('DRAFT', 'CHECKED', 'APPROVED')"
        " and (line_count > 0 or state = 'DRAFT') order by id"
    )
    for batch_id, state in found:
        if state == "DRAFT":
            async with world.stand.unit(MAKER) as unit:
                await PAYMENTS.run(unit, batch_id)
                await PAYMENTS.check(unit, batch_id)
        lines = await world.stand.scalar("select line_count from kernel.payment_batch where id = :id", id=batch_id)
        if lines and state != "APPROVED":
            async with world.stand.unit(REVIEWER) as unit:
                await PAYMENTS.approve(unit, batch_id)
        if lines:
            await send(world, None, batch_id)


async def _get_everything_back(world: World) -> None:
    """What somebody owes for another reason than the mistake (a lower level) is paid back by both."""
    found = await world.stand.rows(
        "select id, state, amount_fen from kernel.recovery where state in ('PROPOSED', 'CONFIRMED') order by id"
    )
    for recovery_id, state, amount in found:
        async with world.stand.unit(MAKER) as unit:
            if state == "PROPOSED":
                await PAYMENTS.confirm_recovery(unit, recovery_id)
            await PAYMENTS.repay(unit, recovery_id, amount)
