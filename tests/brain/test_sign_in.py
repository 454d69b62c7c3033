"""Signing in: lock-out, second factor, refresh, revocation (plan S-06; 等保 8.1.4.1)."""

from datetime import timedelta

import pytest

from shared import clock
from shared.db.principals import Role
from shared.security import totp
from tests.brain.conftest import PASSWORD, Brain, bearer, code_now

pytestmark = [pytest.mark.db, pytest.mark.plan("S-06", part="accounts, sign-in, second factor, sessions")]


async def test_a_demo_account_signs_in_without_a_second_factor_and_sees_itself(brain: Brain) -> None:
    account_id = await brain.account("town-clerk", is_demo=True)
    answer = await brain.sign_in("town-clerk")
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
