"""Everything a distributed suite consists of is killed, held up and cut off while people work with it. At the end
nothing is lost, nothing was done twice, nothing hangs, and nobody had to lend a hand."""

import asyncio
import secrets
import sys
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from random import Random
from time import monotonic
from typing import Any

import httpx
import pytest

from shared import clock
from shared.security.keys import Keyring
from shared.security.tokens import LIFETIME, Claims, TokenSigner, TokenVerifier
from suite.home import Home
from suite.seed.population import STORY_PEOPLE, Person
from suite.story.audit import verify_logs
from suite.story.people import Actor, Cast
from tests.broker import eventually
from tests.cascades import Rows, check_cascades, elders, work_left
from tests.faults.callers import Callers, calling
from tests.faults.load import READS, Load
from tests.faults.schedule import draw
from tests.faults.striking import Ground
from tests.faults.verdict import judge

pytestmark = [pytest.mark.broker, pytest.mark.db, pytest.mark.faults, pytest.mark.journey]

WITHOUT_BROKER = 3
"""People the first test needs."""
_FOR_OTHERS = (*range(4), STORY_PEOPLE - 2, STORY_PEOPLE - 1)
"""People of the story whom test_processes.py needs alive on the same suite, by number."""
_TO_REST_SECONDS = 300.0
_STILL_SECONDS = 2.0
_STEP = timedelta(minutes=2)


def _ring(ground: Ground) -> Keyring:
    settings = ground.suite.settings
    return Home(settings.home).keyring(settings.keyring_path, dev=True)


def _elders(ground: Ground, number: int, chance: Random) -> list[Person]:
    """The story's people first."""
    found = elders(_ring(ground), STORY_PEOPLE + number, chance)
    return [person for place, person in enumerate(found) if place not in _FOR_OTHERS][:number]


def _died_on() -> date:
    return clock.today() - timedelta(days=75)


async def test_while_the_broker_is_away_every_confirmation_is_answered_at_once(ground: Ground, rows: Rows) -> None:
    dead = _elders(ground, WITHOUT_BROKER, Random(0))
    await asyncio.to_thread(ground.node.kill)
    try:
        async with calling(ground.suite.address) as callers:
            await Load(dead, [], _died_on(), through_events=False).run(callers, Random(0))
        assert callers.trouble == {}
        assert callers.slowest < 2
        assert (await work_left(rows))["affairs"][0] > 0, "events wait in the outbox"
    finally:
        await asyncio.to_thread(ground.node.start)
    async with calling(ground.suite.address) as callers:
        await _come_to_rest(callers, rows)
    assert (await judge(rows)).faults == {}
    await check_cascades(rows, [person.person_id for person in dead], _died_on())


async def test_a_session_revoked_while_the_broker_is_away_ends_with_its_token(ground: Ground) -> None:
    """Brain refuses the session at once and renews nothing; no process can be told, and each goes by the token. Here it
    lives a few seconds instead of five minutes; that none lives longer is the verifier's own test."""
    ring = _ring(ground)
    async with httpx.AsyncClient(base_url=ground.suite.address, timeout=30) as client:
        security, clerk = Actor("security-admin", client), Actor("town-clerk", client)
        password = ground.suite.settings.demo_password
        await security.sign_in(password)
        opened = (await client.post("/api/brain/auth/sign-in", json=_credentials("town-clerk", password))).json()
        clerk.token = opened["accessToken"]
        verifier = TokenVerifier(ring.for_service("gateway").token_keys)
        signer = TokenSigner(ring.for_service("brain", signs_tokens=True).token_keys)
        claims = verifier.verify(clerk.token, clock.real())
        assert claims.expires_at - claims.issued_at <= LIFETIME
        await asyncio.to_thread(ground.node.kill)
        try:
            await security.post(f"/api/brain/sessions/{claims.session_id}/revoke", {"reason": "离岗"})
            renewed = await client.post("/api/brain/auth/refresh", json={"refreshToken": opened["refreshToken"]})
            assert renewed.status_code == 401
            life, before = await _answers_within_a_life(ground, clerk, signer, claims)
            assert before.pop("brain") == 401
            assert set(before.values()) == {200}, "nobody has told them yet"
            await asyncio.sleep((life.expires_at - clock.real()).total_seconds())
            assert {await _answer(ground, clerk, name) for name in READS} == {401}
            assert (await client.get(READS["relief"], headers=_bearer(clerk))).status_code == 401
        finally:
            await asyncio.to_thread(ground.node.start)
        clerk.token = signer.issue(replace(claims, token_id=secrets.token_hex(8)))  # would live on
        for name in READS:
            await eventually(partial(_is_refused, ground, clerk, name))


async def _answers_within_a_life(
    ground: Ground, actor: Actor, signer: TokenSigner, claims: Claims
) -> tuple[Claims, dict[str, int]]:
    """What each service answers to a token that lives a few seconds, more of them where the machine needs them."""
    for seconds in (2, 4, 8, 16):
        now = clock.real().replace(microsecond=0)
        expires_at = now + timedelta(seconds=seconds)
        life = replace(claims, issued_at=now, expires_at=expires_at, token_id=secrets.token_hex(8))
        actor.token = signer.issue(life)
        answers = {name: await _answer(ground, actor, name) for name in READS}
        if clock.real() < expires_at:
            return life, answers
    raise AssertionError(f"no answers within {seconds} s")


def _credentials(account: str, password: str) -> dict[str, str]:
    return {"provider": "local", "username": account, "password": password}


async def _is_refused(ground: Ground, actor: Actor, service: str) -> bool:
    return await _answer(ground, actor, service) == 401


async def _answer(ground: Ground, actor: Actor, service: str) -> int:
    """The status a service's own process answers with, past the gateway."""
    address = ground.suite.addresses[f"{service}-api"]
    return (await actor.client.get(f"{address}{READS[service]}", headers=_bearer(actor))).status_code


def _bearer(actor: Actor) -> dict[str, str]:
    return {"authorization": f"Bearer {actor.token}"}


@pytest.mark.prove
@pytest.mark.plan("A-09", part="every process and both servers killed, held up and cut off")
async def test_nothing_is_lost_doubled_or_stuck(
    ground: Ground, rows: Rows, size: Any, seed: int, record_property: Any
) -> None:
    rounds, deaths = size(1, stated=3), size(12, stated=1020)
    kills, troubles = size(4, stated=66), size(3, stated=33)
    people = _elders(ground, WITHOUT_BROKER + deaths * 6 // 5, Random(seed))[WITHOUT_BROKER:]
    dead, alive = people[:deaths], people[deaths:]
    begun = monotonic()
    async with calling(ground.suite.address) as callers:
        for number in range(rounds):
            chance = Random(seed + number)
            faults = draw(chance, kills=kills // rounds, troubles=troubles // rounds, gap=size(2, stated=5))
            _tell(f"seed {seed + number}", *faults)
            load = Load(dead[number::rounds], alive[number::rounds], _died_on())
            async with asyncio.TaskGroup() as both:
                both.create_task(ground.strike_all(faults))
                both.create_task(load.run(callers, chance))
            _tell(f"after {monotonic() - begun:.0f} s", ground.struck, callers.trouble)
        await _come_to_rest(callers, rows)
    seconds = monotonic() - begun
    verdict = await judge(rows)
    facts = {
        "struck": dict(sorted(ground.struck.items())),
        "events": f"{verdict.events} ({verdict.deliveries} deliveries)",
        "calls": f"{callers.calls}, made again after {dict(callers.trouble)}, slowest {callers.slowest:.1f} s",
        "seconds": round(seconds),
    }
    for name, value in facts.items():
        record_property(name, value)
        _tell(name, value)
    assert verdict.faults == {}
    await check_cascades(rows, [person.person_id for person in dead], _died_on())
    async with Cast(ground.suite.settings, ground.suite.address) as cast:
        await cast.take_seats("auditor")
        await verify_logs(cast["auditor"])
    assert sum(count for what, count in ground.struck.items() if what.startswith("kill")) == kills
    assert verdict.events >= 10 * deaths


def _tell(*words: object) -> None:
    """Shown when the test fails, and with `-s`."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")


async def _come_to_rest(callers: Callers, rows: Rows) -> None:
    """Wait until all work is done and none comes: what is on its way through the broker is in no table. Time is all
    that is given: it is moved on when nothing moves any more, past the end of leases and the pauses between tries."""
    deadline, last, since, moved = monotonic() + _TO_REST_SECONDS, None, monotonic(), 0
    while True:
        left = await work_left(rows)
        calls = await rows("affairs", "select count(*) from kernel.outgoing_call where state = 'PENDING'")
        if (left, calls) != last:
            last, since = (left, calls), monotonic()
        elif monotonic() - since > _STILL_SECONDS:
            if not any(sum(numbers) for numbers in left.values()) and calls == [(0,)]:
                return
            moved += 1
            await callers.send("", "/api/dev/clock", {"to": (clock.real() + moved * _STEP).isoformat()}, "")
            since = monotonic()
        assert monotonic() < deadline, f"stuck: {left}, calls {calls}"
        await asyncio.sleep(0.2)
