"""A district's families come in by statements, not one by one; its monthly run is a few statements too."""

from collections.abc import Callable
from datetime import date
from time import perf_counter

from services.relief.benefits.rates import PAYMENTS
from services.relief.benefits.service import NewCase
from services.relief.benefits.service import add_many as add_cases
from services.relief.households.rules import Condition
from services.relief.households.service import NewHousehold, NewMember
from services.relief.households.service import add_many as add_households
from shared import clock
from shared.payments import NewAccount, month_of, open_accounts
from shared.payments.months import plus
from tests.relief.families import CARD, DISTRICT, VILLAGE, Families, person_id

FAMILIES, PERSONS = 3_168, 4_108  # the plan's figures of end 2020
MONTH = plus(month_of(clock.today()), -2)


async def test_a_district_is_entered_and_paid_in_seconds(
    relief: Families, record_property: Callable[[str, object], None]
) -> None:
    started = perf_counter()
    async with relief.stand.unit() as unit:
        families = []
        for number in range(FAMILIES):
            heads = 2 if number < PERSONS - FAMILIES else 1
            members = [
                NewMember(
                    person_id(2 * number + head),
                    "SPOUSE" if head else "SELF",
                    date(1950 + number % 40, 1 + number % 12, 1),
                    MONTH,
                    name="示例甲",
                    conditions=[Condition("SEVERE_DISABILITY", MONTH)] if number % 5 == 0 else (),
                )
                for head in range(heads)
            ]
            families.append(NewHousehold(VILLAGE, members[0].person_id, members, 300_00 * heads, MONTH))
        ids = await add_households(unit, families)
        accounts = await open_accounts(
            unit, [NewAccount(family.applicant_id, VILLAGE, "示例甲", CARD) for family in families]
        )
        cases = [
            NewCase(household_id, "DIBAO", VILLAGE, family.applicant_id, MONTH, account_id=account)
            for household_id, family, account in zip(ids, families, accounts, strict=True)
        ]
        await add_cases(unit, cases)
    entered = perf_counter() - started
    started = perf_counter()
    async with relief.stand.unit(relief.officer("maker")) as unit:
        batch = await PAYMENTS.open_batch(unit, "dibao", month_of(unit.today), DISTRICT)
        run = await PAYMENTS.run(unit, batch.id)
    paid = perf_counter() - started
    record_property("entered_s", round(entered, 2))
    record_property("paid_s", round(paid, 2))
    assert await relief.stand.scalar("select count(*) from member") == PERSONS
    assert (run.done, run.lines) == (True, FAMILIES * 3)
    undecided = "select count(*) from kernel.payment_line l left join kernel.decision d on d.id = l.decision_id"
    assert await relief.stand.scalar(f"{undecided} where d.id is null") == 0
    differs = f"{undecided} where d.amount_fen <> l.amount_fen and l.month = :month"
    assert await relief.stand.scalar(differs, month=MONTH) == 0
    # generous: what must not happen is a statement for each family, or a look at all of them for each
    assert entered < 15
    assert paid < 15
