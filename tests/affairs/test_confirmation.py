"""Evidence and confirmation over HTTP: every row of the table, two officers, contradictions, close relatives."""

import asyncio
from datetime import date
from typing import Any

import pytest

from shared.contracts.affairs import DeathConfirmed
from shared.contracts.brain import PersonRegistered
from shared.db.principals import Role
from shared.ids import uuid7
from tests.affairs.world import DISTRICT, VILLAGE, World, days_ago

pytestmark = pytest.mark.plan("A-09", part="confirmation by evidence")


async def _confirmable(world: World, case_id: str) -> Any:
    return (await world.get(f"/deaths/{case_id}", world.town))["assessment"]


# ── the rows ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "fields", "done"),
    [
        ("medical_certificate", {"certificateNo": "330999194005010013", "causeClass": "正常死亡"}, {"T01"}),
        ("police_statement", {}, {"T01"}),
        ("foreign_certificate", {}, {"T01"}),
        ("court_declaration", {}, {"T01"}),
        ("cremation_certificate", {"deathDate": None, "onDate": days_ago(1)}, {"T02", "T03"}),
        ("police_deregistration", {"deathDate": None, "onDate": days_ago(1)}, {"T04", "T05"}),
    ],
)
async def test_a_paper_and_one_officer(world: World, kind: str, fields: dict[str, Any], done: set[str]) -> None:
    case_id = await world.case()
    given = await world.give(case_id, kind, **fields)
    assert (given["matches"], given["state"], given["assessment"]["officersNeeded"]) == (True, "VERIFYING", 1)
    asked_for = ["medical_certificate"] if kind == "cremation_certificate" else []
    assert given["assessment"]["missing"] == asked_for
    assert {task for task, state in (await world.states(case_id)).items() if state == "DONE"} == done
    confirmed = await world.confirm(case_id)
    assert (confirmed["state"], confirmed["isConfirmed"], confirmed["missing"]) == ("TASKS_RUNNING", True, asked_for)
    [event] = await world.sent(DeathConfirmed)
    assert (event.death_case_id, event.person_id) == (case_id, world["ann"])
    assert (event.death_date, event.confirmed_by) == (date.fromisoformat(days_ago(2)), ["officer"])
    assert event.certificate_id == given["evidenceId"]


async def test_two_independent_sources_need_two_officers(world: World) -> None:
    case_id = await world.case()
    await world.stand.hear(world.reported())
    first = await world.confirm(case_id, 202)
    assert (first["isConfirmed"], first["officersNeeded"], first["officersConfirmed"]) == (False, 2, 1)
    assert await world.sent(DeathConfirmed) == []
    assert (await world.confirm(case_id, 409))["code"] == "second_officer_needed"
    second = await world.confirm(case_id, by="officer-2")
    assert (second["isConfirmed"], second["missing"]) == (True, ["medical_certificate"])
    [event] = await world.sent(DeathConfirmed)
    assert (event.confirmed_by, event.certificate_id) == (["officer", "officer-2"], None)


async def test_a_paper_that_comes_in_between_spares_the_second_officer(world: World) -> None:
    case_id = await world.case()
    await world.stand.hear(world.reported())
    await world.confirm(case_id, 202)
    await world.give(case_id)
    await world.confirm(case_id)
    assert [event.confirmed_by for event in await world.sent(DeathConfirmed)] == [["officer"]]


async def test_one_source_is_not_enough(world: World) -> None:
    case_id = await world.case()
    refused = await world.confirm(case_id, 409)
    assert refused["code"] == "death_not_confirmable"
    assert "一个来源" in refused["detail"]
    assert (await world.get(f"/deaths/{case_id}", world.town))["state"] == "VERIFYING"
    assert (await world.get(f"/matters/{case_id}", world.town))["state"] == "VERIFYING"
    refusals = "select count(*) from kernel.audit where outcome = 'refused' and code = 'death_not_confirmable'"
    assert await world.stand.scalar(refusals) == 1


async def test_one_household_counts_once(world: World) -> None:
    body = {"personId": world["ann"], "source": "FAMILY", "deathDate": days_ago(2), "place": "家中"}
    case_id = (await world.post("/deaths", world.resident("dan"), body, 201))["caseId"]
    await world.post("/deaths", world.resident("bo"), body, 200)
    assert len((await world.get(f"/deaths/{case_id}", world.town))["sources"]) == 2
    await world.confirm(case_id, 409)


async def test_a_statement_is_the_word_of_its_unit(world: World) -> None:
    case_id = await world.case()  # the village's report
    statement: dict[str, Any] = {"kind": "health_statement", "idNumber": None, "issuer": "示例村卫生室"}
    await world.give(case_id, **statement, issuedBy="VILLAGE")
    assert (await _confirmable(world, case_id))["officersNeeded"] == 0
    await world.give(case_id, **statement | {"issuer": "示例 医院"}, issuedBy="HOSPITAL")
    assert (await _confirmable(world, case_id))["officersNeeded"] == 2
    told = {"source": "HOSPITAL", "sourceUnit": "示例医院", "personId": world["ann"]}
    await world.post("/deaths", world.town, told | {"deathDate": days_ago(2), "place": "医院"}, 200)
    units = {source["unitId"] for source in (await world.get(f"/deaths/{case_id}", world.town))["sources"]}
    assert units == {VILLAGE, "hospital:示例医院"}


# ── contradictions ───────────────────────────────────────────────────────────────────────────────


async def test_a_paper_of_somebody_else_completes_nothing(world: World) -> None:
    case_id = await world.case()
    given = await world.give(case_id, idNumber=world.numbers["eve"])
    assert given["matches"] is False
    assert "身份" in given["assessment"]["contradictions"][0]
    assert (await world.states(case_id))["T01"] == "READY"
    assert (await world.confirm(case_id, 409))["code"] == "death_not_confirmable"
    case = await world.get(f"/deaths/{case_id}", world.town)
    [evidence] = case["evidence"]
    assert evidence["idNumber"] == world.numbers["eve"][:6] + "********" + world.numbers["eve"][-4:]
    reason = {"reason": "误收他人证明"}
    path = f"/deaths/{case_id}/evidence/{evidence['id']}/withdraw"
    standing = await world.post(path, world.town, reason)
    assert standing["assessment"]["contradictions"] == []
    assert (await world.post(path, world.town, reason, 409))["code"] == "already_withdrawn"
    await world.give(case_id)
    await world.confirm(case_id)


async def test_dates_too_far_apart(world: World) -> None:
    case_id = await world.case()
    given = await world.give(case_id, deathDate=days_ago(6))
    assert "超过3日" in given["assessment"]["contradictions"][0]
    await world.confirm(case_id, 409)
    [source] = (await world.get(f"/deaths/{case_id}", world.town))["sources"]
    await world.post(f"/deaths/{case_id}/sources/{source['id']}/withdraw", world.town, {"reason": "报告日期有误"})
    await world.confirm(case_id, ago=6)


async def test_someone_saw_the_person_alive(world: World) -> None:
    case_id = await world.case()
    await world.stand.hear(world.reported())
    await world.confirm(case_id, 202)
    seen = {"kind": "SEEN_ALIVE", "seenOn": days_ago(1), "note": "集市上见到本人"}
    given = await world.post(f"/deaths/{case_id}/evidence", world.town, seen, 201)
    assert "健在" in given["assessment"]["reasons"][0]
    assert given["assessment"]["officersConfirmed"] == 0
    assert (await world.get(f"/matters/{case_id}", world.town))["state"] == "VERIFYING"
    await world.confirm(case_id, 409, by="officer-2")
    withdraw = f"/deaths/{case_id}/evidence/{given['evidenceId']}/withdraw"
    await world.post(withdraw, world.town, {"reason": "认错了人"})
    # The first officer's word was given on other ground: it does not come back.
    await world.confirm(case_id, 202, by="officer-2")
    await world.confirm(case_id)


async def test_a_withdrawn_certificate_opens_the_task_again(world: World) -> None:
    case_id = await world.case()
    given = await world.give(case_id)
    assert (await world.states(case_id))["T01"] == "DONE"
    path = f"/deaths/{case_id}/evidence/{given['evidenceId']}/withdraw"
    await world.post(path, world.town, {"reason": "证明系伪造"})
    assert (await world.states(case_id))["T01"] == "READY"
    await world.confirm(case_id, 409)


async def test_after_the_confirmation_nothing_is_withdrawn(world: World) -> None:
    case_id = await world.case()
    given = await world.give(case_id)
    await world.confirm(case_id)
    path = f"/deaths/{case_id}/evidence/{given['evidenceId']}/withdraw"
    assert (await world.post(path, world.town, {"reason": "证明有误"}, 409))["code"] == "death_already_confirmed"
    seen = {"kind": "SEEN_ALIVE", "seenOn": days_ago(0)}
    contradicted = await world.post(f"/deaths/{case_id}/evidence", world.town, seen, 201)
    assert contradicted["state"] == "TASKS_RUNNING"
    assert contradicted["assessment"]["contradictions"]


# ── the date, the officer, the once ──────────────────────────────────────────────────────────────


async def test_the_date_must_agree_with_the_evidence(world: World) -> None:
    case_id = await world.case()
    await world.give(case_id, deathDate=days_ago(3))
    refused = await world.confirm(case_id, 422, ago=2)  # the village said 2, the certificate says 3
    assert [error["field"] for error in refused["errors"]] == ["deathDate"]
    assert days_ago(3) in refused["detail"]
    assert (await world.confirm(case_id, ago=3))["deathDate"] == days_ago(3)
    assert (await world.get(f"/deaths/{case_id}", world.town))["deathDate"] == days_ago(3)


async def test_two_officers_must_mean_the_same_date(world: World) -> None:
    case_id = await world.case()
    await world.stand.hear(world.reported(ago=3))
    await world.confirm(case_id, 202, ago=3)
    assert (await world.confirm(case_id, 422, by="officer-2", ago=2))["code"] == "death_date_disagrees"
    await world.confirm(case_id, by="officer-2", ago=3)


async def test_confirming_twice_is_a_conflict_and_the_event_goes_out_once(world: World) -> None:
    case_id = await world.case()
    await world.give(case_id)
    body = {"deathDate": days_ago(2)}

    async def attempt(number: int) -> int:
        who = world.officer(f"officer-{number}")
        answer = await world.stand.client.post(f"/api/affairs/deaths/{case_id}/confirm", json=body, headers=who)
        return answer.status_code

    statuses = await asyncio.gather(*(attempt(number) for number in range(20)))
    assert sorted(statuses) == [200] + [409] * 19
    assert len(await world.sent(DeathConfirmed)) == 1
    assert (await world.confirm(case_id, 409))["code"] == "death_already_confirmed"


async def test_close_relatives_do_not_handle_the_case(world: World) -> None:
    case_id = await world.case()
    son = world.stand.headers(Role.TOWN_CLERK, DISTRICT, account="son", person=world["dan"])
    officer_son = world.officer("son", world["dan"])
    certificate = {"kind": "medical_certificate", "idNumber": world.numbers["ann"], "deathDate": days_ago(2)}
    refused = await world.post(f"/deaths/{case_id}/evidence", son, certificate, 403)
    assert refused["code"] == "close_relative"
    await world.give(case_id)
    for verb, body in (("confirm", {"deathDate": days_ago(2)}), ("dismiss", {"reason": "不属实"})):
        assert (await world.post(f"/deaths/{case_id}/{verb}", officer_son, body, 403))["code"] == "close_relative"
    await world.confirm(case_id)
    path = f"/matters/{case_id}/tasks/T13/complete"
    assert (await world.post(path, son, {"result": {}}, 403))["code"] == "close_relative"
    assert (await world.post(f"/deaths/{case_id}/revoke", officer_son, {"reason": "误报", "evidence": "本人"}, 403))[
        "code"
    ] == "close_relative"


@pytest.mark.parametrize("role", [Role.TOWN_CLERK, Role.VILLAGE_CLERK, Role.DISTRICT_REVIEWER, Role.AUDITOR])
async def test_only_a_district_officer_confirms(world: World, role: Role) -> None:
    case_id = await world.case()
    await world.give(case_id)
    who = world.stand.headers(role, DISTRICT, account="someone")
    await world.post(f"/deaths/{case_id}/confirm", who, {"deathDate": days_ago(2)}, 403)


async def test_a_dismissed_case_is_over_and_a_new_report_opens_another(world: World) -> None:
    case_id = await world.case()
    dismissed = await world.post(f"/deaths/{case_id}/dismiss", world.officer(), {"reason": "本人健在"})
    assert dismissed["state"] == "DISMISSED"
    assert (await world.get(f"/matters/{case_id}", world.town))["state"] == "DISMISSED"
    assert (await world.confirm(case_id, 409))["code"] == "death_case_ended"
    assert (await world.give(case_id, expect=409))["code"] == "death_case_ended"
    body = {"personId": world["ann"], "source": "VILLAGE", "deathDate": days_ago(1), "place": "家中"}
    again = await world.post("/deaths", world.village, body | {"causeCaseId": case_id}, 201)
    assert again["caseId"] != case_id
    assert (await world.get(f"/deaths/{again['caseId']}", world.town))["causeCaseId"] == case_id


# ── what a paper must say ────────────────────────────────────────────────────────────────────────


BAD_EVIDENCE: list[tuple[str, dict[str, Any], list[str]]] = [
    ("medical_certificate", {"idNumber": None, "deathDate": None}, ["idNumber", "deathDate"]),
    ("medical_certificate", {"idNumber": "330999195001010015"}, ["idNumber"]),
    ("medical_certificate", {"deathDate": "1930-01-01"}, ["deathDate"]),
    ("medical_certificate", {"deathDate": days_ago(-2)}, ["deathDate"]),
    ("medical_certificate", {"deathDate": 20260301}, ["deathDate"]),
    ("health_statement", {}, ["issuedBy", "issuer"]),
    ("cremation_certificate", {"idNumber": None}, ["idNumber"]),
    ("placement_certificate", {}, ["onDate"]),
    ("seen_alive", {"idNumber": None, "deathDate": None}, ["seenOn"]),
    ("seen_alive", {"seenOn": days_ago(-1)}, ["seenOn"]),
    ("gossip", {}, ["kind"]),
    ("medical_certificate", {"causeClass": "猝死"}, ["causeClass"]),
    ("medical_certificate", {"remark": "x"}, ["remark"]),
]


async def test_bad_evidence_names_the_field(world: World) -> None:
    case_id = await world.case()
    for kind, change, fields in BAD_EVIDENCE:
        refused = await world.give(case_id, kind, 422, **change)
        assert [error["field"] for error in refused["errors"]] == fields, (kind, change)
        assert all(not error["message"].isascii() for error in refused["errors"])
    assert await world.stand.scalar("select count(*) from death_evidence") == 0


async def test_cases_that_are_not_there(world: World) -> None:
    await world.give(uuid7(), expect=404)
    await world.confirm(uuid7(), 404)
    await world.get("/deaths/nonsense", world.town, 422)


async def test_certificate_numbers_are_kept_sealed_and_out_of_history_and_events(world: World) -> None:
    case_id = await world.case()
    number = world.numbers["ann"]
    await world.give(case_id, certificateNo=number)
    await world.confirm(case_id)
    await world.stand.settle()
    assert await world.stand.scalar("select count(*) from death_evidence where certificate_no is not null") == 1
    for table in ("death_evidence", "death_case", "kernel.matter_action", "kernel.outbox", "kernel.audit",
                  "kernel.outgoing_call", "kernel.notice"):  # fmt: skip
        dumped = await world.stand.rows(f"select t::text from {table} t")
        assert dumped
        assert not any(number in row[0] for row in dumped), table


# ── facts ────────────────────────────────────────────────────────────────────────────────────────


async def test_facts_are_told_by_the_copy_and_the_papers_and_assumed_otherwise(world: World) -> None:
    case_id = await world.case()
    await world.give(case_id, "court_declaration", deathDate=days_ago(2))
    await world.confirm(case_id)
    states = await world.states(case_id)
    assert (states["T02"], states["T03"]) == ("SKIPPED", "SKIPPED")  # a declared death leaves no body
    assert states["T14"] == "SKIPPED"  # grown up, and her only child too
    assert states["T21"] == "SENT"
    assert states["T04"] == "SENT"


async def test_minor_children_are_looked_after(world: World) -> None:
    await world.add("kid", birth=date.fromisoformat(days_ago(3000)))
    await world.relate("ann", "kid", "CHILD", "PARENT")
    case_id = await world.case()
    await world.give(case_id)
    await world.confirm(case_id)
    assert (await world.states(case_id))["T14"] == "READY"


async def test_of_a_child_the_allowance_is_looked_at(world: World) -> None:
    person = "p1" + "c" * 26
    born = date.fromisoformat(days_ago(4000))
    await world.stand.hear(PersonRegistered(person_id=person, area_code=VILLAGE, birth=born, sex=2))
    body = {"personId": person, "source": "VILLAGE", "deathDate": days_ago(2), "place": "医院"}
    case_id = (await world.post("/deaths", world.village, body, 201))["caseId"]
    await world.post("/deaths", world.town, body | {"source": "HOSPITAL", "sourceUnit": "示例医院"}, 200)
    await world.confirm(case_id, 202)
    await world.confirm(case_id, by="officer-2")
    assert (await world.states(case_id))["T14"] == "READY"
