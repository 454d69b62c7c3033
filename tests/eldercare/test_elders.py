"""The elder database: fed by the person file and local collection, one file per elder."""

import time
from datetime import date, timedelta

import pytest

from services.eldercare.beds import service as beds
from services.eldercare.beds.service import NewBed
from services.eldercare.devices import service as devices
from services.eldercare.devices.service import NewDevice
from services.eldercare.elders import service as elders
from services.eldercare.elders.rules import age_on, birthday, born_by
from services.eldercare.elders.service import Kin, NewElder
from services.eldercare.institutions import service as institutions
from services.eldercare.institutions.service import NewInstitution
from services.eldercare.orders import service as orders
from services.eldercare.orders.service import NewOrder
from services.eldercare.stays import service as stays
from services.eldercare.stays.service import NewStay
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.service import NewSubsidy
from shared import clock
from shared.contracts.brain import KinshipChanged, PersonMoved, PersonRegistered, PersonUpdated
from shared.db.unit import UnitOfWork
from tests.eldercare.world import DONGGANG, LIUHENG, VILLAGE, World, person_id
from tests.statements import worker_statements
from tools.proofs import on_a_free_machine


def test_birthdays_of_leap_day_children() -> None:
    leap = date(1936, 2, 29)
    assert birthday(leap, 80) == date(2016, 2, 29)
    assert birthday(leap, 81) == date(2017, 3, 1)
    assert (age_on(leap, date(2017, 2, 28)), age_on(leap, date(2017, 3, 1))) == (80, 81)


def test_born_by_is_the_inverse_of_birthday() -> None:
    """Whoever was born by that day has completed the age, nobody else: four years around each leap day."""
    for start in (date(1935, 12, 20), date(1943, 12, 20), date(1899, 12, 20)):
        for day in range(500):
            birth = start + timedelta(days=day)
            for age in (60, 80, 90, 100):
                turning = birthday(birth, age)
                for on in (turning - timedelta(days=1), turning, turning + timedelta(days=1)):
                    assert (birth <= born_by(on, age)) == (turning <= on) == (age_on(birth, on) >= age)


@pytest.mark.plan("E-23", part="reference from the person file")
async def test_the_person_file_feeds_the_elder_database(world: World) -> None:
    today = clock.today()
    old, young = person_id(50), person_id(51)
    await world.stand.hear(
        PersonRegistered(person_id=old, area_code=VILLAGE, birth=date(1940, 1, 1), sex=2),
        PersonRegistered(person_id=young, area_code=DONGGANG, birth=today + timedelta(days=40) - _sixty(today), sex=1),
        PersonRegistered(person_id=person_id(52), area_code=VILLAGE, birth=date(2010, 1, 1), sex=1),
    )
    listed = await world.get("/elders?limit=100", world.district)
    assert old in {item["personId"] for item in listed["items"]}
    assert young not in {item["personId"] for item in listed["items"]}
    # she moves before her birthday, and turns sixty where she lives then
    await world.stand.hear(PersonMoved(person_id=young, from_area=DONGGANG, to_area=VILLAGE, on_date=today))
    with clock.frozen(clock.now() + timedelta(days=42)):
        await world.stand.settle()
        listed = await world.get("/elders?limit=100", world.town)
    [grown] = [item for item in listed["items"] if item["personId"] == young]
    assert grown["areaCode"] == VILLAGE
    assert await world.stand.scalar("select count(*) from younger") == 1


def _sixty(today: date) -> timedelta:
    return today - birthday(date(today.year - 60, today.month, min(today.day, 28)), 0)


async def test_an_older_copy_changes_nothing(world: World) -> None:
    def update(version: int, status: str) -> PersonUpdated:
        return PersonUpdated(person_id=world["ann"], changed=["life_status"], version=version, life_status=status)

    await world.stand.hear(update(5, "DECEASED"))
    await world.stand.hear(update(4, "ALIVE"))
    listed = await world.get("/elders?isLiving=false", world.town)
    assert [item["personId"] for item in listed["items"]] == [world["ann"]]
    await world.stand.hear(update(6, "ALIVE"))
    assert (await world.get("/elders?isLiving=false", world.town))["items"] == []


async def test_the_list_is_masked_filtered_and_paged(world: World) -> None:
    listed = await world.get("/elders?total=true", world.town)
    assert listed["total"] == 2
    assert [(item["name"], item["birth"]) for item in listed["items"]] == [("安*例", "1940"), ("薄*", "1950")]
    first = await world.get("/elders?limit=1", world.town)
    second = await world.get(f"/elders?limit=1&cursor={first['nextCursor']}", world.town)
    assert [page["items"][0]["personId"] for page in (first, second)] == [world["ann"], world["bo"]]
    for query, expected in (
        ("minAge=80", ["ann"]),
        ("minLevel=3", ["ann"]),
        ("living=ALONE", []),
        ("hasDementia=false", ["ann", "bo"]),
        ("reliefClass=MINIMUM", []),
    ):
        found = await world.get(f"/elders?{query}", world.town)
        assert [item["personId"] for item in found["items"]] == [world[key] for key in expected], query
    await world.get("/elders?name=x", world.town, 422)


async def test_local_collection(world: World) -> None:
    path = f"/elders/{world['bo']}"
    body = {"name": "薄示例", "phone": "13800001234", "living": "ALONE", "reliefClass": "MINIMUM"}
    await world.post(path, world.village, body, method="PATCH")
    sealed = await world.stand.scalar("select phone from elder where person_id = :id", id=world["bo"])
    assert b"13800001234" not in bytes(sealed)
    file = await world.get(path, world.village)
    assert (file["name"], file["phone"], file["living"]) == ("薄示例", "13800001234", "ALONE")
    for wrong, field in (
        ({"abilityLevel": 5, "abilityOn": "2026-01-01"}, "abilityLevel"),
        ({"abilityLevel": 2}, "abilityOn"),
        ({"abilityLevel": 2, "abilityOn": (clock.today() + timedelta(days=2)).isoformat()}, "abilityOn"),
        ({"phone": "123"}, "phone"),
        ({"living": None}, "living"),
    ):
        refused = await world.post(path, world.village, wrong, 422, method="PATCH")
        assert [error["field"] for error in refused["errors"]] == [field]
    await world.post(path, world.home, {"living": "ALONE"}, 403, method="PATCH")
    await world.post(path, world.other_town, {"living": "ALONE"}, 404, method="PATCH")


@pytest.mark.plan("E-23", part="one file per elder of what eldercare holds")
async def test_one_file_per_elder(world: World) -> None:
    ann = world["ann"]
    async with world.stand.unit() as unit:
        await stays.add_many(unit, [NewStay("bed-a1", ann, date(2026, 1, 5), "C1")])
        await devices.add_many(unit, [NewDevice(ann, VILLAGE, "S1", date(2026, 1, 6))])
        await orders.add_many(unit, [NewOrder(ann, VILLAGE, "助浴", unit.now + timedelta(days=1))])
        await subsidies.add_many(unit, [NewSubsidy(ann, "longevity", date(2026, 1, 1))])
        await elders.relate(unit, [Kin(ann, world["bo"], "CHILD", 1)])
    file = await world.get(f"/elders/{ann}", world.town)
    assert (file["name"], file["birth"]) == ("安示例", "1940-05-01")
    assert [stay["bedId"] for stay in file["stays"]] == ["bed-a1"]
    assert [device["serialNo"] for device in file["devices"]] == ["S1"]
    assert [order["item"] for order in file["orders"]] == ["助浴"]
    assert [(one["scheme"], one["state"]) for one in file["subsidies"]] == [("longevity", "ACTIVE")]
    assert file["relatives"] == [{"personId": world["bo"], "kind": "CHILD"}]
    assert file["orgId"] == "org-home"
    # herself and her institution see it, the other town does not
    assert (await world.get(f"/elders/{ann}", world.resident("ann")))["personId"] == ann
    assert (await world.get(f"/elders/{ann}", world.home))["personId"] == ann
    await world.get(f"/elders/{ann}", world.other_town, 404)
    await world.get(f"/elders/{ann}", world.resident("bo"), 404)
    await world.get(f"/elders/{world['bo']}", world.home, 404)
    subjects = await world.stand.scalar(
        "select subjects from kernel.audit where action = 'eldercare:get_elder_file' order by id limit 1"
    )
    assert subjects == [ann]


async def test_relatives_follow_the_kinship_file(world: World) -> None:
    def changed(version: int, until: date | None) -> KinshipChanged:
        return KinshipChanged(
            relation_id="r1",
            person_id=world["bo"],
            relative_id=world["ann"],
            kind="PARENT",
            from_date=date(1975, 1, 1),
            to_date=until,
            version=version,
        )

    await world.stand.hear(changed(1, None))
    file = await world.get(f"/elders/{world['ann']}", world.town)
    assert file["relatives"] == [{"personId": world["bo"], "kind": "CHILD"}]
    await world.stand.hear(changed(2, clock.today()))
    assert (await world.get(f"/elders/{world['ann']}", world.town))["relatives"] == []


@pytest.mark.prove
async def test_2000_elders_in_two_seconds(world: World) -> None:
    """Bulk entry is set-based: homes, beds, elders, stays, devices, orders, subsidies in a few statements."""
    started = time.monotonic()
    with worker_statements(world.stand.runtime.database) as statements:
        async with world.stand.unit() as unit:
            await _fill(unit)
    assert len(statements) < 60
    assert not on_a_free_machine() or time.monotonic() - started < 2
    assert await world.stand.scalar("select count(*) from elder where org_id = 'org-big'") == 400
    assert await world.stand.scalar("select count(*) from bed where status = 'OCCUPIED'") == 400
    assert await world.stand.scalar("select count(*) from kernel.entitlement") == 400


async def _fill(unit: UnitOfWork) -> None:
    today, people = unit.today, [person_id(number) for number in range(10_000, 12_000)]
    await institutions.add_many(unit, [NewInstitution("org-big", "53330903MJ100001XG", "大院", LIUHENG)])
    ids = await beds.add_many(unit, [NewBed("org-big", f"Z{number}") for number in range(400)])
    await elders.add_many(
        unit,
        [
            NewElder(one, VILLAGE, date(1940, 1, 1), 1, f"示例{number}", "13800001234", ability_level=2)
            for number, one in enumerate(people)
        ],
    )
    await stays.add_many(unit, [NewStay(bed, one, today) for bed, one in zip(ids, people, strict=False)])
    await devices.add_many(unit, [NewDevice(one, VILLAGE, f"N{one}", today) for one in people[:500]])
    await orders.add_many(unit, [NewOrder(one, VILLAGE, "助洁", unit.now) for one in people[:500]])
    card = ("示例", "6228480360100000015")
    rights = [NewSubsidy(one, "longevity", date(2026, 1, 1), card) for one in people[:400]]
    await subsidies.add_many(unit, rights)
