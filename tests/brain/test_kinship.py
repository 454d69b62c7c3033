"""Close relatives, dated, seen from either side (domain §1.3, event 67)."""

from datetime import date

import pytest

from services.brain.kinship.rules import Kind, other_side
from shared import clock
from tests.brain.conftest import OTHER_TOWN, OTHER_VILLAGE, TOWN, VILLAGE, Brain
from tests.brain.test_sign_in import refused

pytestmark = [pytest.mark.db, pytest.mark.plan("S-06", part="kinship")]


def test_the_other_side_of_the_other_side_is_the_first() -> None:
    for kind in Kind:
        assert other_side(other_side(kind)) is kind
    assert {kind for kind in Kind if other_side(kind) is kind} == {Kind.SPOUSE, Kind.SIBLING}


async def test_each_side_sees_its_own_row(brain: Brain) -> None:
    parent, child = await brain.people({}, {"area_code": OTHER_VILLAGE, "name": "王小例"})
    body = {"relativeId": child, "kind": "CHILD", "fromDate": "1990-01-01"}
    related = await brain.post(f"/people/{parent}/kin", brain.clerk(TOWN), **body)
    assert (related.status_code, related.json()["kind"]) == (201, "CHILD")
    [down] = (await brain.get(f"/people/{parent}/kin", brain.clerk(TOWN))).json()["items"]
    [up] = (await brain.get(f"/people/{child}/kin", brain.clerk(OTHER_TOWN))).json()["items"]
    assert (down["relativeId"], down["kind"], down["relativeName"]) == (child, "CHILD", None)
    assert (up["relativeId"], up["kind"], up["relativeName"]) == (parent, "PARENT", None)
    named = (await brain.get(f"/people/{parent}/kin", brain.officer())).json()["items"]
    assert named[0]["relativeName"] == "王*例"
    own = await brain.get(f"/people/{parent}/kin", brain.resident(parent))
    assert [one["relativeId"] for one in own.json()["items"]] == [child]
    refused(await brain.get(f"/people/{child}/kin", brain.resident(parent)), 404, "not_found")
    refused(await brain.get(f"/people/{child}/kin", brain.clerk(TOWN)), 404, "not_found")
    events = await brain.stand.told("brain.kinship.changed.v1")
    assert {(one["personId"], one["relativeId"], one["kind"]) for one in events} == {
        (parent, child, "CHILD"),
        (child, parent, "PARENT"),
    }


async def test_a_relation_ends_on_both_sides(brain: Brain) -> None:
    one, two = await brain.couple()
    [row] = (await brain.get(f"/people/{one}/kin", brain.clerk())).json()["items"]
    end = {"toDate": clock.today().isoformat(), "reason": "离婚登记"}
    path = f"/people/{one}/kin/{row['id']}/end"
    refused(await brain.post(f"/people/{two}/kin/{row['id']}/end", brain.clerk(), **end), 404, "not_found")
    ended = await brain.post(path, brain.clerk(), **end)
    assert (ended.json()["toDate"], ended.json()["version"]) == (end["toDate"], 2)
    [mirror] = (await brain.get(f"/people/{two}/kin", brain.clerk())).json()["items"]
    assert mirror["toDate"] == end["toDate"]
    refused(await brain.post(path, brain.clerk(), **end), 409, "relation_ended")
    again = {"relativeId": two, "kind": "SPOUSE", "fromDate": clock.today().isoformat()}
    assert (await brain.post(f"/people/{one}/kin", brain.clerk(), **again)).status_code == 201


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"relativeId": "self"}, 422, "related_to_oneself", "relativeId"),
        ({"relativeId": "p1" + "a" * 26}, 422, "person_not_found", "relativeId"),
        ({"relativeId": "x"}, 422, "invalid_request", "relativeId"),
        ({"kind": "COUSIN"}, 422, "invalid_request", "kind"),
        ({"fromDate": "1900-01-01"}, 422, "relation_date", "fromDate"),
        ({"fromDate": "2999-01-01"}, 422, "relation_date", "fromDate"),
        ({}, 409, "already_related", None),
        ({"relativeId": "third"}, 409, "has_spouse", None),
    ],
)
async def test_relations_that_cannot_be(
    one_brain: Brain, change: dict[str, str], status: int, code: str, field: str | None
) -> None:
    one, two = await one_brain.couple()
    [third] = await one_brain.people({})
    named = {"self": one, "third": third}
    body = {"relativeId": two, "kind": "SPOUSE", "fromDate": "1970-01-01"} | change
    body["relativeId"] = named.get(body["relativeId"], body["relativeId"])
    answer = refused(await one_brain.post(f"/people/{one}/kin", one_brain.clerk(), **body), status, code)
    assert [error["field"] for error in answer.get("errors", [])] == ([field] if field else [])


async def test_relations_move_with_the_person(brain: Brain) -> None:
    one, _ = await brain.couple()
    moved = {"toArea": OTHER_VILLAGE, "onDate": "2026-01-05"}
    assert (await brain.post(f"/people/{one}/moves", brain.clerk(), **moved)).status_code == 201
    await brain.stand.settle()
    assert await brain.stand.rows("select area_code from kinship where person_id = :one", one=one) == [(OTHER_VILLAGE,)]
    assert await brain.stand.scalar("select count(*) from kinship where area_code = :area", area=VILLAGE) == 1


async def test_since_and_until_are_dates_of_the_relation(brain: Brain) -> None:
    one, two = await brain.people({}, {})
    await brain.relate(one, two, Kind.SIBLING, date(1950, 2, 3))
    [row] = (await brain.get(f"/people/{one}/kin", brain.clerk())).json()["items"]
    assert (row["fromDate"], row["toDate"]) == ("1950-02-03", None)
