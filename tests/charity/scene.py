"""People and short ways to what charity does with them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from services.charity.people.service import NewPerson, add_many
from shared import clock
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.db.principals import Role
from tests.service_fixture import Stand

LIUHENG, DONGGANG, DISTRICT = "330903100000", "330903003000", "330903000000"
VILLAGE, VILLAGE_2, ELSEWHERE = "330903100201", "330903100202", "330903003001"

CHILD = "p1" + "c" * 26
CHILD_2 = "p1" + "g" * 26
TEEN = "p1" + "t" * 26
ADULT = "p1" + "a" * 26
DONOR = "p1" + "d" * 26
DONOR_2 = "p1" + "e" * 26
FAR = "p1" + "f" * 26
NOW = datetime(2026, 3, 16, 2, 0, tzinfo=UTC)  # Monday, ten o'clock in Putuo
PEOPLE = [
    NewPerson(CHILD, VILLAGE, date(2016, 5, 1)),
    NewPerson(CHILD_2, VILLAGE_2, date(2015, 5, 1)),
    NewPerson(TEEN, VILLAGE, date(2010, 6, 1)),
    NewPerson(ADULT, VILLAGE, date(1950, 1, 1)),
    NewPerson(DONOR, VILLAGE, date(1980, 2, 2)),
    NewPerson(DONOR_2, ELSEWHERE, date(1985, 2, 2)),
    NewPerson(FAR, ELSEWHERE, date(1951, 2, 2)),
]


async def settle_in(stand: Stand) -> None:
    """Everybody is known."""
    async with stand.unit() as unit:
        await add_many(unit, PEOPLE)


def pairing(
    beneficiary: str = CHILD, giver: str = DONOR, kind: str = "STUDY", *, number: str = "", **changes: Any
) -> dict[str, Any]:
    """The body of a pairing that is in order."""
    body = {
        "kind": kind,
        "beneficiaryId": beneficiary,
        "beneficiaryName": "张示例",
        "called": "小示",
        "needs": "需要书本和陪伴",
        "donor": {"name": "李示例", "personId": giver},
        "consent": {"id": number or f"C-{kind}-{beneficiary[2]}-{giver[2]}", "on": "2026-03-01", "by": "GUARDIAN"},
        "startsOn": "2026-03-16",
        "endsOn": "2027-03-15",
    }
    return body | changes


async def post(
    stand: Stand, path: str, body: dict[str, Any] | None = None, role: Role = Role.TOWN_CLERK, area: str = LIUHENG
) -> httpx.Response:
    return await stand.client.post(f"/api/charity{path}", json=body, headers=stand.headers(role, area))


async def get(stand: Stand, path: str, role: Role = Role.TOWN_CLERK, area: str = LIUHENG, **who: str) -> httpx.Response:
    return await stand.client.get(f"/api/charity{path}", headers=stand.headers(role, area, **who))


async def begin(stand: Stand, *arguments: Any, **changes: Any) -> str:
    """A pairing that was entered; its id."""
    answer = await post(stand, "/pairings", pairing(*arguments, **changes), Role.DISTRICT_OFFICER, DISTRICT)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def state(stand: Stand, pairing_id: str) -> str:
    answer = await get(stand, f"/pairings/{pairing_id}", Role.DISTRICT_OFFICER, DISTRICT)
    return str(answer.json()["state"])


async def work(stand: Stand, person: str, hours: int, *, days_ago: int = 1, ref: str = "") -> httpx.Response:
    """Verified hours of a past day, from eight o'clock."""
    start = clock.start_of_day(clock.today() - timedelta(days=days_ago)) + timedelta(hours=8)
    body = {
        "startedAt": start.isoformat(),
        "endedAt": (start + timedelta(hours=hours)).isoformat(),
        "ref": ref or f"H-{person[2]}-{start.date()}",
    }
    return await post(stand, f"/people/{person}/points/volunteering", body, Role.DISTRICT_OFFICER, DISTRICT)


async def give(stand: Stand, person: str, amount: str, ref: str, *, on: str = "2026-03-10") -> httpx.Response:
    body = {"amount": amount, "onDate": on, "ref": ref}
    return await post(stand, f"/people/{person}/points/gifts", body, Role.DISTRICT_OFFICER, DISTRICT)


async def spend(stand: Stand, person: str, points: int, use: str = "GOODS", **who: Any) -> httpx.Response:
    body = {"use": use, "points": points, "item": "米面油"}
    return await post(stand, f"/people/{person}/points/redemptions", body, **who)


async def points(stand: Stand, person: str) -> dict[str, Any]:
    answer = await get(stand, f"/people/{person}/points", Role.DISTRICT_OFFICER, DISTRICT)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def died(person: str, case: str = "case-1", on: date = date(2026, 3, 15)) -> DeathConfirmed:
    return DeathConfirmed(death_case_id=case, person_id=person, death_date=on, confirmed_by=["officer"])


def lives(person: str, case: str = "case-1") -> DeathRevoked:
    return DeathRevoked(death_case_id=case, person_id=person, reason="本人到场", by=["officer", "reviewer"])


async def ledger_is_sound(stand: Stand) -> None:
    """What is left of each lot is what its lines say; what each person has is what her movements say; all accounts
    together are zero."""
    assert (
        await stand.rows(
            "select l.id from points_lot l left join points_entry e on e.lot_id = l.id group by l.id, l.remaining"
            " having l.remaining <> coalesce(sum(case e.to_account when 'PERSON' then e.points else -e.points end), 0)"
        )
        == []
    )
    assert (
        await stand.rows(
            "select person_id from (select person_id, points from points_movement union all"
            " select person_id, -remaining from points_lot) x group by person_id having sum(points) <> 0"
        )
        == []
    )
    accounts = dict(
        await stand.rows(
            "select account, sum(points) from (select to_account as account, points from points_entry"
            " union all select from_account, -points from points_entry) x group by account"
        )
    )
    assert sum(accounts.values()) == 0
    assert accounts.get("PERSON", 0) == await stand.scalar("select coalesce(sum(remaining), 0) from points_lot")
