"""高龄津贴 and 养老服务补贴: the rules with the plan's numbers, proposals, confirmation by two, the batches."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.eldercare.elders import service as elders
from services.eldercare.elders.rules import birthday
from services.eldercare.elders.service import Elder, NewElder
from services.eldercare.law import PARAMETERS
from services.eldercare.subsidies import rates
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.subsidies.rules import CARE, LONGEVITY
from services.eldercare.subsidies.service import NewSubsidy, decide_for
from shared import clock
from shared.clock import SHANGHAI
from shared.contracts.affairs import DeathConfirmed
from shared.contracts.brain import PersonUpdated
from shared.db.principals import Role
from shared.payments.months import plus
from tests.eldercare.world import DISTRICT, VILLAGE, World, person_id

NOW = datetime(2026, 5, 15, 10, tzinfo=SHANGHAI)
MAY = date(2026, 5, 1)
CARD = ("安示例", "6228480360100000015")


def finance(world: World) -> dict[str, str]:
    return world.stand.headers(Role.FINANCE_OFFICER, DISTRICT, account="finance")


def elder(birth: date = date(1940, 1, 1), **facts: Any) -> Elder:
    values = {"relief_class": "", "ability_level": None, "has_dementia": False} | facts
    return Elder(person_id="p", area_code=VILLAGE, birth=birth, created_at=NOW, **values)


# ── the rules ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("E-25", part="amounts by age")
@pytest.mark.parametrize(
    ("birth", "fen"),
    [
        (date(1946, 6, 1), None),
        (date(1946, 5, 31), 50_00),  # eighty in this month: from this month on
        (date(1946, 5, 1), 50_00),
        (date(1936, 6, 1), 50_00),
        (date(1936, 5, 31), 100_00),
        (date(1926, 6, 1), 100_00),
        (date(1926, 5, 31), 500_00),
        (date(1910, 1, 1), 500_00),
    ],
)
def test_longevity_by_age(birth: date, fen: int | None) -> None:
    decision = decide_for(LONGEVITY, elder(birth), MAY)
    assert (decision.outcome, decision.amount_fen) == (("granted", fen) if fen else ("refused", None))
    assert decision.reasons[0].source == "ZJ-EL 27"


@pytest.mark.plan("E-25", part="amounts by level")
@pytest.mark.parametrize(
    ("facts", "fen"),
    [
        ({"relief_class": "MINIMUM", "ability_level": 1}, 125_00),
        ({"relief_class": "MINIMUM", "ability_level": 2}, 250_00),
        ({"relief_class": "MARGINAL", "ability_level": 3}, 500_00),
        ({"relief_class": "MARGINAL", "ability_level": 4}, 750_00),
        ({"relief_class": "", "ability_level": 4}, None),
        ({"relief_class": "DESTITUTE", "ability_level": 4}, None),  # has the care tier of 特困 instead
        ({"relief_class": "MINIMUM", "ability_level": None}, None),
        ({"relief_class": "MINIMUM", "ability_level": 0}, None),
        ({"relief_class": "MINIMUM", "ability_level": 0, "has_dementia": True}, None),
    ],
)
def test_care_subsidy_by_level(facts: dict[str, Any], fen: int | None) -> None:
    decision = decide_for(CARE, elder(**facts), MAY)
    assert (decision.outcome, decision.amount_fen) == (("granted", fen) if fen else ("refused", None))
    assert all(reason.sentence for reason in decision.reasons)


def test_every_amount_says_where_it_comes_from() -> None:
    for key in ("longevity.amounts", "care_subsidy.amounts"):
        assert all(value.source and value.assumed for value in PARAMETERS[key].values)


# ── the same rule as SQL ─────────────────────────────────────────────────────────────────────────


async def test_sql_and_python_agree_to_the_fen(world: World, seed: int) -> None:
    """600 elders around every band's edge, 30 months each: what the statement says is what the rule says."""
    from random import Random

    random = Random(seed)
    months = [plus(date(2024, 1, 1), number) for number in range(30)]
    people = []
    for number in range(600):
        edge = birthday(date(1944, 1, 1), random.choice((0, 10, -10, -20, 5)))
        birth = edge + timedelta(days=random.randrange(-40, 960))
        level = random.randrange(1, 5)
        people.append(
            NewElder(
                person_id(20_000 + number),
                VILLAGE,
                birth,
                ability_level=level,
                ability_on=date(2020, 1, 1),
                relief_class="MINIMUM",
            )
        )
    async with world.stand.unit() as unit:
        await elders.add_many(unit, people)
        rights = [NewSubsidy(one.person_id, scheme, months[0]) for one in people for scheme in (LONGEVITY, CARE)]
        await subsidies.add_many(unit, rights)
        wrong = 0
        for one in people[:: 600 // 120]:
            row = await unit.get(Elder, one.person_id)
            for statement in await PAYMENTS.statement(unit, one.person_id, months[0], months[-1]):
                expected = decide_for(statement.scheme, row, statement.month).amount_fen or 0
                wrong += statement.due_fen != expected
    assert wrong == 0


@given(st.dates(date(2015, 1, 1), date(2035, 12, 1)), st.integers(0, 45 * 366))
def test_amounts_never_fall_with_age(day: date, older: int) -> None:
    """Whoever is older gets at least as much in the same month."""
    month, birth = day.replace(day=1), date(1955, 1, 1)
    young = decide_for(LONGEVITY, elder(birth), month).amount_fen or 0
    old = decide_for(LONGEVITY, elder(birth - timedelta(days=older)), month).amount_fen or 0
    assert young <= old


async def test_new_rates_are_looked_at_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A raise from March that is published in May: the difference since March comes with the next run."""
    with clock.frozen(NOW):
        async with world.stand.unit() as unit:
            await subsidies.add_many(unit, [NewSubsidy(world["ann"], LONGEVITY, date(2026, 2, 1), CARD)])
            [_, _] = await subsidies.run(unit, MAY, DISTRICT)
        raised = rates.rates() | {(LONGEVITY, "330903", date(2026, 3, 1), 80, 60_00)}
        monkeypatch.setattr(rates, "rates", lambda: raised)
        async with world.stand.unit() as unit:
            [longevity, _] = await subsidies.run(unit, MAY, DISTRICT)
        assert (longevity.added, longevity.added_fen) == (3, 30_00)
        lines = await world.stand.rows(
            "select month, sum(amount_fen) from kernel.payment_line where state = 'PENDING' group by 1 order by 1"
        )
        assert [int(total) for _, total in lines] == [50_00, 60_00, 60_00, 60_00]


async def test_a_new_assessment_counts_from_its_month(world: World) -> None:
    with clock.frozen(NOW):
        async with world.stand.unit() as unit:
            await elders.change(unit, world["ann"], {"relief_class": "MINIMUM"})
            await subsidies.add_many(unit, [NewSubsidy(world["ann"], CARE, date(2026, 2, 1))])
            await subsidies.run(unit, MAY, DISTRICT)
            await elders.change(unit, world["ann"], {"ability_level": 4, "ability_on": date(2026, 4, 20)})
            [_, care] = await subsidies.run(unit, MAY, DISTRICT)
    assert (care.added, care.added_fen) == (2, 500_00)  # 250 more for April and May each


# ── from the proposal to the money ───────────────────────────────────────────────────────────────


@pytest.mark.plan("E-25", part="proposed by rule, confirmed and approved by two people, paid monthly")
async def test_from_proposal_to_the_bank(world: World) -> None:
    with clock.frozen(NOW):
        async with world.stand.unit() as unit:
            await elders.change(unit, world["ann"], {"relief_class": "MINIMUM"})
        found = await world.post("/subsidies/propose", finance(world), {"month": "2026-05"})
        assert found == {"proposed": 3}  # ann twice, cai; bo is too young
        assert await world.post("/subsidies/propose", finance(world), {"month": "2026-05"}) == {"proposed": 0}
        listed = (await world.get("/subsidies?state=CANDIDATE", world.town))["items"]
        assert {(one["personId"], one["scheme"], one["fromMonth"]) for one in listed} == {
            (world["ann"], LONGEVITY, "2026-05"),
            (world["ann"], CARE, "2026-05"),
        }
        ids = [one["id"] for one in listed]
        await world.post("/subsidies/activate", world.district, {"ids": ids}, 409)  # nobody has confirmed
        await world.post("/subsidies/confirm", world.district, {"ids": ids}, 403)
        await world.post("/subsidies/confirm", world.other_town, {"ids": ids}, 404)
        confirmed = await world.post("/subsidies/confirm", world.town, {"ids": ids})
        assert {one["state"] for one in confirmed["items"]} == {"CONFIRMED"}
        same = world.stand.headers(Role.DISTRICT_OFFICER, DISTRICT, account="town")
        refused = await world.post("/subsidies/activate", same, {"ids": ids}, 403)
        assert refused["code"] == "same_person"
        active = await world.post("/subsidies/activate", world.district, {"ids": ids})
        assert {one["state"] for one in active["items"]} == {"ACTIVE"}
        by_scheme = {one["scheme"]: one for one in active["items"]}
        cash = by_scheme[LONGEVITY]
        # without an account the cash line is left out with its reason; the quota needs none
        run = await world.post("/subsidies/run", finance(world), {"month": "2026-05", "areaCode": DISTRICT})
        batches = {one["scheme"]: one for one in run["batches"]}
        assert {key: (one["added"], one["addedTotal"]) for key, one in batches.items()} == {
            LONGEVITY: (1, "50.00"),
            CARE: (1, "500.00"),
        }
        path = f"/payments/batches/{batches[LONGEVITY]['batchId']}"
        assert (await world.post(f"{path}/check", finance(world)))["excluded"] == {"no_account": 1}
        body = {"holder": "安示例", "card": "6228480360100000015"}
        await world.post(f"/subsidies/{cash['id']}/account", world.town, body)
        again = await world.post("/subsidies/run", finance(world), {"month": "2026-05", "areaCode": DISTRICT})
        [more] = [one for one in again["batches"] if one["scheme"] == LONGEVITY]
        assert (more["added"], more["addedTotal"]) == (1, "50.00")
        path = f"/payments/batches/{more['batchId']}"
        assert (await world.post(f"{path}/check", finance(world)))["excluded"] == {}
        decision = await world.get(f"/decisions/{cash['decisionId']}/why", world.town)
        assert "年满86周岁" in str(decision)


async def test_the_twentieth_makes_the_batches(world: World) -> None:
    with clock.frozen(NOW):
        async with world.stand.unit() as unit:
            await subsidies.add_many(unit, [NewSubsidy(world["ann"], LONGEVITY, date(2026, 4, 1), CARD)])
        await world.stand.settle()  # the schedules learn what time it is
    with clock.frozen(datetime(2026, 7, 21, tzinfo=SHANGHAI)):
        await world.stand.settle()
        listed = (await world.get("/payments/batches", finance(world)))["items"]
        batches = {(one["scheme"], one["month"], one["state"], one["lines"]) for one in listed}
        # one batch for all the months that were slept through; an empty one stands in nobody's way
        assert batches == {(LONGEVITY, "2026-07", "DRAFT", 4), (CARE, "2026-07", "CHECKED", 0)}
        candidates = (await world.get("/subsidies?state=CANDIDATE", world.district))["items"]
        assert [(one["personId"], one["fromMonth"]) for one in candidates] == [(world["cai"], "2026-07")]
    with clock.frozen(datetime(2026, 8, 21, tzinfo=SHANGHAI)):
        await world.stand.settle()
        listed = (await world.get("/payments/batches", finance(world)))["items"]
        # July's draft waits for its check; August stands behind it and comes with the next run
        assert {one["month"] for one in listed if one["scheme"] == LONGEVITY} == {"2026-07"}
        [draft] = [one for one in listed if one["scheme"] == LONGEVITY]
        await world.post(f"/payments/batches/{draft['id']}/check", finance(world))
        body = {"month": "2026-08", "areaCode": DISTRICT}
        [august, _] = (await world.post("/subsidies/run", finance(world), body))["batches"]
        assert (august["added"], august["addedTotal"]) == (1, "50.00")


@pytest.mark.plan("E-25", part="dead recipients and duplicates are left out with a reason")
async def test_the_dead_and_the_double_are_left_out(world: World) -> None:
    with clock.frozen(NOW):
        async with world.stand.unit() as unit:
            await subsidies.add_many(
                unit, [NewSubsidy(world[key], LONGEVITY, date(2026, 4, 1), CARD) for key in ("ann", "cai")]
            )
            # a second right of the same person, slipped in by another way
            await unit.execute(
                text(
                    "insert into kernel.entitlement (id, scheme, person_id, household_id, org_id, area_code,"
                    " account_id, from_month, decision_id, reconsider_from, created_at)"
                    " select 'zz', scheme, person_id, '', '', area_code, account_id, from_month, '',"
                    " from_month, created_at from kernel.entitlement"
                    " where person_id = :person_id"
                ),
                {"person_id": world["ann"]},
            )
        died = PersonUpdated(person_id=world["cai"], changed=["life_status"], version=2, life_status="DECEASED")
        await world.stand.hear(died)
        run = await world.post("/subsidies/run", finance(world), {"month": "2026-05", "areaCode": DISTRICT})
        batch_id = run["batches"][0]["batchId"]
        checked = await world.post(f"/payments/batches/{batch_id}/check", finance(world))
        assert checked["excluded"] == {"deceased": 2, "duplicate": 2}
        lines = (await world.get(f"/payments/batches/{batch_id}/lines?state=EXCLUDED", finance(world)))["items"]
        assert {line["reason"] for line in lines} == {"人口库已登记死亡，待死亡确认", "同一人同一待遇同月重复"}
        # and they stand on the list of doubts until the death is confirmed
        doubtful = (await world.get("/subsidies/doubtful", world.district))["items"]
        assert [one["personId"] for one in doubtful] == [world["cai"]]
        case = DeathConfirmed(
            death_case_id="case", person_id=world["cai"], death_date=date(2026, 4, 3), confirmed_by=["a"]
        )
        await world.stand.hear(case)
        assert (await world.get("/subsidies/doubtful", world.district))["items"] == []
        # April, the month of death, is due and paid; May is not
        again = await world.post("/subsidies/run", finance(world), {"month": "2026-05", "areaCode": DISTRICT})
        assert [one["added"] for one in again["batches"] if one["scheme"] == LONGEVITY] == [3]
        due = await world.stand.rows(
            "select person_id, month from kernel.payment_line where state = 'PENDING' and batch_id = :id"
            " and person_id = :cai",
            id=again["batches"][0]["batchId"],
            cai=world["cai"],
        )
        assert due == [(world["cai"], date(2026, 4, 1))]


@pytest.mark.plan("E-25", part="proof of life")
async def test_suspended_and_resumed_without_a_gap(world: World) -> None:
    with clock.frozen(NOW):
        async with world.stand.unit() as unit:
            await subsidies.add_many(unit, [NewSubsidy(world["ann"], LONGEVITY, date(2026, 3, 1), CARD)])
        [subsidy] = (await world.get("/subsidies", world.town))["items"]
        path = f"/subsidies/{subsidy['id']}"
        held = await world.post(f"{path}/suspend", world.town, {"reason": "六个月未完成生存认证"})
        assert held["state"] == "SUSPENDED"
        await world.post(f"{path}/suspend", world.town, {"reason": "再次"}, 409)
        run = {"month": "2026-05", "areaCode": DISTRICT}
        first = (await world.post("/subsidies/run", finance(world), run))["batches"][0]
        assert first["added"] == 0
        await world.post(f"{path}/resume", world.town)
        second = (await world.post("/subsidies/run", finance(world), run))["batches"][0]
        assert (second["added"], second["addedTotal"]) == (3, "150.00")


async def test_refused_and_ended(world: World) -> None:
    with clock.frozen(NOW):
        await world.post("/subsidies/propose", finance(world), {"month": "2026-05"})
        [candidate] = (await world.get("/subsidies", world.town))["items"]
        refused = await world.post(f"/subsidies/{candidate['id']}/refuse", world.town, {"reason": "户籍已迁出"})
        assert (refused["state"], refused["reason"]) == ("ENDED", "户籍已迁出")
        assert await world.post("/subsidies/propose", finance(world), {"month": "2026-05"}) == {"proposed": 0}
        async with world.stand.unit() as unit:
            await subsidies.add_many(unit, [NewSubsidy(world["ann"], LONGEVITY, date(2026, 1, 1), CARD)])
        [running] = (await world.get("/subsidies?state=ACTIVE", world.town))["items"]
        body = {"lastMonth": "2026-03", "reason": "户籍迁出"}
        ended = await world.post(f"/subsidies/{running['id']}/end", world.district, body)
        assert (ended["state"], ended["lastMonth"]) == ("ENDED", "2026-03")
        run = {"month": "2026-05", "areaCode": DISTRICT}
        assert (await world.post("/subsidies/run", finance(world), run))["batches"][0]["added"] == 3
        # nothing can be confirmed that the rule refuses
        async with world.stand.unit() as unit:
            await unit.execute(
                text(
                    "insert into subsidy (id, person_id, area_code, scheme, state, from_month, decision_id,"
                    " proposed_at, confirmed_by, suspension_id, reason, version)"
                    " values ('019a0000-0000-7000-8000-000000000000',"
                    " :id, '330903100201', 'longevity', 'CANDIDATE', '2026-05-01', '', now(), '', '', '', 1)"
                ),
                {"id": world["bo"]},
            )
        ids = ["019a0000-0000-7000-8000-000000000000"]
        no = await world.post("/subsidies/confirm", world.town, {"ids": ids}, 409)
        assert no["code"] == "not_eligible"
        assert "未到高龄津贴起始年龄" in no["detail"]


@pytest.mark.parametrize("month", ["1900-01", "2024-04", "2026-07", "2199-12"])
async def test_months_out_of_reach(world: World, month: str) -> None:
    with clock.frozen(NOW):
        refused = await world.post("/subsidies/propose", finance(world), {"month": month}, 422)
        assert (refused["code"], refused["errors"][0]["field"]) == ("month_out_of_reach", "month")
        body = {"personId": world["ann"], "scheme": LONGEVITY, "fromMonth": month}
        assert (await world.post("/subsidies", world.town, body, 422))["errors"][0]["field"] == "fromMonth"


@pytest.mark.plan("E-25", part="on application")
async def test_an_application_is_a_candidate(world: World) -> None:
    with clock.frozen(NOW):
        body = {"personId": world["ann"], "scheme": LONGEVITY, "fromMonth": "2026-03"}
        candidate = await world.post("/subsidies", world.resident("ann"), body, 201)
        assert (candidate["state"], candidate["fromMonth"]) == ("CANDIDATE", "2026-03")
        assert (await world.post("/subsidies", world.town, body, 409))["code"] == "already_granted"
        await world.post("/subsidies", world.resident("bo"), body, 404)
