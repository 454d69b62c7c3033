"""Sessions: rotating refresh tokens, re-use, idleness, revocation everywhere (plan S-06; design §9)."""

import asyncio
from datetime import timedelta

import pytest

from shared import clock
from shared.db.principals import Role
from tests.brain.conftest import OTHER_TOWN, Brain, bearer
from tests.brain.test_sign_in import Later, later, refused

__all__ = ["later"]

pytestmark = [pytest.mark.db, pytest.mark.plan("S-06", part="accounts, sign-in, second factor, sessions")]


async def refresh(brain: Brain, token: str):
    return await brain.post("/auth/refresh", refreshToken=token)


async def test_a_refresh_token_is_good_once_and_its_second_use_ends_the_session(brain: Brain) -> None:
    account_id = await brain.account("clerk", is_demo=True)
    first = await brain.sign_in("clerk")
    second = await refresh(brain, first.json()["refreshToken"])
    assert (await brain.get("/auth/me", bearer(second))).status_code == 200
    third = await refresh(brain, second.json()["refreshToken"])
    assert third.status_code == 200

    refused(await refresh(brain, first.json()["refreshToken"]), 401, "refresh_refused")
    refused(await refresh(brain, third.json()["refreshToken"]), 401, "refresh_refused")
    for answer in (first, second, third):
        refused(await brain.get("/auth/me", bearer(answer)), 401, "session_revoked")
    [event] = await brain.stand.told("brain.session.revoked.v1")
    assert event["accountId"] == account_id
    assert await brain.stand.rows("select end_reason from session") == [("token_reused",)]


async def test_an_idempotency_key_keeps_no_tokens(brain: Brain) -> None:
    await brain.account("clerk", is_demo=True)
    first = await brain.sign_in("clerk")
    body, key = {"refreshToken": first.json()["refreshToken"]}, {"idempotency-key": "refresh-00000001"}
    assert (await brain.post("/auth/refresh", key, **body)).status_code == 200
    refused(await brain.post("/auth/refresh", key, **body), 401, "refresh_refused")


async def test_of_two_equal_refreshes_at_once_one_wins(brain: Brain) -> None:
    await brain.account("clerk", is_demo=True)
    token = (await brain.sign_in("clerk")).json()["refreshToken"]
    answers = await asyncio.gather(refresh(brain, token), refresh(brain, token))
    assert sorted(answer.status_code for answer in answers) == [200, 401]


@pytest.mark.parametrize("token", ["x", "é" * 200, "A" * 43])
async def test_an_unknown_token_is_refused(one_brain: Brain, token: str) -> None:
    refused(await refresh(one_brain, token), 401, "refresh_refused")


async def test_an_idle_session_ends(brain: Brain, later: Later) -> None:
    await brain.account("clerk", is_demo=True)
    token = (await brain.sign_in("clerk")).json()["refreshToken"]
    later(timedelta(minutes=29))
    token = (await refresh(brain, token)).json()["refreshToken"]
    later(timedelta(minutes=31))
    refused(await refresh(brain, token), 401, "refresh_refused")


async def test_no_session_outlives_half_a_day(brain: Brain, later: Later) -> None:
    await brain.account("clerk", is_demo=True)
    token = (await brain.sign_in("clerk")).json()["refreshToken"]
    for _ in range(28):
        later(timedelta(minutes=25))
        token = (await refresh(brain, token)).json()["refreshToken"]
    later(timedelta(minutes=21))
    refused(await refresh(brain, token), 401, "refresh_refused")


async def test_moving_the_business_clock_signs_nobody_out(brain: Brain) -> None:
    await brain.account("clerk", is_demo=True)
    answer = await brain.sign_in("clerk")
    clock.shift(timedelta(days=70))
    assert (await brain.get("/auth/me", bearer(answer))).status_code == 200
    assert (await refresh(brain, answer.json()["refreshToken"])).status_code == 200


async def test_signing_out_ends_the_session_at_once(brain: Brain) -> None:
    await brain.account("clerk", is_demo=True)
    answer = await brain.sign_in("clerk")
    assert (await brain.post("/auth/sign-out", bearer(answer))).status_code == 204
    refused(await brain.get("/auth/me", bearer(answer)), 401, "session_revoked")
    refused(await refresh(brain, answer.json()["refreshToken"]), 401, "refresh_refused")


async def test_the_security_administrator_sees_and_ends_sessions_of_her_area(brain: Brain) -> None:
    account_id = await brain.account("clerk", is_demo=True)
    await brain.account("other", unit="other", area=OTHER_TOWN, is_demo=True)
    answer, other = await brain.sign_in("clerk"), await brain.sign_in("other")
    security = brain.stand.headers(Role.SECURITY_ADMIN, "330903100000", account="security")
    listed = (await brain.get("/sessions", security)).json()["items"]
    assert [one["accountId"] for one in listed] == [account_id]
    whole = (await brain.get("/sessions", brain.security(), total=True)).json()
    assert whole["total"] == 2

    theirs = next(one["id"] for one in whole["items"] if one["accountId"] != account_id)
    refused(await brain.post(f"/sessions/{theirs}/revoke", security, reason="异常登录"), 404, "not_found")
    ended = await brain.post(f"/sessions/{listed[0]['id']}/revoke", security, reason="异常登录")
    assert ended.json()["endReason"] == "revoked"
    refused(await brain.get("/auth/me", bearer(answer)), 401, "session_revoked")
    assert (await brain.get("/auth/me", bearer(other))).status_code == 200
    again = await brain.post(f"/sessions/{listed[0]['id']}/revoke", security, reason="异常登录")
    assert again.status_code == 200
    assert len(await brain.stand.told("brain.session.revoked.v1")) == 1
    logged = await brain.stand.scalar(
        "select reason from kernel.audit where action = 'brain:revoke_session' and outcome = 'done' limit 1"
    )
    assert logged == "异常登录"


async def test_housekeeping_forgets_what_nobody_can_use(brain: Brain, later: Later) -> None:
    await brain.account("clerk", is_demo=True)
    await brain.account("new")
    await brain.sign_in("clerk")
    await brain.sign_in("new")
    await brain.sign_in("clerk", "Wrong-password-1")
    clock.shift(timedelta(days=3))
    later(timedelta(days=3))
    await brain.stand.settle()
    clock.shift(timedelta(days=3))
    later(timedelta(days=3))
    await brain.stand.settle()
    for table in ("refresh_token", "sign_in_failures", "sign_in_step"):
        assert await brain.stand.scalar(f"select count(*) from {table}") == 0
    assert await brain.stand.rows("select end_reason from session") == [("expired",)]
