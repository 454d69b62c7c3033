"""A batch from draft to bank: filled once, checked, approved by another person, sent as a file nobody keeps."""

import csv
import io
from datetime import date

import pytest
from sqlalchemy import text

from shared import effects
from shared.db.problems import Conflict, Forbidden, Invalid
from shared.payments import Grant, open_account, pay_to
from shared.payments.batches import AreaOutside, BatchOpen, MonthOutOfReach, UnknownScheme
from shared.payments.rules import ApproverIsMaker, BatchEmpty, BatchInWrongState, BatchNotFilled, ReleaserIsApprover
from shared.security.crypto import sm3
from tests.kernel.payments.conftest import DISTRICT, SYSTEM, Payer, officer
from tests.kernel.payments.payer.app import payments
from tests.statements import worker_statements

JAN, FEB, MARCH, APRIL, MAY = (date(2025, month, 1) for month in range(1, 6))
TOWN = "330903100000"
LINES = "select entitlement_id, month, purpose, amount_fen, state, decision_id from kernel.payment_line order by id"


async def granted(payer: Payer, count: int = 1, *, scheme: str = "quota", first: date = MARCH) -> list[str]:
    async with payer.unit() as unit:
        grants = [Grant(scheme, f"p{number}", TOWN, first, 12500 + number, decision_id="d1") for number in range(count)]
        return await payments.grant(unit, *grants)


async def filled(payer: Payer, month: date, *, scheme: str = "quota") -> str:
    async with payer.unit(officer("maker")) as unit:
        batch = await payments.open_batch(unit, scheme, month, DISTRICT)
        await payments.run(unit, batch.id)
        return batch.id


async def sent(payer: Payer, month: date, *, scheme: str = "quota") -> str:
    batch_id = await filled(payer, month, scheme=scheme)
    async with payer.unit(officer("maker")) as unit:
        await payments.check(unit, batch_id)
    async with payer.unit(officer("approver")) as unit:
        await payments.approve(unit, batch_id)
    async with payer.unit(officer("maker")) as unit:
        await payments.send(unit, batch_id)
    return batch_id


async def test_the_first_run_pays_from_the_first_month_and_names_the_decision(payer: Payer) -> None:
    (one,) = await granted(payer)
    await filled(payer, APRIL)
    assert await payer.rows(LINES) == [
        (one, MARCH, "arrears", 12500, "PENDING", "d1"),
        (one, APRIL, "regular", 12500, "PENDING", "d1"),
    ]


async def test_a_second_run_adds_nothing_and_a_later_grant_only_itself(payer: Payer) -> None:
    await granted(payer, 3)
    batch_id = await filled(payer, MARCH)
    before = await payer.rows(LINES)
    assert await filled(payer, MARCH) == batch_id
    assert await payer.rows(LINES) == before
    async with payer.unit() as unit:
        await payments.grant(unit, Grant("quota", "late", TOWN, MARCH, 700))
    await filled(payer, MARCH)
    assert (await payer.rows(LINES))[:3] == before
    assert len(await payer.rows(LINES)) == 4


async def dies_running(payer: Payer, batch_id: str) -> None:
    try:
        async with payer.unit(officer("maker")) as unit:
            assert (await payments.run(unit, batch_id, size=2, max_ranges=1)).lines == 4
            raise RuntimeError("the process dies")
    except RuntimeError:
        pass


async def test_a_crashed_run_goes_on_where_it_stopped(payer: Payer) -> None:
    await granted(payer, 7)
    async with payer.unit(officer("maker")) as unit:
        batch_id = (await payments.open_batch(unit, "quota", APRIL, DISTRICT)).id
    async with payer.unit(officer("maker")) as unit:
        first = await payments.run(unit, batch_id, size=2, max_ranges=2)
    assert (first.lines, first.done) == (8, False)
    await dies_running(payer, batch_id)
    with pytest.raises(BatchNotFilled):
        async with payer.unit(officer("maker")) as unit:
            await payments.check(unit, batch_id)
    async with payer.unit(officer("maker")) as unit:
        rest = await payments.run(unit, batch_id, size=2)
    assert (rest.lines, rest.done) == (6, True)
    assert rest.ranges[0].after == first.ranges[-1].upto
    ((lines, distinct),) = await payer.rows(
        "select count(*), count(distinct (entitlement_id, month)) from kernel.payment_line"
    )
    assert lines == distinct == 14


async def test_the_audit_row_of_a_run_proves_its_lines(payer: Payer) -> None:
    await granted(payer, 5)
    async with payer.unit(officer("maker")) as unit:
        batch = await payments.open_batch(unit, "quota", MARCH, DISTRICT)
        await payments.run(unit, batch.id, size=2)
    ((detail, count),) = await payer.rows("select detail, count from kernel.audit where account_id = 'maker'")
    assert count == 5
    ranges = detail["ranges"]  # type: ignore[index]
    assert len(ranges) == 3
    for after, upto, lines, total, digest in ranges:
        rows = await payer.rows(
            "select entitlement_id, month, part, amount_fen, decision_id from kernel.payment_line"
            " where entitlement_id > :after and entitlement_id <= :upto order by 1, 2, 3",
            after=after,
            upto=upto,
        )
        assert (len(rows), sum(int(str(row[3])) for row in rows)) == (lines, total)
        assert sm3("\n".join("|".join(map(str, row)) for row in rows).encode()).hex() == digest


async def test_a_month_never_run_is_made_up_for(payer: Payer) -> None:
    (one,) = await granted(payer, first=JAN)
    await sent(payer, FEB)
    await filled(payer, MAY)
    assert [row[1] for row in await payer.rows(LINES)] == [JAN, FEB, MARCH, APRIL, MAY]
    assert {row[0] for row in await payer.rows(LINES)} == {one}


async def test_the_term_of_a_grant_ends_it(payer: Payer) -> None:
    async with payer.unit() as unit:
        await payments.grant(unit, Grant("quota", "p", TOWN, JAN, 500, to_month=FEB))
    await filled(payer, APRIL)
    assert [row[1] for row in await payer.rows(LINES)] == [JAN, FEB]


async def test_an_open_draft_of_another_month_comes_first(payer: Payer) -> None:
    await filled(payer, MARCH)
    with pytest.raises(BatchOpen):
        await filled(payer, APRIL)


async def test_what_cannot_be_opened(payer: Payer) -> None:
    wrong: list[tuple[str, date, str, type[Invalid | Forbidden]]] = [
        ("no such scheme", MARCH, DISTRICT, UnknownScheme),
        ("quota", date(2199, 1, 1), DISTRICT, MonthOutOfReach),
        ("quota", MARCH, "330902000000", AreaOutside),
    ]
    for scheme, month, area, problem in wrong:
        with pytest.raises(problem):
            async with payer.unit(officer("maker")) as unit:
                await payments.open_batch(unit, scheme, month, area)
    with pytest.raises(UnknownScheme):
        async with payer.unit() as unit:
            await payments.grant(unit, Grant("no such scheme", "p", TOWN, MARCH, 1))


async def test_batches_of_towns_and_of_the_district_never_pay_twice(payer: Payer) -> None:
    await granted(payer, 2, first=JAN)
    await sent(payer, FEB)
    async with payer.unit() as unit:
        (late,) = await payments.grant(unit, Grant("quota", "late", "330903102001", JAN, 900))
    async with payer.unit(officer("maker")) as unit:
        town = await payments.open_batch(unit, "quota", JAN, TOWN)
        assert (await payments.run(unit, town.id)).lines == 0
    await filled(payer, FEB)  # the town's run must not have taken the mark of what lies outside it
    assert [row[1] for row in await payer.rows(LINES) if row[0] == late] == [JAN, FEB]


async def test_a_town_run_looks_on_from_the_month_the_district_reached(payer: Payer) -> None:
    (one,) = await granted(payer, first=JAN)
    await sent(payer, FEB)
    async with payer.unit(officer("maker")) as unit:
        town = await payments.open_batch(unit, "quota", APRIL, TOWN)
        await payments.run(unit, town.id)
    assert [row[1] for row in await payer.rows(LINES) if row[0] == one] == [JAN, FEB, MARCH, APRIL]


# ── checks ───────────────────────────────────────────────────────────────────────────────────────


async def test_each_line_left_out_has_its_reason_and_comes_back_as_arrears(payer: Payer) -> None:
    async with payer.unit() as unit:
        account = await open_account(unit, person_id="p0", area_code=TOWN, holder="示例甲", card="6228480360100000015")
        people = [Grant("longevity", f"p{number}", TOWN, MARCH, 5000, account_id=account) for number in range(5)]
        fine, dead, poor, twice, held = await payments.grant(unit, *people)
        await unit.execute(text("update kernel.entitlement set account_id = null where id = :id"), {"id": poor})
        await unit.execute(text("update kernel.entitlement set person_id = 'p0' where id = :id"), {"id": twice})
        for person in ("p1", "p4"):  # p4 is on hold already: the first reason stays
            await effects.record(
                unit,
                cause="report",
                kind="reported_dead",
                object_kind="person",
                object_id=person,
                person_id=person,
                area_code=TOWN,
                from_date=MARCH,
            )
    batch_id = await filled(payer, MARCH, scheme="longevity")
    async with payer.unit() as unit:
        await payments.hold(unit, [held], MARCH, cause="proof-of-life")
    async with payer.unit(officer("maker")) as unit:
        checked = await payments.check(unit, batch_id)
    assert checked.excluded == {"dead": 1, "no_account": 1, "duplicate": 1, "on_hold": 1}
    rows = await payer.rows("select entitlement_id, state, reason_code, reason from kernel.payment_line order by id")
    assert rows == [
        (fine, "PENDING", "", ""),
        (dead, "EXCLUDED", "dead", "已登记死亡"),
        (poor, "EXCLUDED", "no_account", "没有可用的银行账户"),
        (twice, "EXCLUDED", "duplicate", "同一人同一待遇同月重复"),
        (held, "EXCLUDED", "on_hold", "待遇已暂停发放"),
    ]
    async with payer.unit() as unit:
        await effects.annul(unit, "report")
        await effects.annul(unit, "proof-of-life")
        await payments.settle_cause(unit, "proof-of-life")
        await pay_to(unit, poor, account)
    await filled(payer, APRIL, scheme="longevity")
    arrears = await payer.rows(
        "select entitlement_id, month from kernel.payment_line where purpose = 'arrears' order by entitlement_id"
    )
    assert arrears == [(dead, MARCH), (poor, MARCH), (twice, MARCH), (held, MARCH)]


async def test_a_hold_keeps_months_the_runs_passed_over(payer: Payer) -> None:
    """January is still unpaid when payment is held from March on; the run of March makes up for it later."""
    (one,) = await granted(payer, first=date(2024, 12, 1))
    await sent(payer, date(2024, 12, 1))
    async with payer.unit() as unit:
        await payments.hold(unit, [one], MARCH, cause="card")
    await filled(payer, MARCH)
    assert [row[1] for row in await payer.rows(LINES)] == [date(2024, 12, 1)]
    async with payer.unit() as unit:
        await effects.annul(unit, "card")
        await payments.settle_cause(unit, "card")
    await filled(payer, MARCH)
    assert [row[1] for row in await payer.rows(LINES)] == [date(2024, 12, 1), JAN, FEB, MARCH]


async def test_an_account_entered_before_the_check_is_used(payer: Payer) -> None:
    (one,) = await granted(payer, scheme="longevity")
    batch_id = await filled(payer, MARCH, scheme="longevity")
    async with payer.unit() as unit:
        account = await open_account(unit, person_id="p0", area_code=TOWN, holder="示例甲", card="6228480360100000015")
        await pay_to(unit, one, account)
    async with payer.unit(officer("maker")) as unit:
        assert (await payments.check(unit, batch_id)).excluded == {}


# ── two persons ──────────────────────────────────────────────────────────────────────────────────


async def test_steps_and_persons(payer: Payer) -> None:
    await granted(payer)
    batch_id = await filled(payer, MARCH)
    with pytest.raises(BatchInWrongState):
        async with payer.unit(officer("approver")) as unit:
            await payments.approve(unit, batch_id)
    async with payer.unit(officer("checker")) as unit:
        await payments.check(unit, batch_id)
    for same in ("maker", "checker"):
        with pytest.raises(ApproverIsMaker):
            async with payer.unit(officer(same)) as unit:
                await payments.approve(unit, batch_id)
    async with payer.unit(officer("approver")) as unit:
        batch = await payments.approve(unit, batch_id)
        assert (batch.state, batch.line_count, batch.total_fen) == ("APPROVED", 1, 12500)
    with pytest.raises(ReleaserIsApprover):
        async with payer.unit(officer("approver")) as unit:
            await payments.send(unit, batch_id)
    with pytest.raises(BatchInWrongState):
        async with payer.unit(officer("maker")) as unit:
            await payments.run(unit, batch_id)
    async with payer.unit(officer("maker")) as unit:
        await payments.send(unit, batch_id)
    with pytest.raises(BatchInWrongState):
        async with payer.unit(officer("maker")) as unit:
            await payments.send(unit, batch_id)
    ((envelope,),) = await payer.rows("select envelope::jsonb->'data' from kernel.outbox")
    assert envelope == {
        "batchId": batch_id,
        "scheme": "quota",
        "month": "2025-03-01",
        "areaCode": DISTRICT,
        "lines": 1,
        "total": "125.00",
    }


async def test_an_empty_batch_is_not_approved(payer: Payer) -> None:
    batch_id = await filled(payer, MARCH)
    async with payer.unit(officer("maker")) as unit:
        await payments.check(unit, batch_id)
    with pytest.raises(BatchEmpty):
        async with payer.unit(officer("approver")) as unit:
            await payments.approve(unit, batch_id)


# ── the file ─────────────────────────────────────────────────────────────────────────────────────


async def test_the_bank_file_is_written_again_to_the_letter_and_kept_nowhere(payer: Payer) -> None:
    async with payer.unit() as unit:
        account = await open_account(
            unit, person_id="p0", area_code=TOWN, holder="示例,甲", card="6228 4803 6010 0000 015"
        )
        (one,) = await payments.grant(unit, Grant("longevity", "p0", TOWN, FEB, 5050, account_id=account))
    batch_id = await sent(payer, MARCH, scheme="longevity")
    async with payer.unit(officer("maker")) as unit:
        content = await payments.bank_file(unit, batch_id)
    ids = [str(row[0]) for row in await payer.rows("select id from kernel.payment_line order by id")]
    assert list(csv.reader(io.StringIO(content))) == [
        ["流水号", "户名", "账号", "金额", "用途"],
        [ids[0], "示例,甲", "6228480360100000015", "50.50", "高龄津贴2025年2月"],
        [ids[1], "示例,甲", "6228480360100000015", "50.50", "高龄津贴2025年3月"],
    ]
    ((digest, count, total),) = await payer.rows("select file_digest, line_count, total_fen from kernel.payment_batch")
    assert (digest, count, total) == (sm3(content.encode()).hex(), 2, 10100)
    # Another card later is another account: the file that went out stays what it was.
    async with payer.unit() as unit:
        other = await open_account(unit, person_id="p0", area_code=TOWN, holder="示例甲", card="6217001450001234566")
        await pay_to(unit, one, other)
    async with payer.unit(officer("maker")) as unit:
        assert await payments.bank_file(unit, batch_id) == content
    for table in ("payee_account", "payment_line", "payment_batch", "audit", "outbox"):
        ((found,),) = await payer.rows(f"select count(*) from kernel.{table} t where t::text like '%6010000001%'")
        assert found == 0


async def test_a_card_that_is_none_is_refused(payer: Payer) -> None:
    with pytest.raises(Invalid, match="bank_card_checksum"):
        async with payer.unit() as unit:
            await open_account(unit, person_id="p", area_code=TOWN, holder="示例", card="6228480360100000016")


# ── cost ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_bigger_batch_costs_no_more_statements(payer: Payer) -> None:
    counts: list[int] = []
    for month, people in ((MARCH, 3), (APRIL, 60)):
        async with payer.unit() as unit:
            await payments.grant(unit, *(Grant("quota", f"q{month}{n}", TOWN, month, 100) for n in range(people)))
        with worker_statements(payer.database) as statements:
            await sent(payer, month)
        counts.append(len(statements))
    assert counts[0] == counts[1] < 60


def test_refusals_are_problems_with_stable_codes() -> None:
    assert {problem.code: problem.status for problem in (BatchOpen, BatchNotFilled, BatchEmpty, BatchInWrongState)} == {
        "batch_open": 409,
        "batch_not_filled": 409,
        "batch_empty": 409,
        "batch_state": 409,
    }
    assert issubclass(BatchOpen, Conflict)
    assert SYSTEM.account_id.startswith("system:")
