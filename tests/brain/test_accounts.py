"""Accounts as the three administrators manage them (plan S-06; domain §1.8)."""

import asyncio
from datetime import date

import pytest

from services.brain.accounts.providers import LocalAttempt
from services.brain.accounts.sign_in import Tokens, sign_in
from shared.contracts.affairs import DeathConfirmed
from shared.db.principals import Role
from tests.brain.conftest import DISTRICT, OTHER_TOWN, PASSWORD, TOWN, Brain, bearer
from tests.brain.test_sign_in import refused

pytestmark = [pytest.mark.db, pytest.mark.plan("S-06", part="accounts and the three administrators")]


async def test_the_system_administrator_makes_accounts_that_must_enrol(brain: Brain) -> None:
    body = {"username": "New.Clerk", "name": "陈示例", "areaCode": TOWN, "initialPassword": "First-pass-1"}
    made = await brain.post("/accounts", brain.system(), **body)
    assert made.status_code == 201
    assert made.json() | {"id": "", "createdAt": ""} == {
        "id": "",
        "username": "new.clerk",
        "areaCode": TOWN,
        "isDemo": False,
        "isLocked": False,
        "lockReason": None,
        "isClosed": False,
        "createdAt": "",
    }
    assert "陈示例" not in (await brain.get("/accounts", brain.system())).text
    refused(await brain.sign_in("new.clerk", "First-pass-1"), 403, "second_factor_enrolment_required")
    refused(await brain.post("/accounts", brain.system(), **body), 409, "username_taken")
    refused(await brain.post("/accounts", brain.security(), **body), 403, "not_permitted")


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"initialPassword": "weak"}, 422, "weak_password", "initialPassword"),
        ({"initialPassword": "New.clerk-1"}, 422, "weak_password", "initialPassword"),
        ({"areaCode": "330902000000"}, 403, "outside_area", "areaCode"),
        ({"areaCode": "3309"}, 422, "invalid_request", "areaCode"),
        ({"username": "a b"}, 422, "invalid_request", "username"),
        ({"username": "二"}, 422, "invalid_request", "username"),
        ({"name": "7"}, 422, "invalid_request", "name"),
        ({"personId": "p1"}, 422, "invalid_request", "personId"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(
    one_brain: Brain, change: dict[str, str], status: int, code: str, field: str
) -> None:
    body = {"username": "new.clerk", "name": "陈示例", "areaCode": TOWN, "initialPassword": "First-pass-1"}
    answer = refused(await one_brain.post("/accounts", one_brain.system(), **body | change), status, code)
    assert [error["field"] for error in answer["errors"]] == [field]
    assert not answer["errors"][0]["message"].isascii()


async def test_one_account_for_one_person(brain: Brain) -> None:
    [person_id] = await brain.people({})
    body = {"name": "陈示例", "areaCode": TOWN, "initialPassword": "First-pass-1", "personId": person_id}
    assert (await brain.post("/accounts", brain.system(), username="holder1", **body)).status_code == 201
    refused(await brain.post("/accounts", brain.system(), username="holder2", **body), 409, "person_has_account")


async def test_a_lock_ends_sessions_and_stays_until_it_is_lifted(brain: Brain) -> None:
    account_id = await brain.account("clerk", is_demo=True)
    signed_in = bearer(await brain.sign_in("clerk"))
    refused(await brain.post(f"/accounts/{account_id}/lock", brain.system(), reason="离岗"), 403, "not_permitted")
    locked = await brain.post(f"/accounts/{account_id}/lock", brain.security(), reason="离岗")
    assert (locked.json()["isLocked"], locked.json()["lockReason"]) == (True, "离岗")
    refused(await brain.get("/auth/me", signed_in), 401, "session_revoked")
    refused(await brain.sign_in("clerk"), 403, "account_locked")
    refused(await brain.sign_in("clerk", "Wrong-password-1"), 401, "sign_in_refused")
    unlocked = await brain.post(f"/accounts/{account_id}/unlock", brain.security(), reason="返岗")
    assert unlocked.json()["isLocked"] is False
    assert (await brain.sign_in("clerk")).status_code == 200


async def test_a_reset_takes_both_factors_away(brain: Brain) -> None:
    account_id, _ = await brain.enrolled("clerk")
    reset = {"initialPassword": "Second-pass-2", "reason": "手机遗失"}
    assert (await brain.post(f"/accounts/{account_id}/reset", brain.security(), **reset)).status_code == 200
    refused(await brain.sign_in("clerk"), 401, "sign_in_refused")
    refused(await brain.sign_in("clerk", "Second-pass-2"), 403, "second_factor_enrolment_required")


async def test_nobody_helps_herself(brain: Brain) -> None:
    account_id = await brain.account("security", Role.SECURITY_ADMIN, unit="bureau", area=DISTRICT, is_demo=True)
    own = bearer(await brain.sign_in("security"))
    refused(await brain.post(f"/accounts/{account_id}/unlock", own, reason="x"), 403, "own_account")
    reset = {"initialPassword": "Second-pass-2", "reason": "x"}
    refused(await brain.post(f"/accounts/{account_id}/reset", own, **reset), 403, "own_account")
    post = {"unitId": brain.units["bureau"], "role": "AUDITOR", "fromDate": "2026-01-01"}
    refused(await brain.post(f"/accounts/{account_id}/posts", own, **post), 403, "own_post")


async def test_an_administrator_sees_her_own_area(brain: Brain) -> None:
    here = await brain.account("here")
    there = await brain.account("there", unit="other", area=OTHER_TOWN)
    town = brain.stand.headers(Role.SECURITY_ADMIN, TOWN, account="security")
    assert [one["id"] for one in (await brain.get("/accounts", town)).json()["items"]] == [here]
    refused(await brain.post(f"/accounts/{there}/lock", town, reason="x"), 404, "not_found")
    both = (await brain.get("/accounts", brain.security(), username="THERE")).json()["items"]
    assert [one["id"] for one in both] == [there]


async def test_passwords_and_secrets_are_out_of_every_scope_but_the_systems(brain: Brain) -> None:
    await brain.enrolled("clerk")
    for table in ("credential", "sign_in_step", "sign_in_failures", "refresh_token", "post_holder"):
        for role in ("puyou_scope_area", "puyou_scope_org", "puyou_scope_person"):
            allowed = await brain.stand.scalar(
                "select has_table_privilege(:role, :table, 'select')", role=role, table=table
            )
            assert not allowed, (table, role)
    stored = await brain.stand.rows("select password_hash, totp_secret from credential")
    assert stored[0][0].startswith("$argon2id$")
    assert PASSWORD not in stored[0][0]


@pytest.mark.parametrize("meanwhile", ["lock", "transfer", "death"])
async def test_a_sign_in_under_way_is_not_missed(brain: Brain, meanwhile: str) -> None:
    """Whoever locks, transfers or closes the account waits for the sign-in and ends the session it made."""
    [person_id] = await brain.people({})
    account_id = await brain.account("clerk", is_demo=True, person_id=person_id)

    async def act() -> None:
        if meanwhile == "lock":
            answer = await brain.post(f"/accounts/{account_id}/lock", brain.security(), reason="离岗")
            assert answer.status_code == 200
        elif meanwhile == "transfer":
            post = {"unitId": brain.units["other"], "role": "TOWN_CLERK", "fromDate": "2026-01-05"}
            assert (await brain.post(f"/accounts/{account_id}/posts", brain.security(), **post)).status_code == 201
        else:
            confirmed = DeathConfirmed(
                death_case_id="d1", person_id=person_id, death_date=date(2026, 1, 2), confirmed_by=["a1"]
            )
            await brain.stand.hear(confirmed)

    async with brain.stand.unit() as unit:
        tokens = await sign_in(unit, brain.desk, "local", LocalAttempt("clerk", PASSWORD, None))
        assert isinstance(tokens, Tokens)
        acting = asyncio.create_task(act())
        await asyncio.sleep(0.3)
        assert not acting.done()
    await acting
    refused(await brain.get("/auth/me", {"authorization": f"Bearer {tokens.access_token}"}), 401, "session_revoked")
