"""Bed kinds, codes and scans, the figures of the plan, and the queue for beds."""

import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.eldercare.beds import service as beds
from services.eldercare.beds.rules import BY_HAND, BedInWrongState, Figures, stepped
from services.eldercare.beds.service import NewBed
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Kin
from services.eldercare.institutions.service import Institution
from services.eldercare.scans.rules import view_of
from services.eldercare.stays import service as stays
from services.eldercare.stays.service import NewStay
from services.eldercare.waiting.rules import Need, priority
from shared import clock
from shared.db.principals import Role
from tests.eldercare.world import DISTRICT, HOME, LIUHENG, OTHER_HOME, World


def test_only_the_named_steps_by_hand() -> None:
    states = ("VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE", "RETIRED")
    for action, state in itertools.product(("repair", "reopen", "retire"), states):
        if (action, state) in BY_HAND:
            assert stepped(state, action) == BY_HAND[action, state]
        else:
            with pytest.raises(BedInWrongState):
                stepped(state, action)


def test_figures_without_beds_or_elders_are_unknown_not_zero() -> None:
    empty = Figures(0, 0, 0, 0, 0, 0, 0, 0)
    assert (empty.nursing_share, empty.occupancy, empty.dementia_per_ten_thousand(0)) == (None, None, None)
    third = Figures(beds=3, nursing=1, dementia=1, occupied=2, reserved=0, vacant=1, maintenance=0, family=9)
    assert (third.nursing_share, third.occupancy) == (Decimal("33.33"), Decimal("66.67"))
    assert third.dementia_per_ten_thousand(95_865) == Decimal("0.10")


@pytest.mark.plan("E-20")
async def test_bed_kinds_occupancy_and_the_two_indicators(world: World) -> None:
    async with world.stand.unit() as unit:
        await stays.add_many(unit, [NewStay("bed-a2", world["ann"], date(2026, 1, 5))])
        await beds.add_many(unit, [NewBed(HOME, "F1", "FAMILY"), NewBed(HOME, "A9", "NURSING", id="old")])
    await world.post("/beds/old/steps", world.district, {"action": "retire"})
    assert await world.get("/beds/figures", world.home) == {
        "beds": 3,
        "nursing": 2,  # the dementia bed is one of them
        "dementia": 1,
        "occupied": 1,
        "reserved": 0,
        "vacant": 2,
        "maintenance": 0,
        "family": 1,
        "occupancy": "33.33",
        "k05": "66.67",
        "k07": "10000.00",
        "elders": 1,
        "eldersBase": "老年人数据库中在世的老年人",
    }
    whole = await world.get("/beds/figures", world.district)
    assert (whole["beds"], whole["k05"], whole["elders"], whole["k07"]) == (4, "50.00", 3, "3333.33")
    # beds of institutions that are not operating do not count
    async with world.stand.unit() as unit:
        institution = await unit.get(Institution, OTHER_HOME, lock=True)
        institution.state = "SUSPENDED"
        await unit.flush()
    assert (await world.get("/beds/figures", world.district))["beds"] == 3
    listed = await world.get("/beds?type=DEMENTIA&status=VACANT", world.town)
    assert [bed["id"] for bed in listed["items"]] == ["bed-a3"]


async def test_adding_and_closing_beds(world: World) -> None:
    body = {"institutionId": HOME, "bedNo": "C7", "type": "NURSING"}
    bed = await world.post("/beds", world.home, body, 201)
    assert (await world.post("/beds", world.home, body, 409))["code"] == "bed_number_taken"
    await world.post("/beds", world.home, body | {"institutionId": OTHER_HOME}, 404)
    await world.post("/beds", world.home, body | {"bedNo": "c-7"}, 422)
    path = f"/beds/{bed['id']}/steps"
    assert (await world.post(path, world.home, {"action": "repair"}))["status"] == "MAINTENANCE"
    await world.post(f"/beds/{bed['id']}/stays", world.home, {"personId": world["ann"]}, 409)
    assert (await world.post(path, world.home, {"action": "reopen"}))["status"] == "VACANT"
    await world.post(path, world.home | {"if-match": "1"}, {"action": "retire"}, 409)
    assert (await world.post(path, world.home, {"action": "retire"}))["status"] == "RETIRED"
    await world.post(path, world.home, {"action": "reopen"}, 409)


# ── codes and scans ──────────────────────────────────────────────────────────────────────────────


def test_the_view_is_the_smallest_that_serves() -> None:
    for role in Role:
        assert view_of(role, is_theirs=False, is_family=False) == "PUBLIC"
    assert view_of(Role.RESIDENT, is_theirs=False, is_family=True) == "FAMILY"
    assert view_of(Role.TOWN_CLERK, is_theirs=False, is_family=True) == "PUBLIC"
    assert view_of(Role.CARER, is_theirs=True, is_family=False) == "CARER"
    assert view_of(Role.DISTRICT_OFFICER, is_theirs=True, is_family=False) == "INSPECTOR"
    assert view_of(Role.SYSTEM, is_theirs=True, is_family=False) == "PUBLIC"


@pytest.mark.plan("E-29", part="code, views by role, scans logged")
async def test_one_code_shows_each_role_its_view(world: World) -> None:
    ann = world["ann"]
    async with world.stand.unit() as unit:
        await stays.add_many(unit, [NewStay("bed-a1", ann, date(2026, 1, 5), "C-77")])
        await elders.relate(unit, [Kin(ann, world["bo"], "CHILD", 1)])
    code = (await world.get("/beds/bed-a1", world.home))["code"]
    assert code.startswith("PTB-MJ654321-A1-")
    path = f"/beds/by-code/{code}"
    public = {"name": "示例养老院", "complaintPhone": "05800000001"}
    nobody = {"view": "PUBLIC", "bedNo": "A1", "type": "NORMAL", "institution": public}
    nothing = {"status": None, "care": None, "contract": None}
    assert await world.get(f"{path}/public", {}) == nobody | nothing
    assert await world.get(path, world.other_town) == nobody | nothing
    assert await world.get(path, world.resident("cai")) == nobody | nothing
    family = await world.get(path, world.resident("bo"))
    assert (family["view"], family["contract"], family["status"]) == ("FAMILY", None, None)
    assert (family["care"]["careLevel"], family["care"]["name"]) == ("CARE_2", "安*例")
    carer = await world.get(path, world.stand.headers(Role.CARER, LIUHENG, org=HOME, account="carer"))
    assert (carer["view"], carer["care"]["abilityLevel"], carer["contract"]) == ("CARER", 3, None)
    inspector = await world.get(path, world.town)
    assert inspector["contract"] == {"contractNo": "C-77", "subsidies": []}
    foreign = world.stand.headers(Role.CARER, LIUHENG, org=OTHER_HOME, account="other-carer")
    assert (await world.get(path, foreign))["view"] == "PUBLIC"
    # forged and mistyped codes are the same: nothing
    for wrong in (code[:-1] + ("A" if code[-1] != "A" else "B"), "PTB-MJ654321-A1-AAAAAAAAAA", "x", code.lower()):
        await world.get(f"/beds/by-code/{wrong}", world.town, 404)
    scans = (await world.get("/beds/bed-a1/scans", world.home))["items"]
    assert [scan["view"] for scan in scans] == [
        "PUBLIC",
        "INSPECTOR",
        "CARER",
        "FAMILY",
        "PUBLIC",
        "PUBLIC",
        "PUBLIC",
    ]
    assert (await world.get("/beds/bed-a1/scans", world.stand.headers(Role.TOWN_CLERK, DISTRICT)))["items"]
    assert (await world.get("/beds/bed-a1/scans", world.other_town))["items"] == []


# ── the queue ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("E-10", part="order of priority")
@pytest.mark.parametrize(
    ("facts", "rank"),
    [
        ({"relief_class": "DESTITUTE"}, 1),
        ({"relief_class": "DESTITUTE", "is_islander_with_medical_need": True}, 1),
        ({"relief_class": "MINIMUM", "ability_level": 2}, 2),
        ({"relief_class": "MINIMUM", "ability_level": 1}, 4),
        ({"relief_class": "MARGINAL", "has_dementia": True}, 2),
        ({"relief_class": "MINIMUM", "age": 80}, 2),
        ({"relief_class": "MINIMUM", "age": 79}, 4),
        ({"relief_class": "MINIMUM", "lives_alone": True}, 2),
        ({"is_special_family": True}, 2),
        ({"ability_level": 4, "has_dementia": True, "age": 99, "lives_alone": True}, 4),
        ({"is_islander_with_medical_need": True}, 3),
        ({}, 4),
    ],
)
def test_who_comes_first(facts: dict[str, Any], rank: int) -> None:
    plain: dict[str, Any] = {
        "relief_class": "",
        "ability_level": None,
        "has_dementia": False,
        "age": 70,
        "lives_alone": False,
        "is_special_family": False,
        "is_islander_with_medical_need": False,
    }
    assert priority(Need(**(plain | facts)), very_old=80, disabled_level=2) == rank


@pytest.mark.plan("E-10", part="willingness, queue, bed within the time promised, shares")
async def test_a_willing_destitute_elder_gets_a_bed(world: World) -> None:
    start = clock.now()
    async with world.stand.unit() as unit:
        await elders.change(unit, world["ann"], {"relief_class": "DESTITUTE"})
    with clock.frozen(start):
        await world.post("/waiting-list", world.town, {"personId": world["bo"]}, 201)
        await world.post("/waiting-list", world.town, {"personId": world["bo"]}, 409)
        asked = {"support": "CENTRAL", "askedOn": clock.today().isoformat(), "cannotCareForSelf": True}
        refused = await world.post(f"/elders/{world['bo']}/support-choice", world.town, asked, 409)
        assert refused["code"] == "not_destitute"
    with clock.frozen(start + timedelta(hours=1)):
        await world.post(f"/elders/{world['ann']}/support-choice", world.town, asked)
        queue = (await world.get("/waiting-list", world.town))["items"]
        assert [(entry["personId"], entry["priority"]) for entry in queue] == [(world["ann"], 1), (world["bo"], 4)]
        promised = (clock.now() + timedelta(days=30)).isoformat().replace("+00:00", "Z")
        assert (queue[0]["dueAt"], queue[1]["dueAt"]) == (promised, None)
        figures = await world.get("/waiting-list/support-figures", world.town)
        assert figures == {"willing": 1, "willingPlaced": 0, "helpless": 1, "helplessPlaced": 0}
        stay = await world.post("/beds/bed-a2/stays", world.home, {"personId": world["ann"]}, 201)
        await world.post(f"/stays/{stay['id']}/check-in", world.home, {"contractNo": "C1"})
        figures = await world.get("/waiting-list/support-figures", world.town)
        assert figures == {"willing": 1, "willingPlaced": 1, "helpless": 1, "helplessPlaced": 1}
        queue = (await world.get("/waiting-list", world.town))["items"]
        assert [entry["personId"] for entry in queue] == [world["bo"]]
        await world.post(f"/waiting-list/{queue[0]['id']}/withdraw", world.town)
        await world.post(f"/waiting-list/{queue[0]['id']}/withdraw", world.town, expect=409)


async def test_who_wants_to_stay_at_home_leaves_the_queue(world: World) -> None:
    async with world.stand.unit() as unit:
        await elders.change(unit, world["ann"], {"relief_class": "DESTITUTE"})
    asked = {"support": "CENTRAL", "askedOn": clock.today().isoformat()}
    path = f"/elders/{world['ann']}/support-choice"
    await world.post(path, world.town, asked)
    await world.post(path, world.town, asked | {"support": "DISPERSED"})
    assert (await world.get("/waiting-list", world.town))["items"] == []
    tomorrow = (clock.today() + timedelta(days=2)).isoformat()
    await world.post(path, world.town, asked | {"askedOn": tomorrow}, 422)
