"""At the same moment: whatever comes first, nobody dead is counted and nothing is done twice."""

import asyncio
from datetime import date, timedelta
from typing import Any

from shared import clock
from shared.payments import month_of
from shared.payments.months import plus
from tests.relief.families import Families, person_id

ADULT = date(1975, 6, 1)


async def test_a_death_and_a_new_family_of_the_dead_cannot_pass_each_other(relief: Families) -> None:
    """Her death is confirmed while clerks enter her into a family: she is refused, or her share has ended there."""
    families = [await relief.enter(ADULT) for _ in range(12)]
    today = clock.today()

    async def enter(number: int) -> int:
        body = {
            "personId": person_id(500 + number),
            "name": "示例甲",
            "birth": "1975-06-01",
            "relation": "OTHER",
            "validFrom": today.isoformat(),
        }
        await asyncio.sleep(0.004 * number)
        path = f"/api/relief/households/{families[number].household_id}/members"
        return (await relief.stand.client.post(path, json=body, headers=relief.town)).status_code

    deaths = [relief.confirmed(person_id(500 + number), today) for number in range(12)]
    statuses, _ = await asyncio.gather(
        asyncio.gather(*(enter(number) for number in range(12))), relief.stand.hear(*deaths)
    )
    assert set(statuses) <= {201, 409}
    alive = await relief.stand.rows(
        "select m.person_id from member m where m.person_id = any(:ids) and not exists (select from kernel.effect f"
        " where f.kind = 'end_share' and f.object_id = m.id and f.annulled_at is null)",
        ids=[person_id(500 + number) for number in range(12)],
    )
    assert alive == []


async def test_changes_of_one_family_at_once_all_count(relief: Families) -> None:
    """Deaths, incomes and re-checks of one family together: no deadlock, no lost change, the same end in any order."""
    family = await relief.enter(ADULT, ADULT, ADULT, ADULT, since=plus(month_of(clock.today()), -2))
    month = month_of(clock.today()).isoformat()[:7]

    async def act(number: int) -> int:
        income: dict[str, Any] = {"monthlyIncome": f"{number}.00"}
        if number % 2:
            path, body = f"households/{family.household_id}/incomes", income | {"fromMonth": month}
        else:
            path = f"cases/{family.case_id}/recheck"
            body = income | {"effectiveMonth": month, "remark": "入户核实"}
        return (await relief.stand.client.post(f"/api/relief/{path}", json=body, headers=relief.town)).status_code

    deaths = [relief.confirmed(person, clock.today() - timedelta(days=31)) for person in family.people[1:3]]
    statuses, _ = await asyncio.gather(
        asyncio.gather(*(act(number) for number in range(20))), relief.stand.hear(*deaths)
    )
    assert set(statuses) <= {200, 201}, statuses
    assert await relief.stand.scalar("select count(*) from income") == 21
    answered = await relief.stand.rows("select cause, done_at is not null from recheck")
    shown = await relief.get(f"/cases/{family.case_id}", relief.town)
    assert shown["state"] == ("ACTIVE" if all(done for _, done in answered) else "UNDER_REVIEW")
    assert [member["isCounted"] for member in shown["members"]] == [True, False, False, True]
    seqs = [one["seq"] for one in await relief.stand.told("relief.benefit.adjusted.v1")]
    assert seqs == list(range(1, len(seqs) + 1))
