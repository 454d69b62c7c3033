"""What charity does after a confirmed death, and how exactly it comes back (domain §10 step 7, d, g)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from services.charity.points.seeding import Earning, earn_many
from shared import clock
from shared.contracts.brain import PersonRegistered
from shared.db.principals import Role
from tests.charity.scene import (
    ADULT,
    CHILD,
    CHILD_2,
    DISTRICT,
    DONOR,
    DONOR_2,
    LIUHENG,
    NOW,
    VILLAGE,
    begin,
    died,
    get,
    give,
    ledger_is_sound,
    lives,
    pairing,
    points,
    post,
    settle_in,
    spend,
    state,
    work,
)
from tests.service_fixture import Stand

YEAR = timedelta(days=366)


@pytest.fixture(autouse=True)
async def _scene(charity: Stand) -> AsyncIterator[None]:
    with clock.frozen(NOW):
        await settle_in(charity)
        yield
        await ledger_is_sound(charity)


async def earned(stand: Stand, person: str, much: int = 120, on: str = "2026-01-05") -> None:
    async with stand.unit() as unit:
        await earn_many(unit, [Earning(person, "DONATION", much, date.fromisoformat(on), f"S-{person[2]}-{on}")])


async def pledge(stand: Stand, beneficiary: str, donor: str) -> str:
    body = {
        "beneficiaryId": beneficiary,
        "donorPersonId": donor,
        "amount": "200.00",
        "fromMonth": "2026-01-01",
        "toMonth": "2026-12-01",
    }
    answer = await post(stand, "/pledges", body, Role.DISTRICT_OFFICER, DISTRICT)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def is_stopped(stand: Stand, pledge_id: str) -> bool:
    found = await get(stand, "/pledges", Role.DISTRICT_OFFICER, DISTRICT)
    return bool(next(item["isStopped"] for item in found.json()["items"] if item["id"] == pledge_id))


async def is_open(stand: Stand, person: str) -> bool:
    found = await get(stand, f"/volunteers?personId={person}", Role.DISTRICT_OFFICER, DISTRICT)
    return bool(found.json()["items"][0]["isOpen"])


def outcomes(answer: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return sorted((e["task"], e["kind"], e["object"], e["outcome"]) for e in answer["effects"])


async def test_all_the_dead_person_was_in_stops_and_comes_back(charity: Stand) -> None:
    as_donor = await begin(charity, CHILD, ADULT)
    as_beneficiary = await begin(charity, ADULT, DONOR_2)
    other = await begin(charity, CHILD_2, DONOR)
    to_her, by_her = await pledge(charity, ADULT, DONOR_2), await pledge(charity, CHILD, ADULT)
    between_others = await pledge(charity, CHILD, DONOR)
    await earned(charity, ADULT)
    await post(charity, "/volunteers", {"personId": ADULT})
    await charity.settle()

    await charity.hear(died(ADULT))
    (settled,) = await charity.told("charity.death.settled.v1")
    assert (settled["deathCaseId"], settled["personId"]) == ("case-1", ADULT)
    assert outcomes(settled) == sorted(
        [
            ("T23", "stop_pairing", as_donor, "done"),
            ("T23", "stop_pairing", as_beneficiary, "done"),
            ("T23", "stop_pledge", to_her, "done"),
            ("T23", "stop_pledge", by_her, "done"),
            ("T23", "freeze_points", ADULT, "done"),
            ("T23", "close_volunteer", ADULT, "done"),
        ]
    )
    assert [await state(charity, one) for one in (as_donor, as_beneficiary, other)] == ["STOPPED", "STOPPED", "RUNNING"]
    assert [await is_stopped(charity, one) for one in (to_her, by_her, between_others)] == [True, True, False]
    frozen = await points(charity, ADULT)
    assert (frozen["balance"], frozen["available"], frozen["isFrozen"]) == (120, 0, True)
    refused = await spend(charity, ADULT, 10)
    assert (refused.status_code, refused.json()["code"]) == (409, "points_frozen")
    assert not await is_open(charity, ADULT)
    again = await post(charity, "/volunteers", {"personId": ADULT})
    assert (again.status_code, again.json()["code"]) == (409, "person_deceased")
    # What she gave stays on record (donor statement).
    given = await get(charity, f"/pairings?personId={ADULT}", Role.DISTRICT_OFFICER, DISTRICT)
    assert {item["id"] for item in given.json()["items"]} == {as_donor, as_beneficiary}

    await charity.hear(lives(ADULT))
    (unsettled,) = await charity.told("charity.death.unsettled.v1")
    assert outcomes(unsettled) == sorted(
        [
            ("T23", "resume_pairing", as_donor, "done"),
            ("T23", "resume_pairing", as_beneficiary, "done"),
            ("T23", "resume_pledge", to_her, "done"),
            ("T23", "resume_pledge", by_her, "done"),
            ("T23", "unfreeze_points", ADULT, "done"),
            ("T23", "reopen_volunteer", ADULT, "done"),
        ]
    )
    assert [await state(charity, one) for one in (as_donor, as_beneficiary, other)] == ["RUNNING"] * 3
    assert [await is_stopped(charity, one) for one in (to_her, by_her, between_others)] == [False] * 3
    assert (await points(charity, ADULT))["available"] == 120
    assert await is_open(charity, ADULT)
    assert (await spend(charity, ADULT, 120)).status_code == 201


async def test_donors_are_told_without_a_reason_and_the_dead_are_not(charity: Stand) -> None:
    await begin(charity, CHILD, ADULT)
    await begin(charity, ADULT, DONOR_2)
    await charity.hear(died(ADULT))
    await charity.hear(lives(ADULT))
    rows = await charity.rows("select person_id, template, case_id, state from kernel.notice order by id")
    assert rows == [
        (DONOR_2, "charity.pairing-stopped", "case-1", "SENT"),
        (ADULT, "charity.pairing-resumed", "case-1", "SENT"),
        (DONOR_2, "charity.pairing-resumed", "case-1", "SENT"),
    ]
    words = await charity.rows("select text from kernel.notice")
    assert not any("死亡" in text or "去世" in text for (text,) in words)


async def test_a_person_with_nothing_here_is_answered_for_too(charity: Stand) -> None:
    unknown = "p1" + "z" * 26
    await charity.hear(died(DONOR), died(unknown, "case-2"))
    await charity.hear(lives(DONOR), lives(unknown, "case-2"))
    for kind in ("settled", "unsettled"):
        answers = await charity.told(f"charity.death.{kind}.v1")
        assert sorted(outcomes(answer) for answer in answers) == [  # of two people, in whatever order
            [("T23", "charity", DONOR, "nothing_to_do")],
            [("T23", "charity", unknown, "nothing_to_do")],
        ]


async def test_hearing_twice_changes_nothing_twice(charity: Stand) -> None:
    first = await begin(charity)
    await earned(charity, DONOR)
    await charity.hear(died(DONOR), died(DONOR))
    await charity.hear(died(DONOR))
    assert len(await charity.told("charity.death.settled.v1")) == 1
    assert len(await charity.told("charity.pairing.ended.v1")) == 2
    await charity.hear(lives(DONOR), lives(DONOR), died(DONOR))
    assert len(await charity.told("charity.death.unsettled.v1")) == 1
    assert len(await charity.told("charity.death.settled.v1")) == 1
    assert await state(charity, first) == "RUNNING"
    assert (await points(charity, DONOR))["available"] == 120


async def test_a_revocation_heard_first_cancels_the_confirmation(charity: Stand) -> None:
    first = await begin(charity)
    await earned(charity, DONOR)
    await charity.hear(lives(DONOR))
    await charity.hear(died(DONOR))
    assert await charity.told("charity.death.settled.v1") == []
    (answer,) = await charity.told("charity.death.unsettled.v1")
    assert outcomes(answer) == [("T23", "charity", DONOR, "nothing_to_do")]
    assert await state(charity, first) == "RUNNING"
    assert (await points(charity, DONOR))["available"] == 120
    # A new case is another matter.
    await charity.hear(died(DONOR, "case-2"))
    assert await state(charity, first) == "STOPPED"


async def test_a_place_given_away_needs_a_human(charity: Stand) -> None:
    first = await begin(charity, CHILD, ADULT)
    await charity.hear(died(ADULT))
    second = await begin(charity, CHILD, DONOR)
    await charity.hear(lives(ADULT))
    (answer,) = await charity.told("charity.death.unsettled.v1")
    assert outcomes(answer) == [("T23", "resume_pairing", first, "needs_human")]
    assert answer["effects"][0]["reason"] == "原结对对象已由他人结对帮扶，请人工安排"
    assert [await state(charity, one) for one in (first, second)] == ["WAITING", "RUNNING"]

    refused = await post(charity, f"/pairings/{first}/resume")
    assert (refused.status_code, refused.json()["code"]) == (409, "pairing_place_taken")
    await post(charity, f"/pairings/{second}/end", {"reason": "DONOR_LEFT"})
    assert await state(charity, first) == "WAITING"
    assert (await post(charity, f"/pairings/{first}/resume")).json()["state"] == "RUNNING"
    again = await post(charity, f"/pairings/{first}/resume")
    assert (again.status_code, again.json()["code"]) == (409, "pairing_not_waiting")


async def test_a_pairing_stopped_by_two_deaths_runs_when_both_were_none(charity: Stand) -> None:
    first = await begin(charity, CHILD, DONOR)
    for order in ([(DONOR, "a"), (CHILD, "b")], [(CHILD, "d"), (DONOR, "c")]):
        await charity.hear(*(died(person, case) for person, case in order))
        await charity.hear(lives(*order[0]))
        assert await state(charity, first) == "STOPPED"
        words = (await charity.told("charity.death.unsettled.v1"))[-1]["effects"][0]["reason"]
        assert words == "结对仍因另一方去世停止"
        await charity.hear(lives(*order[1]))
        assert await state(charity, first) == "RUNNING"


async def test_a_pairing_that_ended_meanwhile_stays_ended(charity: Stand) -> None:
    first = await begin(charity)
    await charity.hear(died(DONOR))
    assert (await post(charity, f"/pairings/{first}/end", {"reason": "MOVED_AWAY"})).status_code == 200
    await charity.hear(lives(DONOR))
    assert await state(charity, first) == "ENDED"
    assert len(await charity.told("charity.pairing.started.v1")) == 2  # of its beginning, none of a coming back


# ── points ───────────────────────────────────────────────────────────────────────────────────────


async def test_points_earned_before_and_after_are_all_there_again(charity: Stand) -> None:
    await earned(charity, ADULT)
    await spend(charity, ADULT, 20)
    await charity.hear(died(ADULT))
    assert (await work(charity, ADULT, 2)).status_code == 201  # a record that came in late
    await charity.hear(lives(ADULT))
    assert (await give(charity, ADULT, "500", "G1")).status_code == 201
    now = await points(charity, ADULT)
    assert (now["balance"], now["pending"], now["available"]) == (100 + 20 + 50, 70, 100)


async def test_after_a_year_without_heirs_the_points_go_to_the_pool(charity: Stand) -> None:
    await earned(charity, ADULT)
    await charity.hear(died(ADULT))
    with clock.frozen(NOW + timedelta(days=364)):
        await charity.settle()
        assert (await points(charity, ADULT))["balance"] == 120
    with clock.frozen(NOW + YEAR):
        await charity.settle()
        assert (await points(charity, ADULT))["balance"] == 0
        pooled = await charity.rows("select points, cause from points_movement where kind = 'POOL'")
        assert pooled == [(-120, "case-1")]
        # The court revokes the declared death (CC 50): also what went to the pool is hers.
        await charity.hear(lives(ADULT))
        assert (await points(charity, ADULT))["available"] == 120


async def test_a_withdrawn_death_gives_nothing_to_the_pool(charity: Stand) -> None:
    await earned(charity, ADULT)
    await charity.hear(died(ADULT))
    await charity.hear(lives(ADULT))
    with clock.frozen(NOW + YEAR):
        await charity.settle()
        assert (await points(charity, ADULT))["available"] == 120
    assert await charity.scalar("select count(*) from points_movement where kind = 'POOL'") == 0


async def test_what_is_kept_for_heirs_does_not_expire_but_a_living_persons_does(charity: Stand) -> None:
    await earned(charity, ADULT, 50, "2024-02-01")
    await earned(charity, ADULT, 70)
    await charity.settle()
    await charity.hear(died(ADULT))
    with clock.frozen(clock.start_of_day(date(2027, 1, 5)) + timedelta(hours=1)):
        await charity.settle()
        assert (await points(charity, ADULT))["balance"] == 120
        await charity.hear(lives(ADULT))
        assert (await points(charity, ADULT))["balance"] == 70
    with clock.frozen(clock.start_of_day(date(2027, 1, 6)) + timedelta(hours=1)):
        await charity.settle()
        assert await charity.rows("select points from points_movement where kind = 'EXPIRE'") == [(-50,)]


async def test_an_account_opened_for_a_late_record_of_the_dead_is_frozen(charity: Stand) -> None:
    late = "p1" + "y" * 26
    await charity.hear(died(ADULT), died(late, "case-2"))
    await charity.hear(PersonRegistered(person_id=late, area_code=VILLAGE, birth=date(1940, 1, 1), sex=1))
    for person in (ADULT, late):
        assert (await work(charity, person, 2)).status_code == 201
        with clock.frozen(NOW + timedelta(days=7)):
            refused = await spend(charity, person, 10)
            assert (refused.status_code, refused.json()["code"]) == (409, "points_frozen")
            assert (await points(charity, person))["isFrozen"]


async def test_spending_and_dying_at_once_leave_a_frozen_account(charity: Stand) -> None:
    await earned(charity, ADULT, 200)
    spending = [spend(charity, ADULT, 10) for _ in range(30)]
    await asyncio.gather(*spending[:10], charity.hear(died(ADULT)), *spending[10:])
    row = await charity.rows("select count(*) filter (where kind = 'REDEEM'), -sum(points) from points_movement")
    taken, kept = row[0][0], (await points(charity, ADULT))["balance"]
    assert kept == 200 - 10 * taken
    assert (await spend(charity, ADULT, 10)).json()["code"] == "points_frozen"


# ── pledges and volunteers on their own ──────────────────────────────────────────────────────────


async def test_pledges_are_checked_seen_by_their_donor_and_withdrawn(charity: Stand) -> None:
    mine = await pledge(charity, ADULT, DONOR_2)
    body = {"beneficiaryId": ADULT, "amount": "200.00", "fromMonth": "2026-02-01", "toMonth": "2026-01-01"}
    for changes, code in [
        ({"donorPersonId": DONOR}, "months_reversed"),
        ({"toMonth": "2026-03-01"}, "one_donor"),
        ({"toMonth": "2026-03-01", "donorPersonId": ADULT}, "donor_is_beneficiary"),
        ({"toMonth": "2026-03-01", "donorPersonId": "p1" + "z" * 26}, "donor_unknown"),
        ({"amount": "0"}, "invalid_request"),
    ]:
        answer = await post(charity, "/pledges", body | changes)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    seen = await get(charity, "/pledges", Role.RESIDENT, "", person=DONOR_2)
    assert [(item["id"], item["amount"]) for item in seen.json()["items"]] == [(mine, "200.00")]
    for stranger in (DONOR, ""):
        assert (await get(charity, "/pledges", Role.RESIDENT, "", person=stranger)).json()["items"] == []
    assert (await get(charity, "/pledges", Role.ORG_ADMIN, "", org="")).json()["items"] == []
    withdrawn = await post(charity, f"/pledges/{mine}/withdraw")
    assert withdrawn.json()["withdrawnOn"] == "2026-03-16"
    again = await post(charity, f"/pledges/{mine}/withdraw")
    assert (again.status_code, again.json()["code"]) == (409, "pledge_withdrawn")
    await charity.hear(died(ADULT))
    assert [effect["kind"] for effect in (await charity.told("charity.death.settled.v1"))[0]["effects"]] == ["charity"]


async def test_a_volunteer_leaves_and_comes_back(charity: Stand) -> None:
    assert (await post(charity, "/volunteers", {"personId": ADULT})).status_code == 201
    again = await post(charity, "/volunteers", {"personId": ADULT})
    assert (again.status_code, again.json()["code"]) == (409, "already_volunteer")
    left = await post(charity, f"/volunteers/{ADULT}/leave")
    assert (left.json()["leftOn"], left.json()["isOpen"]) == ("2026-03-16", False)
    assert (await post(charity, f"/volunteers/{ADULT}/leave")).json()["code"] == "volunteer_closed"
    assert (await post(charity, "/volunteers", {"personId": ADULT})).json()["isOpen"]
    assert (await post(charity, "/volunteers", {"personId": DONOR_2})).status_code == 404
    assert (await post(charity, f"/volunteers/{DONOR}/leave")).status_code == 404
    listed = await get(charity, "/volunteers", Role.RESIDENT, LIUHENG, person=DONOR)
    assert listed.json()["items"] == []


async def test_nobody_pairs_with_the_dead_meanwhile(charity: Stand) -> None:
    await charity.hear(died(ADULT))
    for body in (pairing(ADULT, DONOR), pairing(CHILD, ADULT)):
        assert (await post(charity, "/pairings", body)).json()["code"] == "person_deceased"
    await charity.hear(lives(ADULT))
    assert (await post(charity, "/pairings", pairing(CHILD, ADULT))).status_code == 201
