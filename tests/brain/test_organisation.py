"""Units of five levels and posts that follow transfers (plan S-07; domain §1.3)."""

from datetime import date, timedelta

import pytest

from shared import clock
from shared.db.principals import Role
from tests.brain.conftest import DISTRICT, OTHER_TOWN, OTHER_VILLAGE, TOWN, VILLAGE, Brain, bearer
from tests.brain.test_sign_in import refused

pytestmark = [pytest.mark.db, pytest.mark.plan("S-07", part="five levels, dated units and posts, scope follows")]


async def test_five_levels_stand_under_each_other(brain: Brain) -> None:
    above: str | None = None
    areas = ("330000000000", "330900000000", DISTRICT, TOWN, VILLAGE)
    system = brain.stand.headers(Role.SYSTEM_ADMIN, "330000000000", account="system")
    for level, area in enumerate(areas, 1):
        body = {"name": f"单位{level}", "kind": "DEPARTMENT", "areaCode": area, "fromDate": "2020-01-01"}
        founded = await brain.post("/units", system, **body | ({"parentId": above} if above else {}))
        assert (founded.status_code, founded.json()["level"]) == (201, level)
        above = founded.json()["unitId"]
    wrong = {"name": "单位", "kind": "TOWN", "areaCode": OTHER_TOWN, "fromDate": "2020-01-01", "parentId": above}
    assert refused(await brain.post("/units", system, **wrong), 422, "wrong_parent")["errors"][0]["field"] == "parentId"
    events = await brain.stand.told("brain.org.changed.v1")
    assert [event["change"] for event in events[-5:]] == ["founded"] * 5


async def test_a_unit_is_what_it_was_on_the_day(brain: Brain) -> None:
    unit_id = brain.units["village"]
    change = {"name": "新示例村", "fromDate": "2024-03-01"}
    renamed = await brain.post(f"/units/{unit_id}/changes", brain.system(), **change)
    assert (renamed.status_code, renamed.json()["validFrom"]) == (201, "2024-03-01")
    names = {}
    for day in ("2019-12-31", "2024-02-29", "2024-03-01"):
        answer = await brain.get(f"/units/{unit_id}", brain.clerk(), on=day)
        names[day] = answer.json().get("name", answer.status_code)
    assert names == {"2019-12-31": 404, "2024-02-29": "示例村01", "2024-03-01": "新示例村"}
    listed = await brain.get("/units", brain.clerk(), on="2024-02-29", parentId="town")
    assert [one["name"] for one in listed.json()["items"]] == ["示例村01"]
    refused(await brain.post(f"/units/{unit_id}/changes", brain.system(), **change), 409, "unit_change_planned")
    stale = {**brain.system(), "if-match": '"1"'}
    refused(
        await brain.post(f"/units/{unit_id}/changes", stale, name="x", fromDate="2025-01-01"), 409, "version_changed"
    )
    assert (await brain.stand.told("brain.org.changed.v1"))[-1] == {
        "unitId": unit_id,
        "change": "changed",
        "fromDate": "2024-03-01",
        "version": 2,
    }


async def test_a_unit_in_use_is_not_closed(brain: Brain) -> None:
    close = {"fromDate": "2026-06-01"}
    refused(await brain.post("/units/town/close", brain.system(), **close), 409, "unit_in_use")
    await brain.account("village-clerk", Role.VILLAGE_CLERK, unit="village", area=VILLAGE)
    refused(await brain.post("/units/village/close", brain.system(), **close), 409, "unit_in_use")
    other = brain.units["other"]
    closed = await brain.post(f"/units/{other}/close", brain.system(), **close)
    assert closed.json()["validTo"] == "2026-06-01"
    assert (await brain.get(f"/units/{other}", brain.clerk(), on="2026-06-01")).status_code == 404
    refused(await brain.post(f"/units/{other}/close", brain.system(), fromDate="2026-07-01"), 404, "not_found")


async def test_units_are_changed_by_their_own_administrator_only(brain: Brain) -> None:
    elsewhere = brain.stand.headers(Role.SYSTEM_ADMIN, "330902000000", account="system")
    change = {"name": "x", "fromDate": "2026-01-01"}
    refused(await brain.post("/units/town/changes", elsewhere, **change), 403, "outside_area")
    refused(await brain.post("/units/town/changes", brain.clerk(), **change), 403, "not_permitted")
    found = {"name": "x", "kind": "TOWN", "areaCode": TOWN, "fromDate": "2026-01-01"}
    refused(await brain.post("/units", elsewhere, **found), 403, "outside_area")


async def test_a_transfer_takes_the_rows_along_on_its_day(brain: Brain) -> None:
    await brain.people({}, {"area_code": OTHER_VILLAGE, "name": "林示例"})
    account_id = await brain.account("clerk", is_demo=True)
    before = bearer(await brain.sign_in("clerk"))
    assert [one["areaCode"] for one in (await brain.get("/people", before)).json()["items"]] == [VILLAGE]

    post = {"unitId": brain.units["other"], "role": "TOWN_CLERK", "fromDate": clock.today().isoformat()}
    moved = await brain.post(f"/accounts/{account_id}/posts", brain.security(), **post)
    assert (moved.status_code, moved.json()["areaCode"]) == (201, OTHER_TOWN)
    refused(await brain.get("/people", before), 401, "session_revoked")
    after = bearer(await brain.sign_in("clerk"))
    assert [one["areaCode"] for one in (await brain.get("/people", after)).json()["items"]] == [OTHER_VILLAGE]

    first, second = await brain.stand.told("brain.post.changed.v1")
    assert (first["seq"], second["seq"]) == (1, 2)
    assert (second["oldPost"], second["newPost"]) == (first["newPost"], moved.json()["id"])
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    for day, area in ((yesterday, TOWN), (clock.today().isoformat(), OTHER_TOWN)):
        held = await brain.get("/posts", brain.security(), on=day, accountId=account_id)
        assert [one["areaCode"] for one in held.json()["items"]] == [area]


async def test_a_planned_transfer_comes_by_itself_when_its_day_comes(brain: Brain) -> None:
    account_id = await brain.account("clerk", is_demo=True)
    signed_in = await brain.sign_in("clerk")
    day = clock.today() + timedelta(days=10)
    post = {"unitId": brain.units["other"], "role": "TOWN_LEADER", "fromDate": day.isoformat()}
    assert (await brain.post(f"/accounts/{account_id}/posts", brain.security(), **post)).status_code == 201
    refused(await brain.post(f"/accounts/{account_id}/posts", brain.security(), **post), 409, "post_planned")
    await brain.stand.settle()
    assert (await brain.get("/auth/me", bearer(signed_in))).json()["role"] == "TOWN_CLERK"

    clock.shift(timedelta(days=10))
    refresh = await brain.post("/auth/refresh", refreshToken=signed_in.json()["refreshToken"])
    refused(refresh, 401, "refresh_refused")
    me = await brain.get("/auth/me", bearer(await brain.sign_in("clerk")))
    assert (me.json()["role"], me.json()["areaCode"]) == ("TOWN_LEADER", OTHER_TOWN)


async def test_the_timer_ends_sessions_of_the_former_post(brain: Brain) -> None:
    account_id = await brain.account("clerk", is_demo=True)
    signed_in = bearer(await brain.sign_in("clerk"))
    [held] = (await brain.get("/posts", brain.security(), accountId=account_id)).json()["items"]
    end = {"postId": held["id"], "onDate": (clock.today() + timedelta(days=2)).isoformat()}
    assert (await brain.post(f"/accounts/{account_id}/posts/end", brain.security(), **end)).status_code == 200
    refused(await brain.post(f"/accounts/{account_id}/posts/end", brain.security(), **end), 409, "post_ended")
    clock.shift(timedelta(days=2))
    await brain.stand.settle()
    refused(await brain.get("/auth/me", signed_in), 401, "session_revoked")
    refused(await brain.sign_in("clerk"), 403, "no_post")
    assert (await brain.stand.told("brain.post.changed.v1"))[-1]["newPost"] is None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"unitId": "nowhere"}, 422, "unit_not_found"),
        ({"fromDate": "2019-01-01"}, 422, "unit_not_found"),
        ({"areaCode": OTHER_TOWN}, 422, "post_outside_unit"),
        ({"areaCode": "330902000000"}, 403, "outside_area"),
        ({"role": "SYSTEM"}, 422, "role_not_for_accounts"),
        ({"role": "KING"}, 422, "invalid_request"),
        ({"fromDate": "2026-02-30"}, 422, "invalid_request"),
    ],
)
async def test_posts_that_cannot_be(one_brain: Brain, change: dict[str, str], status: int, code: str) -> None:
    account_id = await one_brain.account(f"clerk-{code}-{'-'.join(change.values())}".lower()[:40], None)
    post = {"unitId": "town", "role": "TOWN_CLERK", "fromDate": "2026-01-01"} | change
    answer = refused(await one_brain.post(f"/accounts/{account_id}/posts", one_brain.security(), **post), status, code)
    named = "unitId" if code == "unit_not_found" else next(iter(change))
    assert [error["field"] for error in answer["errors"]] == [named]


async def test_a_village_clerk_of_a_towns_unit_sees_her_village_only(brain: Brain) -> None:
    await brain.people({}, {"area_code": "330903100202", "name": "林示例"})
    account_id = await brain.account("clerk", None, is_demo=True)
    post = {"unitId": "town", "role": "VILLAGE_CLERK", "areaCode": VILLAGE, "fromDate": "2026-01-01"}
    assert (await brain.post(f"/accounts/{account_id}/posts", brain.security(), **post)).status_code == 201
    listed = await brain.get("/people", bearer(await brain.sign_in("clerk")), total=True)
    assert listed.json()["total"] == 1


async def test_history_cannot_be_rewritten_before_the_post_began(brain: Brain) -> None:
    account_id = await brain.account("clerk")
    post = {"unitId": "town", "role": "TOWN_LEADER", "fromDate": "2019-06-01"}
    answer = await brain.post(f"/accounts/{account_id}/posts", brain.security(), **post | {"fromDate": "2020-01-01"})
    refused(answer, 409, "post_planned")
    assert date(2020, 1, 1) == await brain.stand.scalar("select valid_from from post")
