"""Signing in: alike refusals, lock-out, second factor, passwords (plan S-06; 等保 8.1.4.1)."""

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import pytest

from services.brain.accounts.service import NewAccount, create_accounts
from shared import clock
from shared.db.principals import Role
from shared.security.passwords import PasswordCost, Passwords
from shared.security.totp import code_at, step_at
from tests.brain.conftest import PASSWORD, Brain, bearer, code_now

pytestmark = [pytest.mark.db, pytest.mark.plan("S-06", part="accounts, sign-in, second factor, sessions")]

Later = Callable[[timedelta], None]
NEW_PASSWORD = "Harbour-2027"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Let real time stand further on; sessions and codes live by it."""
    real = clock.real
    ahead = timedelta()

    def now() -> datetime:
        return real() + ahead

    def move(by: timedelta) -> None:
        nonlocal ahead
        ahead += by

    monkeypatch.setattr(clock, "real", now)
    return move


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body.get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return body


async def test_a_demo_account_signs_in_without_a_second_factor_and_sees_itself(brain: Brain) -> None:
    account_id = await brain.account("town-clerk", is_demo=True)
    answer = await brain.sign_in(" Town-Clerk ")
    assert set(answer.json()) == {"accessToken", "refreshToken", "expiresIn"}
    assert answer.json()["expiresIn"] == 300
    me = await brain.get("/auth/me", bearer(answer))
    assert me.json() | {"sessionId": ""} == {
        "accountId": account_id,
        "username": "town-clerk",
        "name": "测试员",
        "role": "TOWN_CLERK",
        "areaCode": "330903100000",
        "orgId": "town",
        "personId": "",
        "sessionId": "",
    }


async def test_demo_accounts_exist_only_in_dev(brain: Brain) -> None:
    await brain.account("town-clerk", is_demo=True)
    outside = dataclasses.replace(brain.desk, is_dev=False)
    new = NewAccount(username="demo", name="演示", area_code="330903", password_hash="x", is_demo=True)
    async with brain.stand.unit() as unit:
        with pytest.raises(ValueError, match="dev only"):
            await create_accounts(unit, outside, [new])
    brain.stand.app.state.desk = outside
    refused(await brain.sign_in("town-clerk"), 401, "sign_in_refused")


async def test_an_unknown_name_and_a_wrong_password_are_answered_alike(brain: Brain) -> None:
    await brain.account("known", is_demo=True)
    wrong = await brain.sign_in("known", "Wrong-password-1")
    unknown = await brain.sign_in("nobody", "Wrong-password-1")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["detail"] == "用户名、密码或验证码不正确"
    logged = await brain.stand.rows(
        "select outcome, code from kernel.audit where action = 'brain:sign_in_with' order by id"
    )
    assert logged == [("refused", "sign_in_refused")] * 2


async def test_an_unknown_name_takes_as_long_as_a_wrong_password(brain: Brain) -> None:
    slow = Passwords(PasswordCost(passes=4, memory_kib=16 * 1024, lanes=1))
    brain.stand.app.state.desk = dataclasses.replace(brain.desk, passwords=slow)
    for number in range(3):
        await brain.account(f"known{number}", is_demo=True)

    async def seconds(username: str) -> float:
        begun = perf_counter()
        await brain.sign_in(username, "Wrong-password-1")
        return perf_counter() - begun

    await seconds("warm")  # the first refusal also makes the hash nobody has
    known, unknown = [], []
    for number in range(5):  # in turns, and the quickest of each: a busy machine makes some slow
        known.append(await seconds(f"known{number % 3}"))
        unknown.append(await seconds(f"unknown{number % 3}"))
    slow.close()
    assert min(unknown) > 0.6 * min(known)


@pytest.mark.parametrize("username", ["town-clerk", "nobody"])
async def test_five_failures_in_a_row_lock_a_name_for_a_quarter_of_an_hour(
    brain: Brain, later: Later, username: str
) -> None:
    await brain.account("town-clerk", is_demo=True)
    for _ in range(5):
        refused(await brain.sign_in(username, "Wrong-password-1"), 401, "sign_in_refused")
    locked = await brain.sign_in(username)
    refused(locked, 403, "sign_in_locked")
    assert 0 < int(locked.headers["retry-after"]) <= 901
    later(timedelta(minutes=14))
    refused(await brain.sign_in(username), 403, "sign_in_locked")
    later(timedelta(minutes=2))
    answer = await brain.sign_in(username)
    assert answer.status_code == (200 if username == "town-clerk" else 401)


async def test_a_success_ends_the_row_of_failures(brain: Brain) -> None:
    await brain.account("town-clerk", is_demo=True)
    for _ in range(2):
        for _ in range(4):
            refused(await brain.sign_in("town-clerk", "Wrong-password-1"), 401, "sign_in_refused")
        assert (await brain.sign_in("town-clerk")).status_code == 200


async def test_failures_of_long_ago_do_not_count(brain: Brain, later: Later) -> None:
    await brain.account("town-clerk", is_demo=True)
    for _ in range(4):
        await brain.sign_in("town-clerk", "Wrong-password-1")
    later(timedelta(minutes=16))
    refused(await brain.sign_in("town-clerk", "Wrong-password-1"), 401, "sign_in_refused")
    assert (await brain.sign_in("town-clerk")).status_code == 200


async def test_many_guesses_at_once_are_all_counted(brain: Brain) -> None:
    await brain.account("town-clerk", is_demo=True)
    await asyncio.gather(*(brain.sign_in("town-clerk", "Wrong-password-1") for _ in range(12)))
    assert await brain.stand.scalar("select failures from sign_in_failures") >= 5
    refused(await brain.sign_in("town-clerk"), 403, "sign_in_locked")


async def test_equal_sign_ins_do_not_queue_behind_each_other(brain: Brain) -> None:
    await brain.account("town-clerk", is_demo=True)
    answers = await asyncio.gather(*(brain.sign_in("town-clerk") for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}


async def test_the_second_factor_is_enrolled_before_anything_else(brain: Brain) -> None:
    await brain.account("clerk")
    stopped = refused(await brain.sign_in("clerk"), 403, "second_factor_enrolment_required")
    step = stopped["stepToken"]
    assert stopped["expiresIn"] == 600
    refused(await brain.get("/auth/me", {"authorization": f"Bearer {step}"}), 401, "token_invalid")

    offered = (await brain.post("/auth/second-factor/enrol", stepToken=step)).json()
    assert offered["uri"].startswith("otpauth://totp/")
    secret = _secret_of(offered["uri"])
    confirm = {"stepToken": step, "code": code_now(secret), "newPassword": NEW_PASSWORD}
    wrong = f"{(int(confirm['code']) + 1) % 1_000_000:06d}"
    refused(await brain.post("/auth/second-factor/confirm", **confirm | {"code": wrong}), 422, "wrong_code")
    weak = await brain.post("/auth/second-factor/confirm", **confirm | {"newPassword": "alllowercase"})
    assert refused(weak, 422, "weak_password")["errors"][0]["field"] == "newPassword"
    same = await brain.post("/auth/second-factor/confirm", **confirm | {"newPassword": PASSWORD})
    refused(same, 422, "same_password")

    done = await brain.post("/auth/second-factor/confirm", **confirm)
    assert (await brain.get("/auth/me", bearer(done))).json()["username"] == "clerk"
    refused(await brain.post("/auth/second-factor/confirm", **confirm), 401, "step_refused")
    refused(await brain.sign_in("clerk", PASSWORD, "000000"), 401, "sign_in_refused")
    refused(await brain.sign_in("clerk", NEW_PASSWORD), 401, "second_factor_required")
    refused(await brain.sign_in("clerk", NEW_PASSWORD, confirm["code"]), 401, "sign_in_refused")
    next_code = code_at(secret, step_at(clock.real()) + 1)
    assert (await brain.sign_in("clerk", NEW_PASSWORD, next_code)).status_code == 200


async def test_a_step_ends_after_minutes_and_enrolment_after_days(brain: Brain, later: Later) -> None:
    await brain.account("clerk")
    step = (await brain.sign_in("clerk")).json()["stepToken"]
    later(timedelta(minutes=10, seconds=1))
    refused(await brain.post("/auth/second-factor/enrol", stepToken=step), 401, "step_refused")
    refused(await brain.post("/auth/password/renew", stepToken=step, newPassword="x"), 401, "step_refused")
    later(timedelta(days=7))
    refused(await brain.sign_in("clerk"), 403, "enrolment_over")


async def test_a_step_is_for_its_own_purpose(brain: Brain) -> None:
    await brain.account("clerk")
    step = (await brain.sign_in("clerk")).json()["stepToken"]
    refused(await brain.post("/auth/password/renew", stepToken=step, newPassword=NEW_PASSWORD), 401, "step_refused")
    refused(
        await brain.post("/auth/second-factor/confirm", stepToken=step, code="000000", newPassword=NEW_PASSWORD),
        401,
        "step_refused",
    )


async def test_a_code_is_asked_for_and_good_once(brain: Brain) -> None:
    _, secret = await brain.enrolled("clerk")
    asked = refused(await brain.sign_in("clerk"), 401, "second_factor_required")
    assert asked["errors"][0]["field"] == "code"
    code = code_now(secret)
    assert (await brain.sign_in("clerk", code=code)).status_code == 200
    refused(await brain.sign_in("clerk", code=code), 401, "sign_in_refused")


async def test_wrong_codes_count_as_failures(brain: Brain) -> None:
    _, secret = await brain.enrolled("clerk")
    wrong = f"{(int(code_now(secret)) + 1) % 1_000_000:06d}"
    near = {code_at(secret, step_at(clock.real()) + step) for step in (-1, 0, 1, 2)}
    assert wrong not in near
    for _ in range(5):
        refused(await brain.sign_in("clerk", code=wrong), 401, "sign_in_refused")
    refused(await brain.sign_in("clerk", code=code_now(secret)), 403, "sign_in_locked")


async def test_codes_follow_real_time_when_the_business_clock_is_moved(brain: Brain) -> None:
    _, secret = await brain.enrolled("clerk")
    clock.shift(timedelta(days=40))
    answer = await brain.sign_in("clerk", code=code_now(secret))
    assert (await brain.get("/auth/me", bearer(answer))).status_code == 200


async def test_an_old_password_is_renewed_before_anything_else(brain: Brain, later: Later) -> None:
    _, secret = await brain.enrolled("clerk")
    later(timedelta(days=91))
    stopped = refused(await brain.sign_in("clerk", code=code_now(secret)), 403, "password_expired")
    renew = {"stepToken": stopped["stepToken"], "newPassword": NEW_PASSWORD}
    refused(await brain.post("/auth/password/renew", **renew | {"newPassword": PASSWORD}), 422, "same_password")
    assert (await brain.get("/auth/me", bearer(await brain.post("/auth/password/renew", **renew)))).status_code == 200
    later(timedelta(minutes=1))
    assert (await brain.sign_in("clerk", NEW_PASSWORD, code_now(secret))).status_code == 200


async def test_a_person_without_a_post_is_a_resident_and_an_account_without_either_is_nothing(brain: Brain) -> None:
    [person_id] = await brain.people({})
    await brain.account("resident", None, is_demo=True, person_id=person_id)
    me = await brain.get("/auth/me", bearer(await brain.sign_in("resident")))
    assert (me.json()["role"], me.json()["personId"]) == ("RESIDENT", person_id)
    await brain.account("nobody", None, is_demo=True)
    refused(await brain.sign_in("nobody"), 403, "no_post")


async def test_ones_own_password(brain: Brain) -> None:
    await brain.account("clerk", is_demo=True)
    first, second = bearer(await brain.sign_in("clerk")), bearer(await brain.sign_in("clerk"))
    change = {"oldPassword": PASSWORD, "newPassword": NEW_PASSWORD}
    refused(await brain.post("/auth/password", first, **change | {"oldPassword": "Guess-1234"}), 401, "sign_in_refused")
    assert await brain.stand.scalar("select failures from sign_in_failures") == 1
    refused(await brain.post("/auth/password", first, **change | {"newPassword": "Clerk-1234"}), 422, "weak_password")
    assert (await brain.post("/auth/password", first, **change)).status_code == 204
    assert (await brain.get("/auth/me", first)).status_code == 200
    refused(await brain.get("/auth/me", second), 401, "session_revoked")
    refused(await brain.sign_in("clerk"), 401, "sign_in_refused")
    assert (await brain.sign_in("clerk", NEW_PASSWORD)).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": "zheliban"}, "provider"),
        ({"username": ""}, "username"),
        ({"username": 7}, "username"),
        ({"password": None}, "password"),
        ({"password": "x" * 201}, "password"),
        ({"code": "1" * 21}, "code"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_bad_bodies_name_the_field(one_brain: Brain, body: dict[str, Any], field: str) -> None:
    whole = {"provider": "local", "username": "clerk", "password": "Guess-1234"} | body
    answer = refused(await one_brain.post("/auth/sign-in", **whole), 422, "invalid_request")
    assert [error["field"] for error in answer["errors"]] == [field]
    assert not answer["errors"][0]["message"].isascii()


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\u202eb", "🐢" * 50])
async def test_odd_characters_are_refused_not_broken_by(one_brain: Brain, text: str) -> None:
    answer = await one_brain.stand.client.post(
        "/api/brain/auth/sign-in",
        content='{"provider": "local", "username": %s, "password": %s}' % ((_json(text),) * 2),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code in {401, 422}


async def test_roles_are_the_only_way_to_a_route(one_brain: Brain) -> None:
    for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR):
        headers = one_brain.stand.headers(role, "330903000000")
        refused(await one_brain.get("/people", headers), 403, "not_permitted")
    refused(await one_brain.get("/accounts", one_brain.clerk()), 403, "not_permitted")


def _secret_of(uri: str) -> bytes:
    from base64 import b32decode
    from urllib.parse import parse_qs, urlsplit

    key = parse_qs(urlsplit(uri).query)["secret"][0]
    return b32decode(key + "=" * (-len(key) % 8))


def _json(text: str) -> str:
    import json

    return json.dumps(text)
