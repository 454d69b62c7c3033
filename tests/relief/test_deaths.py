"""A confirmed death stops the dead person's share and nothing else; its withdrawal gives everything back."""

from datetime import date, timedelta

import pytest

from shared import clock
from tests.relief.families import Families

ADULT, MARCH, APRIL, MAY = date(1975, 6, 1), date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
DEATH = date(2026, 3, 14)


@pytest.mark.plan("A-09", part="the family's benefit after a death (T11)")
async def test_a_death_stops_the_own_share_and_asks_for_a_recheck(relief: Families) -> None:
    family = await relief.enter(ADULT, ADULT, ADULT, income=1200)
    assert await relief.due(family, APRIL) == (1167 - 400) * 3 * 100
    await relief.stand.hear(relief.confirmed(family.people[1], DEATH))
    assert await relief.due(family, MARCH) == (1167 - 400) * 3 * 100
    assert await relief.due(family, APRIL) == (1167 - 400) * 2 * 100
    ((benefit, lists),) = await relief.answers()
    assert (benefit.task, benefit.outcome, benefit.object) == ("T11", "done", family.case_id)
    assert "每月2,301.00元调整为1,534.00元" in benefit.reason
    assert (lists.task, lists.outcome) == ("T23", "nothing_to_do")
    (adjusted,) = await relief.stand.told("relief.benefit.adjusted.v1")
    assert (adjusted["old"], adjusted["new"], adjusted["fromMonth"]) == (230100, 153400, "2026-04-01")


async def test_who_draws_nothing_has_nothing_to_stop(relief: Families) -> None:
    await relief.stand.hear(relief.confirmed("p1" + "x" * 26, DEATH))
    ((benefit, lists),) = await relief.answers()
    assert {(one.task, one.outcome) for one in (benefit, lists)} == {("T11", "nothing_to_do"), ("T23", "nothing_to_do")}


async def test_confirm_and_revoke_in_any_order_and_number(relief: Families) -> None:
    family = await relief.enter(ADULT, ADULT, income=600)
    whole = await relief.due(family, APRIL)
    confirmed, revoked = relief.confirmed(family.people[0], DEATH), relief.revoked(family.people[0])
    await relief.stand.hear(confirmed, confirmed, revoked, revoked)
    assert await relief.due(family, APRIL) == whole
    # withdrawn before it was heard of
    other = await relief.enter(ADULT, ADULT, income=600)
    await relief.stand.hear(relief.revoked(other.people[0]), relief.confirmed(other.people[0], DEATH))
    assert await relief.due(other, APRIL) == whole
    assert [len(answers) for answers in (await relief.answers(), await relief.answers(undone=True))] == [3, 2]
    assert await relief.stand.scalar("select count(*) from kernel.effect where annulled_at is null") == 0


async def test_late_discovery_recovers_every_month_since(relief: Families) -> None:
    now = clock.start_of_day(date(2026, 6, 10))
    with clock.frozen(now):
        family = await relief.enter(ADULT, ADULT, income=0, since=date(2026, 2, 1))
        for month in (date(2026, 2, 1), MARCH, APRIL, MAY):
            await relief.run(month)
        await relief.stand.hear(relief.confirmed(family.people[1], date(2026, 2, 20)))
        rows = await relief.stand.rows("select month, amount_fen, state, cause from kernel.recovery order by month")
        case = relief.deaths[family.people[1]]
        assert rows == [(month, 116700, "PROPOSED", case) for month in (MARCH, APRIL, MAY)]
        await relief.stand.hear(relief.revoked(family.people[1]))
        assert await relief.stand.rows("select distinct state from kernel.recovery") == [("CANCELLED",)]
        await relief.run(date(2026, 6, 1))
    assert await relief.stand.scalar("select count(*) from kernel.payment_line where state <> 'SENT'") == 0
    assert await relief.stand.scalar("select sum(amount_fen) from kernel.payment_line") == 5 * 2 * 116700


async def test_the_last_member_closes_the_case(relief: Families) -> None:
    single = await relief.enter(date(1950, 1, 1), kind="TEKUN")
    await relief.stand.hear(relief.confirmed(single.people[0], DEATH))
    ((benefit, _),) = await relief.answers()
    assert benefit.outcome == "done"
    assert "终止" in benefit.reason
    assert "丧葬费用待遇保留" in benefit.reason
    (closed,) = await relief.stand.told("relief.benefit.closed.v1")
    assert closed["caseId"] == single.case_id
    assert await relief.due(single, APRIL) == 0
    await relief.stand.hear(relief.revoked(single.people[0]))
    assert await relief.due(single, APRIL) == 1518_00


async def test_a_recheck_not_done_in_time_is_overdue(relief: Families) -> None:
    family = await relief.enter(ADULT, ADULT)
    await relief.stand.hear(relief.confirmed(family.people[1], clock.today()))
    ((due_on,),) = await relief.stand.rows("select due_on from recheck")
    assert timedelta(days=88) < due_on - clock.today() < timedelta(days=93)
    with clock.frozen(clock.start_of_day(due_on + timedelta(days=1)) + timedelta(seconds=1)):
        await relief.stand.settle()
    assert await relief.stand.scalar("select overdue_at is not null from recheck")
