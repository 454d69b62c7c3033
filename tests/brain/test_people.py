"""The person file: keys, masking, look-up, correction, merge, moves (domain §1.1, §1.6)."""

from datetime import date
from time import perf_counter
from typing import Any

import pytest

from services.brain.people.service import NewPerson, register_people
from shared.db.principals import Role
from tests.brain.conftest import OTHER_TOWN, OTHER_VILLAGE, TOWN, VILLAGE, Brain, number
from tests.brain.test_sign_in import refused

pytestmark = [pytest.mark.db, pytest.mark.plan("S-06", part="the person file")]

BODY = {"name": "王示例", "areaCode": VILLAGE, "idNumber": "330999195001010017"}


async def test_a_file_is_opened_under_the_key_of_the_number(brain: Brain) -> None:
    made = await brain.post("/people", brain.clerk(), **BODY, maritalStatus="20")
    assert made.status_code == 201
    assert made.json() == {
        "personId": brain.desk.person_key.id_for("330999195001010017"),
        "name": "王示例",
        "sex": 1,
        "birth": "1950-01-01",
        "areaCode": VILLAGE,
        "registration": "REGISTERED",
        "lifeStatus": "ALIVE",
        "version": 1,
        "idNumber": "330999********0017",
        "maritalStatus": "20",
        "deathDate": None,
        "mergedInto": None,
        "aliases": [],
    }
    [event] = await brain.stand.told("brain.person.registered.v1")
    assert event == {"personId": made.json()["personId"], "areaCode": VILLAGE, "birth": "1950-01-01", "sex": 1}
    refused(await brain.post("/people", brain.clerk(), **BODY | {"name": "李示例"}), 409, "person_exists")
    stored = await brain.stand.rows("select name, id_number from person")
    assert "王示例".encode() not in stored[0][0]
    assert b"330999195001010017" not in stored[0][1]


async def test_two_thousand_people_are_loaded_in_seconds(brain: Brain) -> None:
    new = [NewPerson(name="王示例", area_code=VILLAGE, id_number=number(one)) for one in range(2000)]
    begun = perf_counter()
    async with brain.stand.unit() as unit:
        ids = await register_people(unit, brain.desk.person_key, new)
    seconds = perf_counter() - begun
    assert len(set(ids)) == 2000
    assert await brain.stand.scalar("select count(*) from person") == 2000
    assert seconds < 2


async def test_lists_mask_and_files_show_and_only_unmasking_shows_the_number(brain: Brain) -> None:
    [person_id] = await brain.people({"id_number": "330999195001010017"})
    [line] = (await brain.get("/people", brain.clerk())).json()["items"]
    assert (line["name"], line["birth"]) == ("王*例", "1950")
    assert "idNumber" not in line
    whole = (await brain.get(f"/people/{person_id}", brain.clerk())).json()
    assert (whole["name"], whole["idNumber"]) == ("王示例", "330999********0017")
    refused(await brain.get(f"/people/{person_id}/unmasked", brain.clerk()), 422, "reason_required")
    unmasked = await brain.get(f"/people/{person_id}/unmasked", brain.clerk(), reason="核对证件")
    assert unmasked.json()["idNumber"] == "330999195001010017"
    logged = await brain.stand.rows(
        "select action, subjects, reason, grade, count from kernel.audit where outcome = 'done'"
        " and action like 'brain:%' and action not like 'brain:test' order by id"
    )
    assert logged == [
        ("brain:list_people", [person_id], "", "NOTHING", 1),
        ("brain:get_person", [person_id], "", "L3", 1),
        ("brain:unmask_person", [person_id], "核对证件", "L4", 1),
    ]


async def test_rows_end_at_the_areas_border(brain: Brain) -> None:
    here, there = await brain.people({}, {"area_code": OTHER_VILLAGE, "name": "林示例"})
    for headers, seen in (
        (brain.clerk(TOWN), {here}),
        (brain.clerk(OTHER_TOWN), {there}),
        (brain.clerk(VILLAGE), {here}),
        (brain.clerk("330903100202"), set()),
        (brain.officer(), {here, there}),
        (brain.stand.headers(Role.DISTRICT_OFFICER, "330902000000"), set()),
    ):
        listed = (await brain.get("/people", headers, total=True)).json()
        assert {one["personId"] for one in listed["items"]} == seen
        assert listed["total"] == len(seen)
        for person_id in (here, there):
            assert (await brain.get(f"/people/{person_id}", headers)).status_code == (200 if person_id in seen else 404)
    filtered = await brain.get("/people", brain.officer(), area=OTHER_TOWN)
    assert [one["personId"] for one in filtered.json()["items"]] == [there]
    assert (await brain.get(f"/people/{here}", brain.resident(here))).status_code == 200
    assert (await brain.get(f"/people/{there}", brain.resident(here))).status_code == 404


async def test_pages_are_walked_without_loss(brain: Brain) -> None:
    ids = set(await brain.people(*({} for _ in range(7))))
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(4):
        page = (await brain.get("/people", brain.clerk(), limit=2, **cursor)).json()
        seen += [one["personId"] for one in page["items"]]
        cursor = {"cursor": page["nextCursor"]}
    assert set(seen) == ids
    assert len(seen) == 7
    assert cursor == {"cursor": None}


async def test_look_up_by_number_stays_inside_the_rows(brain: Brain) -> None:
    [person_id] = await brain.people({"id_number": "33099919450815009X"})
    found = await brain.post("/people/look-up", brain.clerk(), idNumber="33099919450815009x")
    assert found.json()["personId"] == person_id
    body = {"idNumber": "33099919450815009X"}
    refused(await brain.post("/people/look-up", brain.clerk(OTHER_TOWN), **body), 404, "not_found")
    refused(await brain.post("/people/look-up", brain.clerk(), idNumber="330999195001010017"), 404, "not_found")
    assert await brain.stand.scalar("select count(*) from kernel.audit where action = 'brain:look_up_person'") == 3


async def test_a_correction_counts_the_version_and_says_what_changed(brain: Brain) -> None:
    [person_id] = await brain.people({})
    body = {"name": "汪示例", "maritalStatus": "40", "reason": "户口簿更正"}
    changed = await brain.patch(f"/people/{person_id}", brain.clerk(), **body)
    assert (changed.json()["name"], changed.json()["maritalStatus"], changed.json()["version"]) == ("汪示例", "40", 2)
    again = await brain.patch(f"/people/{person_id}", brain.clerk(), **body)
    assert again.json()["version"] == 2
    stale = {**brain.clerk(), "if-match": '"1"'}
    refused(await brain.patch(f"/people/{person_id}", stale, sex=1, reason="更正"), 409, "version_changed")
    assert await brain.stand.told("brain.person.updated.v1") == [
        {
            "personId": person_id,
            "changed": ["name", "marital_status"],
            "version": 2,
            "lifeStatus": None,
            "maritalStatus": "40",
            "aliasId": None,
        }
    ]
    away = await brain.patch(f"/people/{person_id}", brain.clerk(OTHER_TOWN), **body)
    refused(away, 404, "not_found")


async def test_a_move_takes_the_file_to_the_other_town(brain: Brain) -> None:
    [person_id] = await brain.people({})
    body = {"toArea": OTHER_VILLAGE, "onDate": "2026-01-05"}
    moved = await brain.post(f"/people/{person_id}/moves", brain.clerk(), **body)
    assert (moved.status_code, moved.json()["areaCode"]) == (201, OTHER_VILLAGE)
    assert (await brain.get(f"/people/{person_id}", brain.clerk())).status_code == 404
    assert (await brain.get(f"/people/{person_id}", brain.clerk(OTHER_TOWN))).status_code == 200
    [event] = await brain.stand.told("brain.person.moved.v1")
    assert event == {"personId": person_id, "fromArea": VILLAGE, "toArea": OTHER_VILLAGE, "onDate": "2026-01-05"}
    back = await brain.post(f"/people/{person_id}/moves", brain.clerk(OTHER_TOWN), **body)
    assert refused(back, 422, "same_area")["errors"][0]["field"] == "toArea"


async def test_a_new_number_is_an_alias_and_leads_to_the_same_file(brain: Brain) -> None:
    [person_id] = await brain.people({"id_number": None, "birth": date(1950, 1, 1), "sex": 1})
    body = {"idNumber": "330999195001010017", "reason": "补登证件"}
    given = await brain.post(f"/people/{person_id}/number", brain.clerk(), **body)
    derived = brain.desk.person_key.id_for("330999195001010017")
    assert (given.json()["personId"], given.json()["aliases"]) == (person_id, [derived])
    second = {"idNumber": "33099919450815009X", "reason": "重号更正"}
    assert (await brain.post(f"/people/{person_id}/number", brain.clerk(), **second)).json()["birth"] == "1945-08-15"
    second_id = brain.desk.person_key.id_for(second["idNumber"])
    told = await brain.stand.told("brain.person.updated.v1")
    assert [(one["changed"], one["aliasId"]) for one in told] == [(["id_number"], derived), (["id_number"], second_id)]
    for known in (body["idNumber"], second["idNumber"]):
        found = await brain.post("/people/look-up", brain.clerk(), idNumber=known)
        assert found.json()["personId"] == person_id
    refused(await brain.post("/people", brain.clerk(), **BODY), 409, "person_exists")
    [other] = await brain.people({})
    refused(await brain.post(f"/people/{other}/number", brain.clerk(), **body), 409, "person_exists")


async def test_two_files_of_one_person_are_joined(brain: Brain) -> None:
    keep, drop = await brain.people(
        {"id_number": "330999195001010017"}, {"id_number": None, "birth": date(1950, 1, 1), "sex": 1}
    )
    body = {"dropId": drop, "reason": "重复建档"}
    refused(await brain.post(f"/people/{keep}/merges", brain.clerk(), **body), 403, "not_permitted")
    merged = await brain.post(f"/people/{keep}/merges", brain.officer(), **body)
    assert (merged.status_code, merged.json()["aliases"]) == (201, [drop])
    assert await brain.stand.told("brain.person.merged.v1") == [{"keepId": keep, "dropId": drop}]
    listed = await brain.get("/people", brain.clerk())
    assert [one["personId"] for one in listed.json()["items"]] == [keep]
    assert (await brain.get(f"/people/{drop}", brain.clerk())).json()["mergedInto"] == keep
    refused(await brain.patch(f"/people/{drop}", brain.clerk(), sex=2, reason="x"), 409, "person_file_closed")
    refused(await brain.post(f"/people/{keep}/merges", brain.officer(), **body), 409, "person_file_closed")
    same = await brain.post(f"/people/{keep}/merges", brain.officer(), dropId=keep, reason="x")
    assert refused(same, 422, "same_person")["errors"][0]["field"] == "dropId"


async def test_files_with_two_births_are_not_joined(brain: Brain) -> None:
    keep, drop = await brain.people({}, {"id_number": "330999195001010017"})
    answer = await brain.post(f"/people/{keep}/merges", brain.officer(), dropId=drop, reason="x")
    refused(answer, 409, "birth_differs")


async def test_records_under_a_wrong_number_are_named_to_their_owners(brain: Brain) -> None:
    wrong, right = await brain.people({}, {})
    body = {"toId": right, "recordIds": ["r-1", "r-2"], "reason": "号码录入有误"}
    made = await brain.post(f"/people/{wrong}/corrections", brain.officer(), **body)
    assert made.status_code == 201
    assert await brain.stand.told("brain.person.corrected.v1") == [
        {
            "correctionId": made.json()["correctionId"],
            "fromId": wrong,
            "toId": right,
            "recordIds": ["r-1", "r-2"],
        }
    ]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"idNumber": "330999195001010015"}, 422, "idNumber"),
        ({"idNumber": "330999193802290021"}, 422, "idNumber"),
        ({"idNumber": 330999195001010017}, 422, "idNumber"),
        ({"name": ""}, 422, "name"),
        ({"name": "王\u0000"}, 422, "name"),
        ({"areaCode": "33090310020"}, 422, "areaCode"),
        ({"areaCode": OTHER_TOWN}, 403, "areaCode"),
        ({"maritalStatus": "11"}, 422, "maritalStatus"),
        ({"registration": "GUEST"}, 422, "registration"),
        ({"sex": 3}, 422, "sex"),
        ({"idNumber": None}, 422, "birth"),
        ({"idNumber": None, "sex": 1, "birth": "2026-02-30"}, 422, "birth"),
    ],
)
async def test_bad_bodies_name_the_field(one_brain: Brain, change: dict[str, Any], status: int, field: str) -> None:
    answer = await one_brain.post("/people", one_brain.clerk(), **BODY | change)
    assert answer.status_code == status
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not answer.json()["errors"][0]["message"].isascii()
    assert "330999195001010015" not in answer.text
