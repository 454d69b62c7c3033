"""A confirmed death and its withdrawal in brain: T21, T23, consents (domain §10 steps 2, a, f, g; CC 51)."""

from datetime import date
from typing import Any

import pytest

from services.brain.consents.codes import Purpose
from services.brain.consents.service import give
from services.brain.kinship.rules import Kind
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from tests.brain.conftest import Brain, bearer
from tests.brain.test_sign_in import refused

pytestmark = [
    pytest.mark.db,
    pytest.mark.plan("A-09", part="accounts, consents and the spouse's marital status"),
    pytest.mark.plan("S-06", part="a death closes accounts and its withdrawal opens them"),
]

DIED = date(2026, 1, 2)


async def confirm(brain: Brain, person_id: str, case: str = "d1") -> None:
    event = DeathConfirmed(death_case_id=case, person_id=person_id, death_date=DIED, confirmed_by=["a1"])
    await brain.stand.hear(event)


async def revoke(brain: Brain, person_id: str, case: str = "d1") -> None:
    await brain.stand.hear(DeathRevoked(death_case_id=case, person_id=person_id, reason="本人到场", by=["a1", "a2"]))


async def answers(brain: Brain, kind: str = "settled") -> list[list[tuple[str, str, str, str]]]:
    told = await brain.stand.told(f"brain.death.{kind}.v1")
    return [[(one["task"], one["kind"], one["object"], one["outcome"]) for one in event["effects"]] for event in told]


async def file(brain: Brain, person_id: str) -> tuple[str, str | None, str]:
    whole = (await brain.get(f"/people/{person_id}", brain.officer())).json()
    return whole["lifeStatus"], whole["deathDate"], whole["maritalStatus"]


async def reason(brain: Brain, kind: str, task: str) -> str:
    [event] = await brain.stand.told(f"brain.death.{kind}.v1")
    return "；".join(one["reason"] for one in event["effects"] if one["task"] == task)


async def test_a_death_ends_account_and_consents_and_widows(brain: Brain) -> None:
    dead, widow = await brain.couple()
    account_id = await brain.account("resident", None, is_demo=True, person_id=dead)
    signed_in = bearer(await brain.sign_in("resident"))
    async with brain.stand.unit() as unit:
        await give(unit, dead, Purpose.PHOTO)
    await confirm(brain, dead)
    assert await file(brain, dead) == ("DECEASED", "2026-01-02", "20")
    assert await file(brain, widow) == ("ALIVE", None, "30")
    refused(await brain.get("/auth/me", signed_in), 401, "session_revoked")
    refused(await brain.sign_in("resident"), 403, "account_closed")
    [listed] = (await brain.get("/accounts", brain.system())).json()["items"]
    assert listed["isClosed"] is True
    assert await answers(brain) == [
        [
            ("T21", "widow_spouse", widow, "done"),
            ("T23", "close_account", account_id, "done"),
            ("T23", "end_consents", dead, "done"),
        ]
    ]
    refused(await brain.post(f"/people/{dead}/consents", brain.clerk(), purpose="PHOTO"), 409, "person_deceased")
    updates = {event["personId"]: event for event in await brain.stand.told("brain.person.updated.v1")}
    assert (updates[dead]["changed"], updates[dead]["lifeStatus"]) == (["life_status"], "DECEASED")
    assert (updates[widow]["changed"], updates[widow]["maritalStatus"]) == (["marital_status"], "30")


async def test_its_withdrawal_restores_all_but_the_consents(brain: Brain) -> None:
    alive, spouse = await brain.couple()
    account_id = await brain.account("resident", None, is_demo=True, person_id=alive)
    async with brain.stand.unit() as unit:
        await give(unit, alive, Purpose.PHOTO)
    await confirm(brain, alive)
    await revoke(brain, alive)
    assert await file(brain, alive) == ("ALIVE", None, "20")
    assert await file(brain, spouse) == ("ALIVE", None, "20")
    assert (await brain.sign_in("resident")).status_code == 200
    assert await answers(brain, "unsettled") == [
        [
            ("T21", "widow_spouse", spouse, "done"),
            ("T23", "close_account", account_id, "done"),
            ("T23", "end_consents", alive, "done"),
        ]
    ]
    assert "照片采集" in await reason(brain, "unsettled", "T23")
    [consent] = (await brain.get(f"/people/{alive}/consents", brain.clerk())).json()["items"]
    assert consent["endReason"] == "DECEASED"
    again = await brain.post(f"/people/{alive}/consents", brain.clerk(), purpose="PHOTO")
    assert again.status_code == 201
    last = (await brain.stand.told("brain.person.updated.v1"))[-2:]
    assert {(one["personId"], one["lifeStatus"], one["maritalStatus"]) for one in last} == {
        (alive, "ALIVE", None),
        (spouse, None, "20"),
    }


async def test_who_had_nothing_to_stop_is_answered_too(brain: Brain) -> None:
    [single] = await brain.people({})
    stranger = "p1" + "a" * 26
    await confirm(brain, single)
    await confirm(brain, stranger, "d2")
    await revoke(brain, single)
    await revoke(brain, stranger, "d2")
    for kind in ("settled", "unsettled"):
        assert await answers(brain, kind) == [
            [("T21", "widow_spouse", one, "nothing_to_do"), ("T23", "close_account", one, "nothing_to_do")]
            for one in (single, stranger)
        ]


async def test_twice_is_once(brain: Brain) -> None:
    dead, widow = await brain.couple()
    account_id = await brain.account("resident", None, is_demo=True, person_id=dead)
    await confirm(brain, dead)
    await confirm(brain, dead)
    first, second = await answers(brain)
    assert first == second == [("T21", "widow_spouse", widow, "done"), ("T23", "close_account", account_id, "done")]
    assert await brain.stand.scalar("select count(*) from kernel.effect") == 3
    await revoke(brain, dead)
    await revoke(brain, dead)
    assert len(await answers(brain, "unsettled")) == 1
    assert await file(brain, widow) == ("ALIVE", None, "20")


async def test_a_withdrawal_that_comes_first_cancels_the_confirmation(brain: Brain) -> None:
    alive, spouse = await brain.couple()
    await brain.account("resident", None, is_demo=True, person_id=alive)
    await revoke(brain, alive)
    await confirm(brain, alive)
    assert await file(brain, alive) == ("ALIVE", None, "20")
    assert await file(brain, spouse) == ("ALIVE", None, "20")
    assert (await brain.sign_in("resident")).status_code == 200
    assert {outcome for one in await answers(brain) for *_, outcome in one} == {"nothing_to_do"}
    await confirm(brain, alive, "d2")
    assert (await file(brain, alive))[0] == "DECEASED"


async def test_a_survivor_who_married_again_stays_married_and_a_human_decides(brain: Brain) -> None:
    alive, spouse = await brain.couple()
    [new] = await brain.people({"marital_status": _status("40")})
    await confirm(brain, alive)
    married = {"relativeId": new, "kind": "SPOUSE", "fromDate": "2026-03-01"}
    assert (await brain.post(f"/people/{spouse}/kin", brain.clerk(), **married)).status_code == 201
    body = {"maritalStatus": "22", "reason": "再婚登记"}
    assert (await brain.patch(f"/people/{spouse}", brain.clerk(), **body)).status_code == 200
    await revoke(brain, alive)
    assert await file(brain, alive) == ("ALIVE", None, "20")
    assert await file(brain, spouse) == ("ALIVE", None, "22")
    [[t21, _]] = await answers(brain, "unsettled")
    assert t21 == ("T21", "widow_spouse", spouse, "needs_human")
    words = await reason(brain, "unsettled", "T21")
    assert "原为20" in words
    assert "现为22" in words
    kin = (await brain.get(f"/people/{spouse}/kin", brain.clerk())).json()["items"]
    assert {(one["relativeId"], one["toDate"]) for one in kin} == {(alive, "2026-01-02"), (new, None)}


@pytest.mark.parametrize(
    ("status", "outcome", "after"),
    [
        ("20", "done", "30"),
        ("21", "done", "30"),
        ("22", "done", "30"),
        ("23", "done", "30"),
        ("90", "done", "30"),
        ("30", "nothing_to_do", "30"),
        ("10", "needs_human", "10"),
        ("40", "needs_human", "40"),
    ],
)
async def test_what_the_spouses_file_says_before(one_brain: Brain, status: str, outcome: str, after: str) -> None:
    dead, spouse = await one_brain.couple(marital_status=_status(status))
    await confirm(one_brain, dead, f"d{status}")
    assert (await file(one_brain, spouse))[2] == after
    t21, _ = (await answers(one_brain))[-1]
    assert t21 == ("T21", "widow_spouse", spouse, outcome)
    await revoke(one_brain, dead, f"d{status}")
    assert (await file(one_brain, spouse))[2] == status


def _status(code: str) -> Any:
    from services.brain.people.codes import MaritalStatus

    return MaritalStatus(code)


async def test_a_marriage_ended_before_the_death_widows_nobody(brain: Brain) -> None:
    dead, former = await brain.couple()
    [row] = (await brain.get(f"/people/{dead}/kin", brain.clerk())).json()["items"]
    end = {"toDate": "2025-12-31", "reason": "离婚登记"}
    assert (await brain.post(f"/people/{dead}/kin/{row['id']}/end", brain.clerk(), **end)).status_code == 200
    await confirm(brain, dead)
    assert (await file(brain, former))[2] == "20"
    [[t21, _]] = await answers(brain)
    assert t21[3] == "nothing_to_do"


async def test_both_dead_and_one_comes_back(brain: Brain) -> None:
    """Without the mistaken case the survivor would have been widowed by the other's death; so she is."""
    first, second = await brain.couple()
    await confirm(brain, first, "d1")
    await confirm(brain, second, "d2")
    assert await file(brain, first) == ("DECEASED", "2026-01-02", "20")
    await revoke(brain, first, "d1")
    assert await file(brain, first) == ("ALIVE", None, "30")
    assert await file(brain, second) == ("DECEASED", "2026-01-02", "20")
    await revoke(brain, second, "d2")
    assert await file(brain, first) == ("ALIVE", None, "20")
    assert await file(brain, second) == ("ALIVE", None, "20")


async def test_two_cases_hold_until_both_are_withdrawn(brain: Brain) -> None:
    [person_id] = await brain.people({})
    await confirm(brain, person_id, "d1")
    await confirm(brain, person_id, "d2")
    await revoke(brain, person_id, "d1")
    assert (await file(brain, person_id))[0] == "DECEASED"
    await revoke(brain, person_id, "d2")
    assert (await file(brain, person_id))[0] == "ALIVE"


async def test_a_case_under_an_old_id_reaches_the_file_that_counts(brain: Brain) -> None:
    keep, drop = await brain.people({}, {"id_number": None, "birth": date(1940, 5, 6), "sex": 1})
    await brain.account("resident", None, is_demo=True, person_id=drop)
    [spouse] = await brain.people({"marital_status": _status("20")})
    await brain.relate(drop, spouse, Kind.SPOUSE)
    answer = await brain.post(f"/people/{keep}/merges", brain.officer(), dropId=drop, reason="重复建档")
    assert answer.status_code == 201
    me = await brain.get("/auth/me", bearer(await brain.sign_in("resident")))
    assert me.json()["personId"] == keep
    await confirm(brain, drop)
    assert (await file(brain, keep))[0] == "DECEASED"
    assert (await file(brain, spouse))[2] == "30"
    refused(await brain.sign_in("resident"), 403, "account_closed")
    await revoke(brain, drop)
    assert (await file(brain, keep))[0] == "ALIVE"
    assert (await file(brain, spouse))[2] == "20"
    assert (await brain.sign_in("resident")).status_code == 200


async def test_other_relatives_are_left_alone(brain: Brain) -> None:
    dead, child = await brain.people({}, {"marital_status": _status("20")})
    await brain.relate(dead, child, Kind.CHILD)
    await confirm(brain, dead)
    assert await file(brain, child) == ("ALIVE", None, "20")
