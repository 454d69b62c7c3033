"""Ends and their withdrawal: what a death does to money, found soon or late, and that a mistake leaves no trace."""

import asyncio
import random
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text

from shared import effects
from shared.payments import Grant, Settled, after
from shared.payments.entitlements import reconsider_scheme
from tests.kernel.payments.conftest import DISTRICT, Payer, officer
from tests.kernel.payments.history import History, ledger
from tests.kernel.payments.payer.app import payments
from tests.kernel.payments.test_batches import APRIL, FEB, JAN, MARCH, MAY, TOWN, filled, granted, sent

RECOVERIES = "select month, amount_fen, state, cause from kernel.recovery order by month, created_at"


async def dies(payer: Payer, day: date, person: str = "p0", cause: str = "death-1") -> Settled:
    async with payer.unit() as unit:
        return (await payments.end(unit, cause=cause, person_id=person, first_month=after(day))).settled


async def lives(payer: Payer, cause: str = "death-1") -> Settled:
    async with payer.unit() as unit:
        await effects.annul(unit, cause)
        return await payments.settle_cause(unit, cause)


async def states(payer: Payer) -> list[tuple[object, ...]]:
    return await payer.rows("select month, amount_fen, state from kernel.payment_line order by month, id")


async def test_late_discovery_claims_every_month_since(payer: Payer) -> None:
    """Domain §10 step 12: dead in January, found in May."""
    await granted(payer, first=JAN)
    for month in (JAN, FEB, MARCH, APRIL):
        await sent(payer, month)
    settled = await dies(payer, date(2025, 1, 15))
    assert [(change.month, change.amount_fen) for change in settled.of("proposed")] == [
        (FEB, 12500),
        (MARCH, 12500),
        (APRIL, 12500),
    ]
    assert settled.total("proposed") == 37500
    assert await payer.rows(RECOVERIES) == [(month, 12500, "PROPOSED", "death-1") for month in (FEB, MARCH, APRIL)]
    await filled(payer, MAY)
    assert len(await states(payer)) == 4  # and nothing more is paid


async def test_a_confirmation_seen_twice_does_nothing_twice(payer: Payer) -> None:
    await granted(payer, first=JAN)
    await sent(payer, FEB)
    await dies(payer, date(2025, 1, 31))
    assert (await dies(payer, date(2025, 1, 31))).changes == []
    assert await payer.rows(RECOVERIES) == [(FEB, 12500, "PROPOSED", "death-1")]


@pytest.mark.parametrize("step", ["DRAFT", "CHECKED", "APPROVED"])
async def test_an_unsent_line_is_taken_out(payer: Payer, step: str) -> None:
    await granted(payer, 2)
    batch_id = await filled(payer, MARCH)
    if step != "DRAFT":
        async with payer.unit(officer("maker")) as unit:
            await payments.check(unit, batch_id)
    if step == "APPROVED":
        async with payer.unit(officer("approver")) as unit:
            await payments.approve(unit, batch_id)
    settled = await dies(payer, date(2025, 2, 3))
    assert [(change.kind, change.month, change.amount_fen) for change in settled.changes] == [
        ("cancelled", MARCH, 12500)
    ]
    assert [state for _, _, state in await states(payer)] == ["CANCELLED", "PENDING"]
    assert await payer.rows(RECOVERIES) == []


async def test_a_sent_line_is_asked_back_and_proposed_for_recovery(payer: Payer) -> None:
    await granted(payer)
    batch_id = await sent(payer, MARCH)
    settled = await dies(payer, date(2025, 2, 3))
    assert {change.kind for change in settled.changes} == {"stopped", "proposed"}
    stop = "select stop_requested_at is not null from kernel.payment_line"
    assert await payer.rows(stop) == [(True,)]
    # The bank stopped it: the money is back, there is nothing to recover.
    ((line_id,),) = await payer.rows("select id from kernel.payment_line")
    from shared.payments import BankAnswer

    async with payer.unit(officer("maker")) as unit:
        await payments.answer(unit, batch_id, [BankAnswer(int(str(line_id)), "RETURNED")])
    assert await payer.rows(RECOVERIES) == [(MARCH, 12500, "CANCELLED", "death-1")]
    await filled(payer, APRIL)
    assert [state for _, _, state in await states(payer)] == ["RETURNED"]  # not due, so not issued again


async def test_the_check_looks_again_at_what_is_due(payer: Payer) -> None:
    """An end that could not see the lines of a run under way: the check waits for it and takes them out."""
    (one,) = await granted(payer)
    batch_id = await filled(payer, MARCH)
    async with payer.unit() as unit:
        await effects.record(
            unit,
            cause="death-1",
            kind="end_entitlement",
            object_kind="entitlement",
            object_id=one,
            person_id="p0",
            area_code=TOWN,
            from_date=MARCH,
        )
    async with payer.unit(officer("maker")) as unit:
        checked = await payments.check(unit, batch_id)
    assert checked.settled.total("cancelled") == 12500
    assert [state for _, _, state in await states(payer)] == ["CANCELLED"]


async def test_a_stop_is_withdrawn_with_its_death(payer: Payer) -> None:
    await granted(payer)
    await sent(payer, MARCH)
    await dies(payer, date(2025, 2, 3))
    settled = await lives(payer)
    assert {change.kind for change in settled.changes} == {"unstopped", "closed"}
    assert await payer.rows("select stop_requested_at from kernel.payment_line") == [(None,)]


async def test_the_month_of_death_is_still_due(payer: Payer) -> None:
    await granted(payer)
    await sent(payer, MARCH)
    assert (await dies(payer, date(2025, 3, 1))).changes == []


async def test_a_withdrawn_death_pays_from_the_stop_month_without_gap(payer: Payer) -> None:
    """Domain §10 b: re-opened from the stop month, arrears in the next batch, what was repaid is paid back."""
    await granted(payer, first=JAN)
    await sent(payer, JAN)
    await sent(payer, FEB)
    await dies(payer, date(2025, 1, 20))  # February was paid: proposed
    ((recovery_id,),) = await payer.rows("select id from kernel.recovery")
    async with payer.unit(officer("collector")) as unit:
        await payments.confirm_recovery(unit, str(recovery_id))
        assert (await payments.repay(unit, str(recovery_id), 12500)).state == "RECOVERED"
    await filled(payer, MARCH)  # while dead
    await lives(payer)
    await filled(payer, MARCH)
    assert await states(payer) == [
        (JAN, 12500, "SENT"),
        (FEB, 12500, "SENT"),
        (FEB, -12500, "PAID"),
        (FEB, 12500, "PENDING"),  # refunded
        (MARCH, 12500, "PENDING"),
    ]


async def test_partly_still_due_is_cut_not_cancelled(payer: Payer) -> None:
    (one,) = await granted(payer)
    batch_id = await filled(payer, MARCH)
    async with payer.unit(officer("maker")) as unit:
        await payments.check(unit, batch_id)
    async with payer.unit() as unit:
        settled = await payments.set_amount(unit, one, MARCH, 8000, decision_id="d2")
    assert [(change.kind, change.amount_fen) for change in settled.changes] == [
        ("cancelled", 12500),
        ("replaced", 8000),
    ]
    rows = await payer.rows(
        "select amount_fen, state, purpose, decision_id, batch_id from kernel.payment_line order by id"
    )
    assert rows == [
        (12500, "CANCELLED", "regular", "d1", batch_id),
        (8000, "PENDING", "regular", "d2", batch_id),
    ]


async def test_a_change_under_a_cause_is_taken_back_with_it(payer: Payer) -> None:
    """A re-check after a death lowers, then raises from an earlier month; the death is withdrawn."""
    (one,) = await granted(payer, first=JAN)
    await sent(payer, FEB)
    async with payer.unit() as unit:
        await payments.set_amount(unit, one, APRIL, 20000, decision_id="d2", cause="death-9")
        await payments.set_amount(unit, one, FEB, 9000, decision_id="d3", cause="death-9")
    assert await payer.rows(RECOVERIES) == [(FEB, 3500, "PROPOSED", "death-9")]
    ((recovery_id,),) = await payer.rows("select id from kernel.recovery")
    async with payer.unit(officer("collector")) as unit:
        await payments.confirm_recovery(unit, str(recovery_id))
        await payments.repay(unit, str(recovery_id), 3500)
    await sent(payer, MARCH)  # 9000
    await lives(payer, "death-9")
    await filled(payer, APRIL)
    rows = await payer.rows(
        "select month, sum(amount_fen) from kernel.payment_line where state in ('SENT', 'PAID', 'PENDING')"
        " group by month order by month"
    )
    assert rows == [(JAN, 12500), (FEB, 12500), (MARCH, 12500), (APRIL, 12500)]


async def test_a_whole_scheme_is_recomputed_by_the_next_run(payer: Payer) -> None:
    """R-01: a standard changed in hindsight, by one statement; both ways, month by month."""
    await granted(payer, 3, first=JAN)
    await sent(payer, FEB)
    async with payer.unit() as unit:
        await unit.execute(
            text(
                "insert into kernel.entitlement_amount (entitlement_id, person_id, org_id, area_code, from_month,"
                " amount_fen, decision_id, cause, recorded_at)"
                " select id, person_id, org_id, area_code, cast(:jan as date), 12000, 'r', '', now()"
                " from kernel.entitlement"
                " union all select id, person_id, org_id, area_code, cast(:feb as date), 13000, 'r', '', now()"
                " from kernel.entitlement"
            ),
            {"jan": JAN, "feb": FEB},
        )
        assert await reconsider_scheme(unit, "quota", JAN) == 3
    await filled(payer, MARCH)
    claims = await payer.rows("select month, amount_fen from kernel.recovery order by amount_fen")
    assert claims == [(JAN, 500), (JAN, 501), (JAN, 502)]
    lines = await payer.rows("select month, amount_fen from kernel.payment_line where state = 'PENDING' order by 1, 2")
    assert lines == [(FEB, 498), (FEB, 499), (FEB, 500), *[(MARCH, 13000)] * 3]
    assert await payer.rows("select count(*) from kernel.entitlement where reconsider_from is not null") == [(0,)]


# ── a source of its own ──────────────────────────────────────────────────────────────────────────


async def test_a_household_loses_a_share_and_gets_it_back(payer: Payer) -> None:
    """What relief does: the amount follows from living members; the service says from where to look again."""
    async with payer.unit() as unit:
        (home,) = await payments.grant(unit, Grant("family", "p0", TOWN, JAN, 81000))
        await payments.set_amount(unit, home, JAN, 41000, decision_id="member-2")
    await sent(payer, FEB, scheme="family")
    ((seq,),) = await payer.rows("select seq from kernel.entitlement_amount where amount_fen = 41000")
    async with payer.unit() as unit:
        await effects.record(
            unit,
            cause="death-2",
            kind="end_share",
            object_kind="share",
            object_id=str(seq),
            person_id="p2",
            area_code=TOWN,
            from_date=FEB,
        )
        settled = await payments.reconsider(unit, [home], FEB)
    assert [(change.month, change.amount_fen) for change in settled.of("proposed")] == [(FEB, 41000)]
    async with payer.unit() as unit:
        await effects.annul(unit, "death-2")
        settled = await payments.reconsider(unit, [home], FEB)
    assert [change.kind for change in settled.changes] == ["closed"]
    await filled(payer, MARCH, scheme="family")
    assert await states(payer) == [(JAN, 122000, "SENT"), (FEB, 122000, "SENT"), (MARCH, 122000, "PENDING")]
    # The household itself may end too, by the same effect as any other entitlement.
    assert (await dies(payer, date(2025, 2, 1), cause="death-3")).total("cancelled") == 122000


async def test_a_home_without_anybody_ends_by_its_source(payer: Payer) -> None:
    async with payer.unit() as unit:
        (home,) = await payments.grant(unit, Grant("family", "p0", TOWN, JAN, None))
    await filled(payer, FEB, scheme="family")
    assert await states(payer) == []
    async with payer.unit() as unit:
        assert (await payments.settle(unit, [home])).changes == []


# ── the law of reversal ──────────────────────────────────────────────────────────────────────────


@pytest.mark.prove
@pytest.mark.plan("A-09", part="money ends as if the withdrawn death had never been confirmed")
async def test_a_history_with_a_withdrawn_death_ends_like_the_one_without(
    payer: Payer, seed: int, size: Callable[..., int]
) -> None:
    """Everyone dies by mistake at some moment of a random life and is put right later, other changes interleaved.
    In the end each has been paid what is due to the fen, as one who never died (the oracle's strip), and owes
    nothing."""
    history = History(payer, seed)
    chance = random.Random(seed)
    waiting: list[str] = []
    for _ in range(15):
        await history.grant()
    for _ in range(size(80, stated=500)):
        await history.step()
        alive = sorted(set(history.oracle.people) - set(waiting))
        if alive and chance.random() < 0.4:
            key = chance.choice(alive)
            cause = f"mistake-{len(waiting)}"
            first = history.now + chance.randint(-4, 1)
            async with payer.unit() as unit:
                await payments.end(unit, cause=cause, first_month=history_month(first), entitlement_ids=[key])
            history.oracle.people[key].ends[cause] = first
            history.oracle.settle(key)
            waiting.append(key)
        if waiting and chance.random() < 0.3:
            live = [cause for cause in history.live_causes() if cause.startswith("mistake")]
            if live:
                await history.withdraw(chance.choice(live))
    for cause in history.live_causes():
        if cause.startswith("mistake"):
            await history.withdraw(cause)
    assert len(waiting) >= 10
    await history.run_out()
    await history.compare()
    history.balances()  # the strip of a person knows nothing of annulled causes
    await ledger(payer)


def history_month(number: int) -> date:
    from tests.kernel.payments.history import month

    return month(number)


# ── at the same moment ───────────────────────────────────────────────────────────────────────────


async def test_deaths_during_every_step_of_a_batch_leave_no_line_unasked(payer: Payer, seed: int) -> None:
    """Deaths come in while the batch is filled, checked, approved and sent. Whatever the order, no dead person's
    money is on its way without a stop and a proposal."""
    chance = random.Random(seed)
    people = 40
    await granted(payer, people)

    async def death(number: int) -> None:
        await asyncio.sleep(chance.random() * 0.6)
        await payer.database.run(
            officer("x"),
            "death",
            lambda unit: payments.end(unit, cause=f"d{number}", person_id=f"p{number}", first_month=MARCH),
            worker=False,
        )

    async def batch() -> None:
        batch_id = await filled(payer, MARCH)
        async with payer.unit(officer("maker")) as unit:
            await payments.check(unit, batch_id)
        await asyncio.sleep(0.05)
        async with payer.unit(officer("approver")) as unit:
            await payments.approve(unit, batch_id)
        await asyncio.sleep(0.05)
        async with payer.unit(officer("maker")) as unit:
            await payments.send(unit, batch_id)

    dead = chance.sample(range(people), 30)
    await asyncio.gather(batch(), *(death(number) for number in dead))
    rows = await payer.rows(
        "select l.person_id, l.state, l.stop_requested_at is not null, r.amount_fen = l.amount_fen"
        " from kernel.payment_line l left join kernel.recovery r on r.entitlement_id = l.entitlement_id"
        " where l.state <> 'CANCELLED'"
    )
    gone = {f"p{number}" for number in dead}
    for person, state, stopped, proposed in rows:
        assert state == "SENT"
        assert (stopped, proposed) == ((True, True) if person in gone else (False, None)), person
    assert {str(row[0]) for row in rows} >= {f"p{number}" for number in range(people)} - gone
    await ledger(payer)


async def test_two_clerks_at_once_make_one_batch_and_each_line_once(payer: Payer) -> None:
    await granted(payer, 30)

    async def press(clerk: int) -> str:
        async with payer.database.unit(officer(f"clerk{clerk}"), "press") as unit:
            batch = await payments.open_batch(unit, "quota", APRIL, DISTRICT)
            await payments.run(unit, batch.id, size=7)
            return batch.id

    assert len(set(await asyncio.gather(*(press(clerk) for clerk in range(4))))) == 1
    ((lines, distinct),) = await payer.rows(
        "select count(*), count(distinct (entitlement_id, month)) from kernel.payment_line"
    )
    assert lines == distinct == 60
