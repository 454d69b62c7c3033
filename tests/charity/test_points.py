"""Earning, spending and taking back points over HTTP, and the ledger underneath (C-05)."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.charity.points.seeding import Earning, earn_many
from shared import clock
from shared.contracts.brain import PersonMoved
from shared.db.principals import Principal, Role
from tests.charity.scene import (
    ADULT,
    DISTRICT,
    DONGGANG,
    DONOR,
    ELSEWHERE,
    FAR,
    LIUHENG,
    NOW,
    get,
    give,
    ledger_is_sound,
    points,
    post,
    settle_in,
    spend,
    work,
)
from tests.service_fixture import Stand

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
async def _scene(charity: Stand) -> AsyncIterator[None]:
    with clock.frozen(NOW):
        await settle_in(charity)
        yield
        await ledger_is_sound(charity)


async def earned(stand: Stand, person: str, *lots: tuple[int, str]) -> None:
    """Lots of past days, available now."""
    async with stand.unit() as unit:
        day = [Earning(person, "DONATION", much, date.fromisoformat(on), f"S-{n}") for n, (much, on) in enumerate(lots)]
        await earn_many(unit, day)


@pytest.mark.plan("C-05", part="points account: earn, redeem, reverse, expire")
async def test_hours_become_points_that_can_be_spent_after_a_week(charity: Stand) -> None:
    answer = await work(charity, ADULT, 3)
    assert answer.status_code == 201, answer.text
    assert answer.json()["movement"]["points"] == 30
    assert answer.json()["reasons"] == ["服务180分钟，每小时10分，计30分"]
    now = await points(charity, ADULT)
    assert (now["balance"], now["pending"], now["available"]) == (30, 30, 0)
    assert now["nextExpiry"] == "2028-12-31"
    early = await spend(charity, ADULT, 10)
    assert (early.status_code, early.json()["code"]) == (409, "points_not_enough")
    with clock.frozen(NOW + WEEK):
        assert (await points(charity, ADULT))["available"] == 30
        assert (await spend(charity, ADULT, 10)).status_code == 201
        assert (await points(charity, ADULT))["balance"] == 20
    assert await charity.told("charity.points.earned.v1") == [
        {"entryId": answer.json()["movement"]["id"], "personId": ADULT, "points": 30, "source": "VOLUNTEER"}
    ]
    assert [event["points"] for event in await charity.told("charity.points.redeemed.v1")] == [10]


@pytest.mark.plan("C-05", part="points account: earn, redeem, reverse, expire")
async def test_caps_of_day_gift_and_year(charity: Stand) -> None:
    start = "2026-03-10T{:02}:00:00+08:00"
    for first, last, expected in [(0, 12, 120), (12, 24, 80)]:
        end = start.format(last) if last < 24 else "2026-03-11T00:00:00+08:00"
        body = {"startedAt": start.format(first), "endedAt": end, "ref": f"H{first}"}
        answer = await post(charity, f"/people/{ADULT}/points/volunteering", body)
        assert answer.json()["movement"]["points"] == expected
    gifts = [("9.99", 0), ("10.00", 1), ("80000", 500), ("5000", 500), ("5000", 500), ("5000", 499), ("5000", 0)]
    for number, (amount, expected) in enumerate(gifts):
        answer = await give(charity, ADULT, amount, f"G{number}")
        if expected:
            assert answer.json()["movement"]["points"] == expected
        else:
            assert (answer.status_code, answer.json()["code"]) == (409, "points_cap_reached")
    last_year = await give(charity, ADULT, "5000", "G-2025", on="2025-12-31")
    assert last_year.json()["movement"]["points"] == 500
    assert (await points(charity, ADULT))["balance"] == 200 + 2000 + 500


async def test_the_same_record_or_hour_counts_once(charity: Stand) -> None:
    assert (await work(charity, ADULT, 2, ref="H1")).status_code == 201
    again = await work(charity, FAR, 2, days_ago=3, ref="H1")
    assert (again.status_code, again.json()["code"]) == (409, "points_already_earned")
    overlapping = await work(charity, ADULT, 1, ref="H2")
    assert (overlapping.status_code, overlapping.json()["code"]) == (409, "hours_overlap")
    assert (await work(charity, FAR, 1, ref="H3")).status_code == 201  # another person, the same hour
    assert (await give(charity, ADULT, "100", "H1")).status_code == 201  # another kind of record


NOT_CREDITED: list[tuple[str, dict[str, Any], str]] = [
    ("volunteering", {"startedAt": "2026-03-16T08:00:00", "endedAt": "2026-03-16T09:00:00Z"}, "invalid_request"),
    ("volunteering", {"startedAt": "0001-01-01T00:00:00+14:00", "endedAt": "0001-01-01T01:00:00+14:00"}, "too_old"),
    ("volunteering", {"startedAt": "9999-12-31T22:00:00-12:00", "endedAt": "9999-12-31T23:00:00-12:00"},
     "period_in_future"),
    ("gifts", {"amount": "0", "onDate": "2026-03-10"}, "invalid_request"),
    ("gifts", {"amount": 100, "onDate": "2026-03-10"}, "invalid_request"),
    ("gifts", {"amount": "100", "onDate": "2026-03-17"}, "date_in_future"),
    ("gifts", {"amount": "100", "onDate": "2023-12-31"}, "too_old"),
    ("gifts", {"amount": "100", "onDate": "0001-01-01"}, "too_old"),
    ("gifts", {"amount": "9999999999999.99", "onDate": "2026-03-10", "ref": "号"}, "invalid_request"),
]  # fmt: skip


async def test_what_cannot_be_credited(charity: Stand) -> None:
    for path, body, code in NOT_CREDITED:
        answer = await post(charity, f"/people/{ADULT}/points/{path}", {"ref": "R1"} | body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    # The last hour of what is not too old, written in another time zone.
    with clock.frozen(NOW.replace(year=2028)):
        body = {"startedAt": "2025-12-31T16:00:00Z", "endedAt": "2025-12-31T17:00:00Z", "ref": "R1"}
        assert (await post(charity, f"/people/{ADULT}/points/volunteering", body)).status_code == 201
        body = {"startedAt": "2025-12-31T14:59:00Z", "endedAt": "2025-12-31T15:59:00Z", "ref": "R2"}
        assert (await post(charity, f"/people/{ADULT}/points/volunteering", body)).json()["code"] == "too_old"


async def test_the_oldest_expiry_is_spent_first(charity: Stand) -> None:
    await earned(charity, ADULT, (50, "2026-01-01"), (30, "2024-05-01"), (20, "2025-05-01"))
    await spend(charity, ADULT, 40)
    left = await charity.rows("select points, remaining from points_lot order by expires_on")
    assert left == [(30, 0), (20, 10), (50, 50)]


@pytest.mark.plan("C-05", part="points account: earn, redeem, reverse, expire")
async def test_of_100_redemptions_at_once_none_takes_what_is_not_there(charity: Stand) -> None:
    await earned(charity, ADULT, (40, "2026-01-01"), (40, "2025-01-01"), (17, "2024-06-01"))
    answers = await asyncio.gather(*(spend(charity, ADULT, 10) for _ in range(100)))
    assert sorted(answer.status_code for answer in answers) == [201] * 9 + [409] * 91
    assert (await points(charity, ADULT))["balance"] == 7


async def test_points_for_a_project_are_worth_money_in_whole_steps(charity: Stand) -> None:
    await earned(charity, ADULT, (500, "2026-01-01"))
    answer = await spend(charity, ADULT, 300, "PROJECT")
    assert answer.json()["value"] == "30.00"
    refused = await spend(charity, ADULT, 150, "PROJECT")
    assert (refused.status_code, refused.json()["code"]) == (422, "points_not_whole_steps")


@pytest.mark.plan("C-05", part="points account: earn, redeem, reverse, expire")
async def test_a_refunded_gift_takes_back_what_is_left_of_it_and_frees_the_cap(charity: Stand) -> None:
    gift = (await give(charity, ADULT, "5000", "G1")).json()["movement"]["id"]
    path = f"/people/{ADULT}/points/movements/{gift}/reversal"
    with clock.frozen(NOW + WEEK):
        spent = (await spend(charity, ADULT, 120)).json()["id"]
    assert (await post(charity, path, {"reason": "退款"})).status_code == 403
    back = await post(charity, path, {"reason": "退款"}, Role.DISTRICT_OFFICER, DISTRICT)
    assert (back.status_code, back.json()["points"]) == (201, -380)
    again = await post(charity, path, {"reason": "退款"}, Role.DISTRICT_OFFICER, DISTRICT)
    assert (again.status_code, again.json()["code"]) == (409, "points_already_reversed")
    for number in range(4):
        assert (await give(charity, ADULT, "5000", f"N{number}")).status_code == 201
    # The goods never came: what was spent of a refunded gift goes back to the issuer, not to the person.
    path = f"/people/{ADULT}/points/movements/{spent}/reversal"
    undone = await post(charity, path, {"reason": "缺货"}, Role.DISTRICT_OFFICER, DISTRICT)
    assert undone.json()["points"] == 0
    assert (await points(charity, ADULT))["balance"] == 2000
    told = await charity.told("charity.points.reversed.v1")
    assert [(event["points"], event["reverses"]) for event in told] == [(-380, gift), (0, spent)]


async def test_what_was_spent_whole_cannot_be_taken_back_but_its_spending_can(charity: Stand) -> None:
    gift = (await give(charity, ADULT, "100", "G1")).json()["movement"]["id"]

    async def reverse(movement: str) -> tuple[int, dict[str, Any]]:
        path = f"/people/{ADULT}/points/movements/{movement}/reversal"
        answer = await post(charity, path, {"reason": "更正"}, Role.DISTRICT_OFFICER, DISTRICT)
        return answer.status_code, answer.json()

    with clock.frozen(NOW + WEEK):
        spent = (await spend(charity, ADULT, 10)).json()["id"]
    status, problem = await reverse(gift)
    assert (status, problem["code"]) == (409, "points_already_spent")
    status, undone = await reverse(spent)
    assert (status, undone["points"]) == (201, 10)
    status, problem = await reverse(undone["id"])
    assert (status, problem["code"]) == (409, "points_not_reversible")
    status, taken = await reverse(gift)
    assert (status, taken["points"]) == (201, -10)


@pytest.mark.plan("C-05", part="points account: earn, redeem, reverse, expire")
async def test_points_expire_after_their_last_day(charity: Stand) -> None:
    await earned(charity, ADULT, (30, "2024-05-01"), (20, "2025-05-01"))
    await earned(charity, FAR)
    await charity.settle()
    with clock.frozen(clock.start_of_day(date(2026, 12, 31)) + timedelta(hours=12)):
        await charity.settle()
        assert (await points(charity, ADULT))["balance"] == 50
    with clock.frozen(clock.start_of_day(date(2027, 1, 1))):
        # Before the night's sweep they are gone for the person already.
        assert (await points(charity, ADULT))["balance"] == 20
    with clock.frozen(clock.start_of_day(date(2027, 1, 1)) + timedelta(hours=1)):
        await charity.settle()
        assert (await points(charity, ADULT))["balance"] == 20
        assert await charity.rows(
            "select points, cast(on_date as text) from points_movement where kind = 'EXPIRE'"
        ) == [(-30, "2026-12-31")]


async def test_each_sees_and_spends_only_her_own(charity: Stand) -> None:
    await earned(charity, ADULT, (100, "2026-01-01"))
    own = await get(charity, f"/people/{ADULT}/points", Role.RESIDENT, "", person=ADULT)
    assert own.json()["available"] == 100
    assert (await get(charity, f"/people/{ADULT}/points", Role.RESIDENT, "", person=DONOR)).status_code == 404
    assert (await get(charity, f"/people/{ADULT}/points", area=DONGGANG)).status_code == 404
    assert (await get(charity, f"/people/{FAR}/points")).status_code == 404
    assert (await points(charity, DONOR))["balance"] == 0
    headers = charity.headers(Role.RESIDENT, "", person=ADULT)
    body = {"use": "TICKET", "points": 30, "item": "电影票"}
    mine = await charity.client.post(f"/api/charity/people/{ADULT}/points/redemptions", json=body, headers=headers)
    assert mine.status_code == 201
    for person, who in [(ADULT, DONOR), (FAR, ADULT)]:
        headers = charity.headers(Role.RESIDENT, "", person=who)
        other = await charity.client.post(
            f"/api/charity/people/{person}/points/redemptions", json=body, headers=headers
        )
        assert other.status_code == 404
    listed = await get(charity, f"/people/{ADULT}/points/movements?total=true", Role.RESIDENT, "", person=ADULT)
    assert [item["kind"] for item in listed.json()["items"]] == ["REDEEM", "EARN"]
    foreign = await get(charity, f"/people/{ADULT}/points/movements?total=true", area=DONGGANG)
    assert foreign.json() == {"items": [], "nextCursor": None, "total": 0}
    assert (await work(charity, ADULT, 1)).status_code == 201
    refused = await post(charity, f"/people/{FAR}/points/gifts", {"amount": "100", "onDate": "2026-03-10", "ref": "X"})
    assert refused.status_code == 404


async def test_the_account_follows_the_person_to_another_town(charity: Stand) -> None:
    await earned(charity, ADULT, (100, "2026-01-01"))
    await charity.hear(PersonMoved(person_id=ADULT, from_area=LIUHENG, to_area=ELSEWHERE, on_date=NOW.date()))
    assert (await get(charity, f"/people/{ADULT}/points")).status_code == 404
    assert (await get(charity, f"/people/{ADULT}/points", area=DONGGANG)).json()["available"] == 100
    assert (await spend(charity, ADULT, 100, area=DONGGANG)).status_code == 201


# ── the ledger itself ────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("C-05", part="points account: earn, redeem, reverse, expire")
async def test_the_database_refuses_what_would_unbalance_the_ledger(charity: Stand) -> None:
    await earned(charity, ADULT, (100, "2026-01-01"))
    line = (
        "insert into points_entry select 'x', movement_id, lot_id, person_id, area_code, :source, :target, :points,"
        " created_at from points_entry"
    )
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("update points_entry set points = 1", {}, "permission denied"),
        ("delete from points_entry", {}, "permission denied"),
        ("update points_movement set points = 1", {}, "permission denied"),
        ("delete from points_movement", {}, "permission denied"),
        ("update points_lot set remaining = -1", {}, "ck_points_lot_remaining"),
        ("update points_lot set remaining = 101", {}, "ck_points_lot_remaining"),
        (line, {"source": "PERSON", "target": "PERSON", "points": 5}, "ck_points_entry_one_person"),
        (line, {"source": "ISSUED", "target": "REDEEMED", "points": 5}, "ck_points_entry_one_person"),
        (line, {"source": "ISSUED", "target": "PERSON", "points": -5}, "ck_points_entry_points"),
        (line, {"source": "NOWHERE", "target": "PERSON", "points": 5}, "ck_points_entry_accounts"),
    ]
    for sql, values, reason in refused:
        with pytest.raises(DBAPIError, match=reason):
            await charity.rows(f"with tried as ({sql} returning 1) select * from tried", **values)


@dataclass
class Point:
    """One single point of the simple book."""

    gift: str
    available_on: date
    expires_on: date
    is_held: bool = True


@dataclass
class Book:
    """What charity should do, told point by point: an oracle without lots, lines and statements."""

    points: list[Point] = field(default_factory=list)
    gifts: dict[str, list[Point]] = field(default_factory=dict)
    spent: dict[str, list[Point]] = field(default_factory=dict)

    def held(self, today: date) -> int:
        return sum(point.is_held and point.expires_on >= today for point in self.points)

    def expire(self, today: date) -> None:
        for point in self.points:
            point.is_held = point.is_held and point.expires_on >= today

    async def give(self, stand: Stand, much: int, today: date, ref: str) -> None:
        answer = await give(stand, ADULT, f"{much * 10}", ref, on=today.isoformat())
        assert answer.status_code in (201, 409)
        if answer.status_code == 201:
            got = answer.json()["movement"]
            last = date(today.year + 2, 12, 31)
            self.gifts[got["id"]] = [Point(got["id"], today + WEEK, last) for _ in range(got["points"])]
            self.points += self.gifts[got["id"]]

    async def spend(self, stand: Stand, much: int, today: date) -> None:
        free = [point for point in self.points if point.is_held and point.available_on <= today]
        free.sort(key=lambda point: (point.expires_on, point.gift))
        answer = await spend(stand, ADULT, much)
        assert answer.status_code == (201 if much <= len(free) else 409)
        if answer.status_code == 201:
            self.spent[answer.json()["id"]] = free[:much]
            for point in free[:much]:
                point.is_held = False

    async def reverse(self, stand: Stand, movement: str) -> None:
        path = f"/people/{ADULT}/points/movements/{movement}/reversal"
        answer = await post(stand, path, {"reason": "更正"}, Role.DISTRICT_OFFICER, DISTRICT)
        if movement in self.spent:
            assert answer.status_code == 201
            for point in self.spent.pop(movement):
                point.is_held = point.gift in self.gifts
            return
        is_left = any(point.is_held for point in self.gifts[movement])
        assert answer.status_code == (201 if is_left else 409)
        if is_left:
            for point in self.gifts.pop(movement):
                point.is_held = False


@pytest.mark.prove
@pytest.mark.plan("C-05", part="points account: earn, redeem, reverse, expire")
async def test_any_history_is_what_a_simple_book_says(charity: Stand, seed: int, size: Callable[..., int]) -> None:
    chance, book, day = random.Random(seed), Book(), NOW
    for step in range(size(40, stated=400)):
        day += timedelta(days=chance.randrange(0, 20))
        with clock.frozen(day):
            today = clock.today()
            await charity.settle()
            book.expire(today)
            what = chance.choice(("give", "give", "spend", "spend", "reverse"))
            if what == "give":
                await book.give(charity, chance.randrange(1, 60), today, f"G{step}")
            elif what == "spend":
                await book.spend(charity, chance.randrange(1, 80), today)
            elif known := [*book.gifts, *book.spent]:
                await book.reverse(charity, chance.choice(known))
            assert (await points(charity, ADULT))["balance"] == book.held(today)
    await ledger_is_sound(charity)


async def test_a_statement_of_its_own_is_refused_outside_its_rows(charity: Stand) -> None:
    await earned(charity, ADULT, (100, "2026-01-01"))
    resident = Principal("r", Role.RESIDENT, person_id=FAR)
    async with charity.unit(resident) as unit:
        assert (await unit.execute(text("select count(*) from points_lot"))).scalar() == 0
        changed = await unit.execute(text("update points_lot set remaining = 0"))
        assert changed.rowcount == 0  # type: ignore[attr-defined]
