"""The timeline: everyone's events about a person, seen by clerk, person and family (design §6)."""

import json
from base64 import urlsafe_b64encode
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.brain.kinship.rules import Kind
from services.brain.timeline.reactions import TITLES, person_events
from services.brain.timeline.rules import audience_of, facts_of, title_of
from shared import clock
from shared.contracts.affairs import DeathConfirmed, DeathReported
from shared.contracts.brain import PersonCorrected
from shared.contracts.eldercare import BedOccupied, ElderDeathReported
from shared.contracts.settled import EldercareDeathSettled, SettledEffect
from shared.events.contract import contract_of
from tests.brain.conftest import OTHER_TOWN, OTHER_VILLAGE, TOWN, Brain
from tests.brain.test_sign_in import refused

db = pytest.mark.db
pytestmark = [pytest.mark.plan("S-06", part="the person timeline")]


def test_it_listens_to_every_contract_about_a_person() -> None:
    types = person_events()
    for told in (
        "brain.person.registered.v1",
        "brain.person.merged.v1",
        "brain.person.corrected.v1",
        "affairs.death.confirmed.v1",
        "eldercare.bed.occupied.v1",
        "relief.death.settled.v1",
        "charity.death.unsettled.v1",
    ):
        assert told in types
    for untold in ("brain.session.revoked.v1", "brain.org.changed.v1", "relief.benefit.closed.v1"):
        assert untold not in types
    assert {title for title in TITLES if not title.startswith("*.")} <= set(types)


def test_facts_are_chosen_by_name() -> None:
    data = {
        "personId": "p1",
        "deathCaseId": "d1",
        "deathDate": "2026-01-02",
        "place": "家中",
        "reason": "某人病故",
        "confirmedBy": ["a1"],
        "maritalStatus": "30",
        "version": 3,
        "state": "x" * 101,
        "changed": ["name"],
        "effects": [{"task": "T12", "kind": "end", "object": "o", "outcome": "done", "reason": "每月1000元"}],
    }
    assert facts_of(data) == {
        "deathCaseId": "d1",
        "deathDate": "2026-01-02",
        "version": 3,
        "changed": ["name"],
        "effects": [{"task": "T12", "kind": "end", "outcome": "done"}],
    }


@pytest.mark.parametrize(
    ("event_type", "data", "title"),
    [
        ("affairs.death.confirmed.v1", {}, "死亡已确认"),
        ("affairs.death.task-changed.v1", {"title": "停发低保金"}, "身后事项进展：停发低保金"),
        ("relief.something.new.v1", {"title": "x"}, "社会救助：业务记录"),
        ("relief.payment.line-paid.v1", {}, "社会救助：款项已发放"),
        ("brain.death.settled.v1", {"effects": []}, "人口与组织：身后事项办理（无事项）"),
        (
            "eldercare.death.unsettled.v1",
            {"effects": [{"outcome": "done"}, {"outcome": "done"}, {"outcome": "needs_human"}, 7]},
            "养老服务：撤销后恢复（办结2项，需人工办理1项）",
        ),
    ],
)
def test_titles_are_words_people_read(event_type: str, data: dict[str, Any], title: str) -> None:
    assert title_of(event_type, event_type.partition(".")[0], data, TITLES) == title


def test_the_family_sees_a_death_and_nothing_else_of_a_life() -> None:
    family = {event_type for event_type in person_events() if audience_of(event_type) == "family"}
    assert {"affairs.death.reported.v1", "affairs.death.revoked.v1", "relief.death.settled.v1"} <= family
    assert "eldercare.elder.died.v1" in family
    for own in ("brain.person.updated.v1", "brain.kinship.changed.v1", "eldercare.bed.occupied.v1"):
        assert own not in family


async def _a_life(brain: Brain, person_id: str) -> None:
    """A bed, a report, a confirmation and an answer, in this order."""
    effect = SettledEffect(task="T12", kind="end_entitlement", object="e1", outcome="done", reason="每月1000元")
    await brain.stand.hear(
        BedOccupied(stay_id="s1", bed_id="b1", person_id=person_id, bed_type="NURSING"),
        _reported(person_id),
        DeathReported(death_case_id="d1", person_id=person_id, source="INSTITUTION"),
        DeathConfirmed(death_case_id="d1", person_id=person_id, death_date=date(2026, 1, 2), confirmed_by=["a1"]),
        EldercareDeathSettled(death_case_id="d1", person_id=person_id, effects=[effect]),
    )


def _reported(person_id: str) -> ElderDeathReported:
    return ElderDeathReported(
        report_id="r1",
        person_id=person_id,
        source="INSTITUTION",
        unit_id="u1",
        reporter_id="a1",
        death_date=date(2026, 1, 2),
        place="家中",
        reported_at=datetime(2026, 1, 3, tzinfo=clock.SHANGHAI),
    )


@db
async def test_clerk_person_family_and_stranger(brain: Brain) -> None:
    dead, child, cousin = await brain.people({}, {"area_code": OTHER_VILLAGE, "name": "王小例"}, {})
    await brain.relate(dead, child, Kind.CHILD, date(1990, 1, 1))
    await _a_life(brain, dead)
    path = f"/people/{dead}/timeline"
    whole = (await brain.get(path, brain.clerk(TOWN), total=True)).json()
    types = [one["type"] for one in whole["items"]]
    assert set(types) == {
        "brain.person.registered.v1",
        "brain.kinship.changed.v1",
        "eldercare.bed.occupied.v1",
        "eldercare.elder.death-reported.v1",
        "affairs.death.reported.v1",
        "affairs.death.confirmed.v1",
        "eldercare.death.settled.v1",
        "brain.death.settled.v1",
        "brain.person.updated.v1",
    }
    assert whole["total"] == len(types) == 9
    assert [one["at"] for one in whole["items"]] == sorted((one["at"] for one in whole["items"]), reverse=True)
    assert "家中" not in str(whole)
    assert "1000" not in str(whole)

    family = [one["type"] for one in (await brain.get(path, brain.resident(child))).json()["items"]]
    assert sorted(family) == sorted(one for one in types if ".death" in one)
    own = (await brain.get(path, brain.resident(dead), total=True)).json()
    assert own["total"] == 9
    for stranger in (brain.resident(cousin), brain.clerk(OTHER_TOWN)):
        refused(await brain.get(path, stranger), 404, "not_found")
    nobody = "p1" + "a" * 26
    refused(await brain.get(f"/people/{nobody}/timeline", brain.officer()), 404, "not_found")


@db
async def test_who_is_no_longer_a_relative_no_longer_sees(brain: Brain) -> None:
    one, two = await brain.couple()
    await brain.stand.hear(DeathReported(death_case_id="d1", person_id=one, source="FAMILY"))
    assert (await brain.get(f"/people/{one}/timeline", brain.resident(two))).status_code == 200
    [row] = (await brain.get(f"/people/{one}/kin", brain.clerk())).json()["items"]
    end = {"toDate": clock.today().isoformat(), "reason": "离婚登记"}
    assert (await brain.post(f"/people/{one}/kin/{row['id']}/end", brain.clerk(), **end)).status_code == 200
    refused(await brain.get(f"/people/{one}/timeline", brain.resident(two)), 404, "not_found")


@db
async def test_an_event_is_entered_once_and_pages_hold_them_all(brain: Brain) -> None:
    [person_id] = await brain.people({})
    reports = [DeathReported(death_case_id=f"d{one}", person_id=person_id, source="FAMILY") for one in range(5)]
    await brain.stand.hear(*reports)
    await brain.stand.rows("update kernel.inbox set state = 'pending' where state = 'done' returning id")
    await brain.stand.settle()
    seen: list[str] = []
    place: dict[str, Any] = {}
    while True:
        page = (await brain.get(f"/people/{person_id}/timeline", brain.clerk(), limit=2, **place)).json()
        seen += [one["id"] for one in page["items"]]
        if page["nextCursor"] is None:
            break
        place = {"cursor": page["nextCursor"]}
    assert len(seen) == len(set(seen)) == 6
    for cursor in ("x", _cursor("2026-01-01T00:00:00", "a"), _cursor("soon", "a"), _cursor(7, "a"), _cursor("a")):
        answer = await brain.get(f"/people/{person_id}/timeline", brain.clerk(), cursor=cursor)
        refused(answer, 422, "bad_cursor")


def _cursor(*values: object) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode()


@db
async def test_rows_follow_the_person_to_the_other_town(brain: Brain) -> None:
    [person_id] = await brain.people({})
    await brain.stand.hear(DeathReported(death_case_id="d1", person_id=person_id, source="FAMILY"))
    moved = {"toArea": OTHER_VILLAGE, "onDate": "2026-01-05"}
    assert (await brain.post(f"/people/{person_id}/moves", brain.clerk(), **moved)).status_code == 201
    await brain.stand.settle()
    path = f"/people/{person_id}/timeline"
    refused(await brain.get(path, brain.clerk(TOWN)), 404, "not_found")
    assert (await brain.get(path, brain.clerk(OTHER_TOWN), total=True)).json()["total"] == 3


@db
async def test_a_timeline_knows_the_events_of_before_the_file(brain: Brain) -> None:
    person_id = brain.desk.person_key.id_for("330999195001010017")
    await brain.stand.hear(DeathReported(death_case_id="d1", person_id=person_id, source="FAMILY"))
    await brain.people({"id_number": "330999195001010017"})
    await brain.stand.settle()
    listed = await brain.get(f"/people/{person_id}/timeline", brain.clerk(TOWN), total=True)
    assert listed.json()["total"] == 2


@db
async def test_an_entry_says_where_and_when_and_by_whom(brain: Brain) -> None:
    wrong, right = await brain.people({}, {})
    moment = clock.now() - timedelta(seconds=5)
    await brain.stand.hear(PersonCorrected(correction_id="c1", from_id=wrong, to_id=right, record_ids=["r1"]))
    [newest, _] = (await brain.get(f"/people/{wrong}/timeline", brain.clerk())).json()["items"]
    assert (newest["title"], newest["source"], newest["areaCode"][:9]) == ("业务记录更正归属", "brain", TOWN[:9])
    assert moment < datetime.fromisoformat(newest["at"]) <= clock.now()
    assert contract_of(newest["type"]) is PersonCorrected


@db
async def test_after_a_merge_one_course_is_read_from_both_ids(brain: Brain) -> None:
    keep, drop, child = await brain.people({}, {"id_number": None, "birth": date(1940, 5, 6), "sex": 1}, {})
    await brain.relate(keep, child, Kind.CHILD)
    for number, person_id in enumerate((keep, drop)):
        await brain.stand.hear(DeathReported(death_case_id=f"d{number}", person_id=person_id, source="FAMILY"))
    merged = await brain.post(f"/people/{keep}/merges", brain.officer(), dropId=drop, reason="重复建档")
    assert merged.status_code == 201
    for headers in (brain.clerk(), brain.resident(keep), brain.resident(child)):
        items = (await brain.get(f"/people/{keep}/timeline", headers)).json()["items"]
        cases = {one["facts"].get("deathCaseId") for one in items if one["type"] == "affairs.death.reported.v1"}
        assert cases == {"d0", "d1"}
