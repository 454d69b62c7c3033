"""What the bank answers, recoveries, and a person's statement."""

from datetime import date
from itertools import product

import pytest
from sqlalchemy import text

from shared.db.principals import Principal, Role
from shared.payments import BankAnswer, Grant
from shared.payments.recoveries import RecoveryInWrongState, RepaidTooMuch
from shared.payments.rules import OUTCOMES, BatchInWrongState, LineState, verdict
from tests.kernel.payments.conftest import Payer, officer
from tests.kernel.payments.payer.app import payments
from tests.kernel.payments.test_batches import APRIL, FEB, JAN, MARCH, MAY, TOWN, filled, granted, sent
from tests.kernel.payments.test_deaths import RECOVERIES, dies


async def answered(payer: Payer, batch_id: str, *given: BankAnswer) -> list[str]:
    async with payer.unit(officer("maker")) as unit:
        done = await payments.answer(unit, batch_id, given)
        return [answer.verdict for answer in done.answers]


async def line_ids(payer: Payer) -> list[int]:
    return [int(str(row[0])) for row in await payer.rows("select id from kernel.payment_line order by id")]


async def batch_state(payer: Payer) -> object:
    return (await payer.rows("select state from kernel.payment_batch order by made_at"))[0][0]


async def test_paid_and_returned(payer: Payer) -> None:
    await granted(payer, 3)
    batch_id = await sent(payer, MARCH)
    one, two, three = await line_ids(payer)
    assert await answered(payer, batch_id, BankAnswer(one, "PAID", 12500), BankAnswer(two, "UNKNOWN")) == ["", ""]
    assert await batch_state(payer) == "SENT"
    assert await answered(payer, batch_id, BankAnswer(three, "RETURNED", reason="账户已销户")) == [""]
    assert await answered(payer, batch_id, BankAnswer(two, "PAID")) == [""]
    assert await batch_state(payer) == "RECONCILED"
    events = await payer.rows(
        "select type, envelope::jsonb->'data'->>'lineId', envelope::jsonb->'data'->>'times' from kernel.outbox"
        " where type <> 'payer.payment.batch-approved.v1' order by seq"
    )
    assert events == [
        ("payer.payment.line-paid.v1", str(one), None),
        ("payer.payment.line-returned.v1", str(three), "1"),
        ("payer.payment.line-paid.v1", str(two), None),
    ]


async def test_a_returned_line_is_issued_again_with_the_next_batch(payer: Payer) -> None:
    await granted(payer)
    batch_id = await sent(payer, MARCH)
    (line,) = await line_ids(payer)
    await answered(payer, batch_id, BankAnswer(line, "RETURNED", reason="户名不符"))
    await filled(payer, APRIL)
    rows = await payer.rows("select month, purpose, state, reason from kernel.payment_line order by id")
    assert rows == [
        (MARCH, "regular", "REISSUED", "户名不符"),
        (MARCH, "arrears", "PENDING", ""),
        (APRIL, "regular", "PENDING", ""),
    ]
    # A late "paid" for the line that was issued again is for a person: taking it in would pay twice.
    assert await answered(payer, batch_id, BankAnswer(line, "PAID")) == ["contradicts"]


async def test_an_unknown_line_is_asked_for_and_never_sent_again(payer: Payer) -> None:
    await granted(payer)
    batch_id = await sent(payer, MARCH)
    (line,) = await line_ids(payer)
    await answered(payer, batch_id, BankAnswer(line, "UNKNOWN", reason="超时"))
    await filled(payer, MARCH)
    assert await line_ids(payer) == [line]
    await answered(payer, batch_id, BankAnswer(line, "RETURNED"))
    await filled(payer, MARCH)
    assert len(await line_ids(payer)) == 2


async def test_a_file_is_judged_row_by_row(payer: Payer) -> None:
    await granted(payer, 5)
    batch_id = await sent(payer, MARCH)
    one, two, three, four, five = await line_ids(payer)
    given = [
        BankAnswer(one, "PAID", 12500),
        BankAnswer(two, "PAID", 12500),  # it was 125.01
        BankAnswer(three, "PAID"),
        BankAnswer(three, "RETURNED"),
        BankAnswer(999_999, "PAID"),
        BankAnswer(four, "RETURNED"),
    ]
    verdicts = ["", "amount_differs", "repeated", "repeated", "unknown_line", ""]
    assert await answered(payer, batch_id, *given) == verdicts
    # The same file again: what was taken in is known, the doubtful rows are still doubtful.
    assert await answered(payer, batch_id, *given) == ["unchanged", *verdicts[1:5], "unchanged"]
    states = await payer.rows("select state from kernel.payment_line order by id")
    assert [state for (state,) in states] == ["PAID", "SENT", "SENT", "RETURNED", "SENT"]
    assert five


async def test_lines_of_another_batch_are_unknown_to_this_one(payer: Payer) -> None:
    await granted(payer)
    await sent(payer, MARCH)
    second = await sent(payer, APRIL)
    first_line, _ = await line_ids(payer)
    assert await answered(payer, second, BankAnswer(first_line, "PAID")) == ["unknown_line"]


async def test_an_unsent_batch_has_no_answers(payer: Payer) -> None:
    await granted(payer)
    batch_id = await filled(payer, MARCH)
    with pytest.raises(BatchInWrongState):
        await answered(payer, batch_id, BankAnswer((await line_ids(payer))[0], "PAID"))


async def test_the_statement_judges_as_the_rule(payer: Payer) -> None:
    """Every state of a line against everything the bank may say of it."""
    cases = list(product(LineState, OUTCOMES))
    await granted(payer, len(cases))
    batch_id = await sent(payer, MARCH)
    ids = await line_ids(payer)
    async with payer.unit() as unit:
        await unit.execute(
            text(
                "update kernel.payment_line l set state = g.state"
                " from unnest(cast(:ids as bigint[]), cast(:states as text[])) as g (id, state) where g.id = l.id"
            ),
            {"ids": ids, "states": [state.value for state, _ in cases]},
        )
    given = [BankAnswer(line, outcome.value) for line, (_, outcome) in zip(ids, cases, strict=True)]
    assert await answered(payer, batch_id, *given) == [verdict(state, outcome) for state, outcome in cases]


# ── recoveries ───────────────────────────────────────────────────────────────────────────────────


async def test_a_recovery_from_proposal_to_the_last_fen(payer: Payer) -> None:
    await granted(payer, first=JAN)
    await sent(payer, FEB)
    await dies(payer, date(2025, 1, 31))
    ((recovery_id,),) = await payer.rows("select id from kernel.recovery")
    recovery = str(recovery_id)
    with pytest.raises(RecoveryInWrongState):  # nobody has looked at it yet
        async with payer.unit(officer("collector")) as unit:
            await payments.repay(unit, recovery, 100)
    async with payer.unit(officer("collector")) as unit:
        await payments.confirm_recovery(unit, recovery)
    with pytest.raises(RecoveryInWrongState):
        async with payer.unit(officer("collector")) as unit:
            await payments.confirm_recovery(unit, recovery)
    for wrong in (0, -1, 12501):
        with pytest.raises(RepaidTooMuch):
            async with payer.unit(officer("collector")) as unit:
                await payments.repay(unit, recovery, wrong)
    async with payer.unit(officer("collector")) as unit:
        row = await payments.repay(unit, recovery, 12000, "第一期")
        assert (row.amount_fen, row.state) == (500, "CONFIRMED")
    async with payer.unit(officer("collector")) as unit:
        assert (await payments.repay(unit, recovery, 500)).state == "RECOVERED"
    ((total,),) = await payer.rows("select sum(amount_fen) from kernel.payment_line where month = :m", m=FEB)
    assert total == 0


async def test_a_higher_claim_is_a_new_proposal(payer: Payer) -> None:
    (one,) = await granted(payer)
    await sent(payer, MARCH)
    async with payer.unit() as unit:
        await payments.set_amount(unit, one, MARCH, 10000, decision_id="d2")
    ((recovery_id,),) = await payer.rows("select id from kernel.recovery")
    async with payer.unit(officer("collector")) as unit:
        await payments.confirm_recovery(unit, str(recovery_id))
    async with payer.unit() as unit:
        await payments.set_amount(unit, one, MARCH, 11000, decision_id="d3")
    assert await payer.rows(RECOVERIES) == [(MARCH, 1500, "CONFIRMED", "d2")]
    async with payer.unit() as unit:
        await payments.set_amount(unit, one, MARCH, 2500, decision_id="d4")
    assert await payer.rows(RECOVERIES) == [(MARCH, 10000, "PROPOSED", "d4")]


async def test_written_off_is_not_claimed_again_nor_owed_twice(payer: Payer) -> None:
    (one,) = await granted(payer)
    await sent(payer, MARCH)
    await dies(payer, date(2025, 2, 1))
    ((recovery_id,),) = await payer.rows("select id from kernel.recovery")
    async with payer.unit(officer("collector")) as unit:
        await payments.confirm_recovery(unit, str(recovery_id))
    with pytest.raises(RecoveryInWrongState, match="decided_by_same_person"):
        async with payer.unit(officer("collector")) as unit:
            await payments.write_off(unit, str(recovery_id))
    async with payer.unit(officer("director")) as unit:
        assert (await payments.write_off(unit, str(recovery_id))).state == "WRITTEN_OFF"
    async with payer.unit() as unit:
        assert (await payments.settle(unit, [one])).changes == []
    await filled(payer, MARCH)
    assert len(await line_ids(payer)) == 1


# ── the statement, and who sees what ─────────────────────────────────────────────────────────────


async def test_a_statement_tells_due_paid_on_the_way_and_to_recover(payer: Payer) -> None:
    await granted(payer, first=JAN)
    first = await sent(payer, FEB)
    january, february = await line_ids(payer)
    await answered(payer, first, BankAnswer(january, "PAID"), BankAnswer(february, "PAID"))
    await dies(payer, date(2025, 1, 20))
    async with payer.unit() as unit:
        await payments.grant(unit, Grant("family", "p0", TOWN, MARCH, 700))
    await filled(payer, MARCH, scheme="family")
    async with payer.unit() as unit:
        found = await payments.statement(unit, "p0", date(2024, 12, 1), APRIL)
    assert [
        (one.scheme, one.month, one.due_fen, one.paid_fen, one.on_the_way_fen, one.to_recover_fen) for one in found
    ] == [
        ("family", MARCH, 700, 0, 700, 0),
        ("family", APRIL, 700, 0, 0, 0),
        ("quota", JAN, 12500, 12500, 0, 0),
        ("quota", FEB, 0, 12500, 0, 12500),
        ("quota", MARCH, 0, 0, 0, 0),
        ("quota", APRIL, 0, 0, 0, 0),
    ]


async def test_rows_follow_the_scope(payer: Payer) -> None:
    async with payer.unit() as unit:
        for person, area in (("p0", TOWN), ("p1", "330903003001")):
            await payments.grant(unit, Grant("quota", person, area, JAN, 100))
    await sent(payer, JAN)
    for person in ("p0", "p1"):
        await dies(payer, date(2024, 12, 1), person, f"death-{person}")
    town = Principal("clerk", Role.TOWN_CLERK, lo="330903100", hi="330903101", area_code=TOWN)
    resident = Principal("r", Role.RESIDENT, person_id="p1")
    for who, person in ((town, "p0"), (resident, "p1")):
        async with payer.unit(who) as unit:
            for table in ("entitlement", "entitlement_amount", "payment_line", "recovery"):
                seen = await unit.execute(text(f"select person_id from kernel.{table}"))
                assert list(seen.scalars()) == [person], table
            other = "p1" if person == "p0" else "p0"
            assert await payments.statement(unit, other, JAN, MAY) == []
