"""The pairing register over HTTP (C-14)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared import clock
from shared.contracts.brain import PersonMoved
from shared.db.principals import Role
from tests.charity.scene import (
    ADULT,
    CHILD,
    CHILD_2,
    DISTRICT,
    DONGGANG,
    DONOR,
    DONOR_2,
    ELSEWHERE,
    FAR,
    LIUHENG,
    NOW,
    TEEN,
    begin,
    died,
    get,
    pairing,
    post,
    settle_in,
    state,
)
from tests.service_fixture import Stand

UNKNOWN = "p1" + "z" * 26


@pytest.fixture(autouse=True)
async def _scene(charity: Stand) -> AsyncIterator[None]:
    with clock.frozen(NOW):
        await settle_in(charity)
        yield


@pytest.mark.plan("C-14", part="pairing register with consent and contact rules")
async def test_a_child_is_paired_with_a_donor_of_another_town(charity: Stand) -> None:
    answer = await post(charity, "/pairings", pairing(CHILD, DONOR_2))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["state"] == "RUNNING"
    assert made["beneficiary"] == {
        "personId": CHILD,
        "name": "张*例",
        "called": "小示",
        "needs": None,
        "isMinor": True,
    }
    assert made["donor"]["name"] == "李*例"
    assert made["consent"] == {"id": "C-STUDY-c-e", "on": "2026-03-01", "by": "GUARDIAN"}
    told = await charity.told("charity.pairing.started.v1")
    assert [(event["personId"], event["side"]) for event in told] == [(CHILD, "BENEFICIARY"), (DONOR_2, "DONOR")]
    stored = await charity.rows("select beneficiary_name, called, needs, donor_name from pairing")
    assert not any("示" in bytes(value).decode("utf-8", "ignore") for value in stored[0])


REFUSALS: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({"consent": None}, 422, "consent_required", "consent"),
    ({"consent": {"id": "C1", "on": "2026-03-17", "by": "GUARDIAN"}}, 422, "consent_in_future", "consent.on"),
    ({"consent": {"id": "C1", "on": "2026-03-01", "by": "SELF"}}, 422, "guardian_consent_required", "consent.by"),
    ({"contactRule": "DIRECT"}, 422, "contact_rule_minor", "contactRule"),
    ({"endsOn": "2026-03-15"}, 422, "term_reversed", "endsOn"),
    ({"startsOn": "2025-01-01", "endsOn": "2026-03-15"}, 422, "term_over", "endsOn"),
    ({"donor": {"name": "李示例"}}, 422, "one_donor", "donor"),
    ({"donor": {"name": "李示例", "personId": DONOR, "orgId": "o1"}}, 422, "one_donor", "donor"),
    ({"donor": {"name": "李示例", "personId": CHILD}}, 422, "donor_is_beneficiary", "donor.personId"),
    ({"donor": {"name": "李示例", "personId": UNKNOWN}}, 422, "donor_unknown", "donor.personId"),
    ({"beneficiaryId": UNKNOWN}, 404, "not_found", None),
    ({"beneficiaryId": FAR}, 404, "not_found", None),
]


@pytest.mark.plan("C-14", part="pairing register with consent and contact rules")
async def test_what_keeps_a_pairing_from_beginning(charity: Stand) -> None:
    for changes, status, code, field in REFUSALS:
        answer = await post(charity, "/pairings", pairing() | changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code), changes
        assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else []), changes
    assert await charity.scalar("select count(*) from pairing") == 0


async def test_from_fourteen_on_one_consents_for_oneself(charity: Stand) -> None:
    for person, by, kind in [(TEEN, "SELF", "LIVING"), (TEEN, "GUARDIAN", "STUDY"), (ADULT, "SELF", "STUDY")]:
        consent = {"id": f"C-{person[2]}-{by}", "on": "2026-03-01", "by": by}
        answer = await post(charity, "/pairings", pairing(person, kind=kind, consent=consent))
        assert answer.status_code == 201, answer.text


async def test_only_grown_ups_meet_their_donor_directly(charity: Stand) -> None:
    assert (await post(charity, "/pairings", pairing(TEEN, contactRule="DIRECT"))).status_code == 422
    assert (await post(charity, "/pairings", pairing(ADULT, contactRule="DIRECT"))).status_code == 201


async def test_a_person_who_is_dead_is_not_paired(charity: Stand) -> None:
    await charity.hear(died(DONOR))
    for body in (pairing(CHILD, DONOR), pairing(DONOR, CHILD_2)):
        answer = await post(charity, "/pairings", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "person_deceased")


async def test_one_running_pairing_of_a_kind(charity: Stand) -> None:
    first = await begin(charity)
    again = await post(charity, "/pairings", pairing(CHILD, DONOR_2))
    assert (again.status_code, again.json()["code"]) == (409, "pairing_place_taken")
    assert (await post(charity, "/pairings", pairing(CHILD, DONOR_2, "LIVING"))).status_code == 201
    assert (await post(charity, f"/pairings/{first}/end", {"reason": "DONOR_LEFT"})).status_code == 200
    assert (await post(charity, "/pairings", pairing(CHILD, DONOR_2))).status_code == 201


async def test_a_consent_counts_for_one_pairing_also_after_it_was_withdrawn(charity: Stand) -> None:
    first = await begin(charity, number="C1")
    ended = await post(charity, f"/pairings/{first}/end", {"reason": "CONSENT_WITHDRAWN"})
    assert (ended.json()["state"], ended.json()["endedOn"]) == ("ENDED", "2026-03-16")
    told = await charity.told("charity.pairing.ended.v1")
    assert {(event["personId"], event["reason"]) for event in told} == {
        (CHILD, "CONSENT_WITHDRAWN"),
        (DONOR, "CONSENT_WITHDRAWN"),
    }
    answer = await post(charity, "/pairings", pairing(number="C1"))
    assert (answer.status_code, answer.json()["code"]) == (409, "consent_used")
    again = await post(charity, f"/pairings/{first}/end", {"reason": "FINISHED"})
    assert (again.status_code, again.json()["code"]) == (409, "pairing_ended")


async def test_of_many_donors_at_once_one_wins_the_child(charity: Stand) -> None:
    bodies = [
        pairing(CHILD, number=f"C{number}", donor={"name": "单位", "orgId": f"o{number}"}) for number in range(40)
    ]
    answers = await asyncio.gather(*(post(charity, "/pairings", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 39
    assert await charity.scalar("select count(*) from pairing where state = 'RUNNING'") == 1


async def test_a_term_that_is_over_ends_the_pairing(charity: Stand) -> None:
    first = await begin(charity)
    await charity.settle()
    with clock.frozen(NOW + timedelta(days=364)):
        await charity.settle()
        assert await state(charity, first) == "RUNNING"
    with clock.frozen(NOW + timedelta(days=365)):
        await charity.settle()
        assert await state(charity, first) == "ENDED"
        assert await charity.rows("select cast(ended_on as text), end_reason from pairing") == [("2027-03-15", "TERM")]
        assert len(await charity.told("charity.pairing.ended.v1")) == 2


@pytest.mark.parametrize("tag", [b'"7"', b'W/"7"', b'"7", "8"', b'"nonsense"', b"99999999999999", b"\xb2", b'"-1"'])
async def test_if_match_keeps_two_clerks_apart(charity: Stand, tag: bytes) -> None:
    """Also a tag that was never ours: whoever sends one does not want to overwrite."""
    first = await begin(charity)
    token = charity.headers(Role.TOWN_CLERK, LIUHENG)["authorization"].encode()
    headers = {b"authorization": token, b"if-match": tag}
    answer = await charity.client.post(
        f"/api/charity/pairings/{first}/end", json={"reason": "FINISHED"}, headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "version_changed")


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', "1", "*", '"7", "1"'])
async def test_if_match_lets_pass_what_is_as_it_was_seen(charity: Stand, tag: str) -> None:
    first = await begin(charity)
    headers = charity.headers(Role.TOWN_CLERK, LIUHENG) | {"if-match": tag}
    answer = await charity.client.post(
        f"/api/charity/pairings/{first}/end", json={"reason": "FINISHED"}, headers=headers
    )
    assert answer.status_code == 200


# ── who sees what ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("C-14", part="pairing register with consent and contact rules")
async def test_the_donor_learns_what_the_child_is_called_and_needs_and_no_more(charity: Stand) -> None:
    first = await begin(charity, CHILD, DONOR_2)
    answer = await get(charity, f"/pairings/{first}", Role.RESIDENT, "", person=DONOR_2)
    seen = answer.json()
    assert seen["beneficiary"] == {
        "personId": None,
        "name": None,
        "called": "小示",
        "needs": "需要书本和陪伴",
        "isMinor": True,
    }
    assert seen["areaCode"] is None
    assert seen["consent"] is None
    assert CHILD not in answer.text


async def test_the_family_does_not_learn_who_an_anonymous_donor_is(charity: Stand) -> None:
    donor = {"name": "李示例", "personId": DONOR, "isAnonymous": True}
    first = await begin(charity, donor=donor)
    answer = await get(charity, f"/pairings/{first}", Role.RESIDENT, "", person=CHILD)
    assert answer.json()["donor"] == {"personId": None, "orgId": None, "name": None, "isAnonymous": True}
    assert DONOR not in answer.text
    assert (await get(charity, f"/pairings/{first}")).json()["donor"]["personId"] == DONOR


async def test_the_whole_of_a_child_needs_a_reason_and_is_in_the_log(charity: Stand) -> None:
    first = await begin(charity)
    path = f"/pairings/{first}/beneficiary"
    assert (await get(charity, path)).json()["code"] == "reason_required"
    whole = (await get(charity, f"{path}?reason=家访核实")).json()
    assert (whole["name"], whole["birth"], whole["called"]) == ("张示例", "2016-05-01", "小示")
    row = await charity.rows(
        "select subjects, reason, grade from kernel.audit where action = 'charity:unmask_beneficiary'"
        " and outcome = 'done'"
    )
    assert row == [([CHILD], "家访核实", "L4")]
    assert (await get(charity, f"{path}?reason=看看", Role.VILLAGE_CLERK, "330903100201")).status_code == 403


async def test_each_sees_the_pairings_of_her_own_rows(charity: Stand) -> None:
    near = await begin(charity, CHILD, DONOR)
    far = await begin(charity, FAR, DONOR_2)
    firm = await begin(charity, CHILD_2, donor={"name": "示例公司", "orgId": "org-1"}, number="C9")

    async def seen(role: Role, area: str = "", query: str = "", **who: str) -> set[str]:
        answer = await get(charity, f"/pairings?total=true{query}", role, area, **who)
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == len(answer.json()["items"])
        return {item["id"] for item in answer.json()["items"]}

    assert await seen(Role.TOWN_CLERK, LIUHENG) == {near, firm}
    assert await seen(Role.TOWN_CLERK, DONGGANG) == {far}
    assert await seen(Role.DISTRICT_OFFICER, DISTRICT) == {near, far, firm}
    assert await seen(Role.DISTRICT_OFFICER, DISTRICT, f"&personId={DONOR_2}") == {far}
    assert await seen(Role.TOWN_CLERK, LIUHENG, f"&personId={FAR}") == set()
    assert await seen(Role.DISTRICT_OFFICER, DISTRICT, "&state=ENDED") == set()
    assert await seen(Role.RESIDENT, person=DONOR) == {near}
    assert await seen(Role.RESIDENT, person=FAR) == {far}
    assert await seen(Role.RESIDENT, person=ADULT) == set()
    assert await seen(Role.RESIDENT) == set()
    assert await seen(Role.ORG_ADMIN, org="org-1") == {firm}
    assert await seen(Role.ORG_ADMIN, org="org-2") == set()
    assert await seen(Role.ORG_ADMIN, org="") == set()
    assert (await get(charity, f"/pairings/{far}")).status_code == 404
    assert (await post(charity, f"/pairings/{far}/end", {"reason": "OTHER"})).status_code == 404
    assert (await get(charity, f"/pairings/{near}", Role.RESIDENT, "", person=FAR)).status_code == 404
    assert (await get(charity, "/pairings", Role.AUDITOR, DISTRICT)).status_code == 403


async def test_a_pairing_follows_the_child_to_another_town(charity: Stand) -> None:
    first = await begin(charity)
    move = PersonMoved(person_id=CHILD, from_area="330903100201", to_area=ELSEWHERE, on_date=NOW.date())
    await charity.hear(move)
    assert (await get(charity, f"/pairings/{first}")).status_code == 404
    assert (await get(charity, f"/pairings/{first}", area=DONGGANG)).json()["areaCode"] == ELSEWHERE
    listed = await get(charity, f"/pairings?personId={DONOR}", area=DONGGANG)
    assert [item["id"] for item in listed.json()["items"]] == [first]


# ── figures ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("C-14", part="figure of 20 paired children")
async def test_the_figure_counts_each_paired_child_once_and_hides_small_numbers(charity: Stand) -> None:
    await begin(charity, CHILD, DONOR)
    await begin(charity, CHILD, DONOR_2, "LIVING")
    await begin(charity, TEEN, DONOR)
    await begin(charity, ADULT, DONOR)
    ended = await begin(charity, CHILD_2, DONOR)
    await post(charity, f"/pairings/{ended}/end", {"reason": "FINISHED"})
    district = await get(charity, "/pairing-figures", Role.DISTRICT_OFFICER, DISTRICT)
    assert district.json() == {"children": 2, "target": 20}
    assert (await get(charity, "/pairing-figures")).json() == {"children": "<5", "target": 20}
    assert (await get(charity, "/pairing-figures", Role.DISTRICT_DIRECTOR, "330000000000")).json()["children"] == 2
    assert (await get(charity, "/pairing-figures", Role.SOCIAL_WORKER, "")).json()["code"] == "no_area"
    with clock.frozen(NOW.replace(year=2028, month=6, day=1)):  # the teenager's eighteenth birthday
        assert (await get(charity, "/pairing-figures", Role.DISTRICT_OFFICER, DISTRICT)).json()["children"] == 1
