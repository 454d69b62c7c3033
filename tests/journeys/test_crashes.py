"""The process dies at every commit boundary of the cascade; after each restart it goes on, and at the end
every cascade is complete, nothing is lost and nothing is done twice. The checker reads final state only."""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import URL

from gateway import GatewaySettings
from shared import clock
from shared.db import crash
from shared.db.migrate import bootstrap
from shared.security.person_key import PersonKey
from suite import servers
from suite.compose import NAMES, Suite
from suite.seed.population import Person, make_population
from suite.simulators.departments import Departments
from suite.story.people import Actor
from tests.journeys.conftest import PASSWORD, Scene, Seeded, settings_of

ANSWERED = {"T11", "T12", "T15", "T21", "T23"}
SERVICES = ("brain", "eldercare", "relief", "charity")
AT_ONCE = 10
"""Deaths under way together. The process dies once while they are declared and twice while they are worked off."""


@dataclass
class Boundaries:
    """Where one kind of work has been seen to commit, and how often; each is drawn once before any is drawn again."""

    chance: Random
    seen: Counter[str] = field(default_factory=Counter)
    deck: list[str] = field(default_factory=list)

    def pass_by(self, point: str) -> None:
        """The process lives on."""
        self.seen[point] += 1

    def draw(self) -> tuple[str, int]:
        """A boundary and at which passing to die there: early enough to happen in a batch like those seen."""
        if not self.deck:
            self.deck = sorted(self.seen)
            self.chance.shuffle(self.deck)
        return self.deck.pop(), self.chance.randint(1, 2)


@dataclass
class Mortal:
    """A suite that is killed and started again on the same databases."""

    admin: URL
    seeded: Seeded
    name: str
    home: Path
    outside: tuple[str, Departments]
    scene: Scene = field(init=False)
    crashes: Counter[str] = field(default_factory=Counter)

    async def start(self) -> None:
        """Begin, or begin again; nothing is kept but the databases."""
        url, departments = self.outside
        rates = GatewaySettings(
            sign_in_rate="10000/minute", account_rate="1000000/minute", address_rate="1000000/minute"
        )
        suite = Suite(settings_of(self.admin, self.name, self.home, url), self.seeded.keyring, False, rates)
        await suite.gateway.start()
        client = httpx.AsyncClient(transport=httpx.ASGITransport(suite.gateway), base_url="http://suite", timeout=30)
        self.scene = Scene(suite, client, departments, self.seeded.story)

    async def end(self) -> None:
        """The process is gone: connections drop, nothing is finished."""
        await self.scene.client.aclose()
        for name in NAMES:
            runtime = self.scene.suite.runtime(name)
            if runtime.outside:
                await runtime.outside.close()
            await runtime.database.close()

    async def sign_in(self, *names: str) -> dict[str, Actor]:
        actors = {}
        for name in names:
            actors[name] = Actor(name, self.scene.client)
            await actors[name].sign_in(self.scene.suite.settings.demo_password)
        return actors

    async def through(self, work: Callable[[], Awaitable[None]], boundaries: Boundaries, deaths: int = 0) -> None:
        """Do `work`; the process dies `deaths` times on the way, and each time the work is begun again."""
        for _ in range(deaths):
            point, left = boundaries.draw()

            def die(reached: str, point: str = point) -> None:
                nonlocal left
                left -= reached == point
                if left == 0:
                    raise crash.Crash(point)

            crash.install(die)
            try:
                await work()
            except crash.Crash:
                self.crashes[point] += 1
                crash.install(None)
                await self.end()
                clock.shift(timedelta(minutes=2))  # leases of calls under way have run out
                await self.start()
        crash.install(boundaries.pass_by)
        try:
            await work()
        finally:
            crash.install(None)


@pytest.fixture
async def mortal(admin: URL, seeded: Seeded, outside: tuple[str, Departments], tmp_path: Path) -> AsyncIterator[Mortal]:
    async with _standing(admin, seeded, outside, tmp_path) as standing:
        yield standing


@asynccontextmanager
async def _standing(admin: URL, seeded: Seeded, outside: tuple[str, Departments], home: Path) -> AsyncIterator[Mortal]:
    name = f"{seeded.prefix}{secrets.token_hex(3)}"
    outside[1].behaviours.clear()
    await bootstrap(admin, name, NAMES, PASSWORD, template=seeded.prefix)
    mortal = Mortal(admin, seeded, name, home, outside)
    try:
        await mortal.start()
        yield mortal
    finally:
        await mortal.end()
        await servers.drop(admin, name, NAMES)


def elders(seeded: Seeded, number: int, chance: Random) -> list[Person]:
    """The story's people first (they have everything), then any others over sixty."""
    key = seeded.keyring.for_service("brain", derives_person_ids=True).person_key
    assert key is not None
    population = make_population(PersonKey(key), clock.today())
    story = [household.members[0] for household in population.story]
    others = [person for person in population.elders if person not in story]
    chance.shuffle(others)
    return [*story, *others][:number]


async def _declare(mortal: Mortal, people: list[Person], died_on: str) -> None:
    """Report, certify, confirm; keyed, so that doing it again after a crash is the same request."""
    actors = await mortal.sign_in("district-officer")
    officer = actors["district-officer"]
    for person in people:
        headers = {"authorization": f"Bearer {officer.token}"}

        async def call(path: str, body: dict[str, Any], key: str, headers: dict[str, str] = headers) -> Any:
            answer = await mortal.scene.client.post(path, json=body, headers=headers | {"idempotency-key": key})
            assert answer.is_success, f"{path}: {answer.text}"
            return answer.json()

        report = {"personId": person.person_id, "source": "VILLAGE", "deathDate": died_on, "place": "示例村"}
        opened = await call("/api/affairs/deaths", report, f"report-{person.person_id}")
        case = opened["caseId"]
        paper = {"kind": "medical_certificate", "idNumber": person.id_number, "deathDate": died_on}
        await call(f"/api/affairs/deaths/{case}/evidence", paper, f"paper-{person.person_id}")
        await call(f"/api/affairs/deaths/{case}/confirm", {"deathDate": died_on}, f"confirm-{person.person_id}")


@pytest.mark.prove
@pytest.mark.plan("A-09", part="a crash at any commit boundary")
async def test_every_cascade_completes_after_crashes(
    mortal: Mortal, size: Any, seed: int, record_property: Any
) -> None:
    chance = Random(seed)
    people = elders(mortal.seeded, size(2 * AT_ONCE, stated=1000), chance)
    died_on = (clock.today() - timedelta(days=75)).isoformat()
    declaring, settling = Boundaries(chance), Boundaries(chance)
    # the first two show where there is anything to die at
    batches = [people[:2], *(people[first : first + AT_ONCE] for first in range(2, len(people), AT_ONCE))]
    for number, batch in enumerate(batches):

        async def declare(batch: list[Person] = batch) -> None:
            await _declare(mortal, batch, died_on)

        async def settle() -> None:
            await mortal.scene.suite.settle(rounds=2000)

        await mortal.through(declare, declaring, deaths=min(number, 1))
        await mortal.through(settle, settling, deaths=min(number, 1) * 2)
    clock.shift(timedelta(minutes=5))
    await mortal.scene.suite.settle(rounds=2000)
    points = declaring.seen.keys() | settling.seen.keys()
    died = sum(mortal.crashes.values())
    record_property("crashes", f"{died} at {len(mortal.crashes)} of {len(points)} boundaries")
    assert died >= len(batches), "fewer than one crash a batch is no proof"
    await _check(mortal.scene, [person.person_id for person in people])


async def _check(scene: Scene, people: list[str]) -> None:
    """Final state only: complete, nothing lost, nothing twice."""
    cases = await scene.rows(
        "affairs", "select id, person_id, state from death_case where person_id = any(:people)", people=people
    )
    assert Counter(person for _, person, _ in cases) == Counter(people)
    assert {state for _, _, state in cases} == {"TASKS_RUNNING"}
    ids = [case for case, _, _ in cases]
    tasks = await scene.rows(
        "affairs", "select matter_id, task_id, status from kernel.matter_task where matter_id = any(:ids)", ids=ids
    )
    undone = [row for row in tasks if row[1] in ANSWERED and row[2] not in ("DONE", "SKIPPED")]
    assert undone == []
    calls = await scene.rows(
        "affairs", "select key, count(*) from kernel.outgoing_call group by key having count(*) > 1"
    )
    assert calls == [], "one call a task"
    await _check_events(scene, ids)
    for name in NAMES:
        left = await scene.rows(
            name,
            "select (select count(*) from kernel.outbox where sent_at is null),"
            " (select count(*) from kernel.inbox where state <> 'done'), (select count(*) from kernel.blocked_stream)",
        )
        assert left == [(0, 0, 0)], f"{name} has work left"
    await _check_money(scene, people)
    await _check_bodies(scene, people)


async def _check_events(scene: Scene, cases: list[str]) -> None:
    sql = (
        "select envelope::jsonb -> 'data' ->> 'deathCaseId', count(*) from kernel.outbox where type = :type"
        " and envelope::jsonb -> 'data' ->> 'deathCaseId' = any(:cases) group by 1"
    )
    once = dict.fromkeys(cases, 1)
    confirmed = await scene.rows("affairs", sql, type="affairs.death.confirmed.v1", cases=cases)
    assert dict(confirmed) == once
    for service in SERVICES:
        settled = await scene.rows(service, sql, type=f"{service}.death.settled.v1", cases=cases)
        assert dict(settled) == once, service


async def _check_money(scene: Scene, people: list[str]) -> None:
    """What was paid for months after the death is proposed for recovery exactly once, to the fen."""
    proposed = await scene.rows(
        "eldercare",
        "select e.person_id, sum(r.amount_fen)::bigint from kernel.recovery r join kernel.entitlement e"
        " on e.id = r.entitlement_id where r.state = 'PROPOSED' and e.person_id = any(:people) group by 1",
        people=people,
    )
    month = (clock.today() - timedelta(days=75)).replace(day=1)
    paid = await scene.rows(
        "eldercare",
        "select e.person_id, sum(l.amount_fen)::bigint from kernel.payment_line l join kernel.entitlement e"
        " on e.id = l.entitlement_id where l.state = 'PAID' and l.month > :month and e.person_id = any(:people)"
        " group by 1",
        people=people,
        month=month,
    )
    assert dict(proposed) == dict(paid)
    assert paid != []


async def _check_bodies(scene: Scene, people: list[str]) -> None:
    alive = await scene.rows("eldercare", "select state from stay where person_id = any(:people)", people=people)
    assert {state for (state,) in alive} <= {"DECEASED", "CHECKED_OUT"}
    for service in ("eldercare", "relief", "charity", "brain"):
        doubled = await scene.rows(
            service,
            "select cause, kind, object_kind, object_id from kernel.effect where annulled_at is null"
            " group by 1, 2, 3, 4 having count(*) > 1",
        )
        assert doubled == []
