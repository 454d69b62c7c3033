"""Reports open one case and stop nothing; who may report whom; what the reference copy says."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared import clock
from shared.china import resident_id
from shared.contracts.affairs import DeathConfirmed, DeathReported
from shared.contracts.brain import KinshipChanged, PersonMerged, PersonMoved, PersonRegistered, PersonUpdated
from shared.db.principals import Role
from tests.affairs.world import DONGGANG, HOME, LIUHENG, VILLAGE, World, days_ago

REPORT = {"deathDate": days_ago(2), "place": "家中"}


@pytest.mark.plan("A-09", part="duplicate reports make one case")
async def test_reports_of_one_death_make_one_case(world: World) -> None:
    event = world.reported()
    await world.stand.hear(event, event)  # delivered twice under two ids
    await world.stand.hear(world.reported(source="VILLAGE", unit=VILLAGE))
    body = REPORT | {"idNumber": world.numbers["ann"], "source": "HOSPITAL", "sourceUnit": "示例医院"}
    joined = await world.post("/deaths", world.town, body, 200)
    assert joined["isNew"] is False
    await world.post("/deaths", world.town, body, 200)  # said twice
    cases = await world.get(f"/deaths?personId={world['ann']}&total=true", world.town)
    assert cases["total"] == 1
    [item] = cases["items"]
    assert (item["id"], item["state"]) == (joined["caseId"], "VERIFYING")
    case = await world.get(f"/deaths/{item['id']}", world.town)
    assert [source["kind"] for source in case["sources"]] == ["INSTITUTION", "VILLAGE", "HOSPITAL"]
    assert case["assessment"]["officersNeeded"] == 2
    assert len(await world.sent(DeathReported)) == 1
    assert await world.sent(DeathConfirmed) == []
    assert set((await world.states(item["id"])).values()) <= {"WAITING", "READY", "SKIPPED"}


async def test_ten_reports_at_once_open_one_case(world: World) -> None:
    events = [world.reported(unit=f"org-{number}") for number in range(10)]
    await world.stand.hear(*events)
    assert await world.stand.scalar("select count(*) from death_case") == 1
    assert await world.stand.scalar("select count(*) from kernel.matter") == 1
    assert await world.stand.scalar("select count(*) from death_source") == 10


async def test_one_report_leaves_the_case_reported_and_the_matter_open(world: World) -> None:
    case_id = await world.case()
    matter = await world.get(f"/matters/{case_id}", world.town)
    assert (matter["definition"], matter["version"], matter["state"]) == ("after-death", 1, "REPORTED")
    assert (await world.get(f"/deaths/{case_id}", world.town))["state"] == "REPORTED"


async def test_a_resident_reports_for_her_relatives_only(world: World) -> None:
    body = REPORT | {"personId": world["ann"], "source": "FAMILY"}
    await world.post("/deaths", world.resident("eve"), body, 404)
    case = await world.post("/deaths", world.resident("dan"), body, 201)
    await world.post("/deaths", world.resident("dan"), body | {"source": "VILLAGE"}, 422)
    seen = await world.get(f"/deaths/{case['caseId']}", world.resident("bo"))
    assert (seen["state"], seen["sources"], seen["assessment"]) == ("REPORTED", [], None)
    await world.get(f"/deaths/{case['caseId']}", world.resident("eve"), 404)
    assert (await world.get("/deaths", world.resident("eve")))["items"] == []
    assert len((await world.get("/deaths", world.resident("bo")))["items"]) == 1


async def test_the_reporting_institution_sees_the_case_and_its_own_task(world: World) -> None:
    await world.stand.hear(world.reported())
    [item] = (await world.get("/deaths", world.home))["items"]
    matter = await world.get(f"/matters/{item['id']}", world.home)
    assert [task["id"] for task in matter["tasks"]] == ["T15"]
    other = world.stand.headers(Role.INSTITUTION_ADMIN, LIUHENG, org="org-other", account="other")
    assert (await world.get("/deaths", other))["items"] == []
    await world.get(f"/matters/{item['id']}", other, 404)


async def test_rows_of_another_town_are_not_there(world: World) -> None:
    case_id = await world.case()
    body = REPORT | {"personId": world["ann"], "source": "HOSPITAL", "sourceUnit": "示例医院"}
    await world.post("/deaths", world.other_town, body, 404)
    assert (await world.get("/deaths", world.other_town))["items"] == []
    await world.get(f"/deaths/{case_id}", world.other_town, 404)
    await world.get(f"/matters/{case_id}", world.other_town, 404)
    await world.get(f"/matters/{case_id}/diagram", world.other_town, 404)
    await world.post(f"/matters/{case_id}/tasks/T01/complete", world.other_town, {"result": {}}, 404)
    evidence = {"kind": "medical_certificate", "idNumber": world.numbers["ann"], "deathDate": days_ago(2)}
    await world.post(f"/deaths/{case_id}/evidence", world.other_town, evidence, 404)


async def test_the_hotline_and_the_funeral_home_may_report(world: World) -> None:
    hotline = world.stand.headers(Role.HOTLINE_OPERATOR, "330903000000", account="hotline")
    funeral = world.stand.headers(Role.FUNERAL_STAFF, LIUHENG, org="org-funeral", account="undertaker")
    one = await world.post("/deaths", hotline, REPORT | {"personId": world["ann"], "source": "HOTLINE"}, 201)
    body = REPORT | {"idNumber": world.numbers["ann"], "source": "FUNERAL_HOME"}
    two = await world.post("/deaths", funeral, body, 200)
    assert one["caseId"] == two["caseId"]
    await world.post("/deaths", world.stand.headers(Role.FINANCE_OFFICER, LIUHENG), body, 403)
    assert await world.confirm(one["caseId"], 409)


BAD_REPORTS: list[tuple[dict[str, object], str]] = [
    ({"deathDate": (clock.today() + timedelta(days=2)).isoformat()}, "deathDate"),
    ({"deathDate": "1940-04-30"}, "deathDate"),
    ({"deathDate": "1999-12-31"}, "deathDate"),
    ({"deathDate": "2026-02-30"}, "deathDate"),
    ({"source": "NEIGHBOUR"}, "source"),
    ({"source": "TOWN", "personId": "nobody"}, "personId"),
    ({"personId": None}, "personId"),
    ({"idNumber": "330999195001010015"}, "idNumber"),
    ({"idNumber": "330999195001010017"}, "personId"),
    ({"place": ""}, "place"),
    ({"place": None}, "place"),
    ({"source": "HOSPITAL"}, "sourceUnit"),
    ({"causeCaseId": "0198c3a0-0000-7000-8000-000000000000"}, "causeCaseId"),
]


async def test_bad_reports_name_the_field(world: World) -> None:
    for change, field in BAD_REPORTS:
        body = REPORT | {"personId": world["ann"], "source": "FAMILY"} | change
        refused = await world.post("/deaths", world.town, body, 422)
        assert [error["field"] for error in refused["errors"]] == [field], change
        assert not refused["errors"][0]["message"].isascii()
    assert await world.stand.scalar("select count(*) from death_case") == 0


async def test_the_dead_are_not_reported_again(world: World) -> None:
    event = PersonUpdated(person_id=world["ann"], changed=["life_status"], version=2, life_status="DECEASED")
    await world.stand.hear(event)
    body = REPORT | {"personId": world["ann"], "source": "FAMILY"}
    assert (await world.post("/deaths", world.town, body, 409))["code"] == "person_deceased"
    await world.stand.hear(world.reported())
    assert await world.stand.scalar("select count(*) from death_case") == 0


async def test_a_report_heard_before_the_person_is_registered(world: World) -> None:
    stranger = "p1" + "a" * 26
    event = world.reported().model_copy(update={"person_id": stranger})
    async with world.stand.unit() as unit:  # the envelope says where she lives
        unit.emit(event, area_code=VILLAGE)
    await world.stand.settle()
    [item] = (await world.get(f"/deaths?personId={stranger}", world.town))["items"]
    assert item["areaCode"] == VILLAGE
    registered = PersonRegistered(person_id=stranger, area_code=VILLAGE, birth=date(1950, 1, 1), sex=1)
    await world.stand.hear(registered)
    assert await world.stand.scalar("select birth from person where person_id = :id", id=stranger) == date(1950, 1, 1)


async def test_the_reference_copy_follows_brain(world: World) -> None:
    await world.stand.hear(
        PersonMoved(person_id=world["cai"], from_area=DONGGANG, to_area=VILLAGE, on_date=clock.today()),
        KinshipChanged(
            relation_id="r1",
            person_id=world["cai"],
            relative_id=world["eve"],
            kind="CHILD",
            from_date=date(1975, 1, 1),
            to_date=None,
            version=1,
        ),
        PersonMerged(keep_id=world["cai"], drop_id="p1" + "b" * 26),
    )
    body = REPORT | {"personId": "p1" + "b" * 26, "source": "FAMILY"}
    case = await world.post("/deaths", world.town, body, 201)
    assert case["personId"] == world["cai"]
    assert await world.get(f"/matters/{case['caseId']}", world.resident("eve"))
    ended = KinshipChanged(
        relation_id="r1",
        person_id=world["cai"],
        relative_id=world["eve"],
        kind="CHILD",
        from_date=date(1975, 1, 1),
        to_date=clock.today(),
        version=2,
    )
    await world.stand.hear(ended)
    await world.get(f"/deaths/{case['caseId']}", world.resident("eve"), 404)
    await world.get(f"/matters/{case['caseId']}", world.resident("eve"), 404)


async def test_whose_kinship_has_ended_sees_nothing_of_the_case_any_more(world: World) -> None:
    """Also of one that ended before, and until she is related again."""
    dismissed = await world.case()
    await world.post(f"/deaths/{dismissed}/dismiss", world.officer(), {"reason": "误报"})
    case_id = await world.case()
    bo, dan = world.resident("bo"), world.resident("dan")
    waive = {"reason": "没有公积金账户"}
    paths = [f"/{kind}/{one}" for kind in ("deaths", "matters") for one in (dismissed, case_id)]
    for path in paths:
        await world.get(path, bo)
    marriage: dict[str, Any] = {
        "person_id": world["ann"],
        "relative_id": world["bo"],
        "kind": "SPOUSE",
        "from_date": date(1960, 1, 1),
    }
    await world.stand.hear(KinshipChanged(relation_id="r1", to_date=clock.today(), version=2, **marriage))
    for path in paths:
        await world.get(path, bo, 404)
        await world.get(path, dan)
    await world.get(f"/matters/{case_id}/diagram", bo, 404)
    await world.post(f"/matters/{case_id}/tasks/T08/waive", bo, waive, 404)
    assert (await world.get("/deaths", bo))["items"] == []
    await world.stand.hear(KinshipChanged(relation_id="r2", to_date=None, version=1, **marriage))
    await world.get(f"/matters/{case_id}", bo)


async def test_a_paper_with_the_new_number_of_the_person_is_hers(world: World) -> None:
    """Her number was changed: papers issued since then say the new one, older ones the old one."""
    case_id = await world.case()
    new = resident_id.make("330999", date(1940, 5, 1), 77)
    before = await world.give(case_id, "police_deregistration", idNumber=new, deathDate=None, onDate=days_ago(1))
    assert before["matches"] is False
    path = f"/deaths/{case_id}/evidence/{before['evidenceId']}/withdraw"
    await world.post(path, world.town, {"reason": "号码待核实"})
    alias = world.stand.app.state.person_key.id_for(new)
    changed = PersonUpdated(person_id=world["ann"], changed=["id_number"], version=2, alias_id=alias)
    await world.stand.hear(changed)
    for number in (new, world.numbers["ann"]):
        given = await world.give(case_id, idNumber=number)
        assert (given["matches"], given["assessment"]["isConfirmable"]) == (True, True)
    body = REPORT | {"idNumber": new, "source": "HOSPITAL", "sourceUnit": "示例医院"}
    assert (await world.post("/deaths", world.town, body, 200))["caseId"] == case_id


async def test_a_relative_entered_late_sees_the_matter(world: World) -> None:
    case_id = await world.case()
    await world.get(f"/matters/{case_id}", world.resident("eve"), 404)
    related = KinshipChanged(
        relation_id="r1",
        person_id=world["ann"],
        relative_id=world["eve"],
        kind="CHILD",
        from_date=date(1975, 1, 1),
        to_date=None,
        version=1,
    )
    await world.stand.hear(related)
    assert (await world.get(f"/matters/{case_id}", world.resident("eve")))["state"] == "REPORTED"


async def test_the_institution_of_a_later_report_joins_the_case(world: World) -> None:
    await world.case()
    assert (await world.get("/deaths", world.home))["items"] == []
    await world.stand.hear(world.reported(unit=HOME))
    assert len((await world.get("/deaths", world.home))["items"]) == 1
