"""The process dies at every commit boundary of the cascade; after each restart it goes on, and at the end
every cascade is complete, nothing is lost and nothing is done twice. The checker reads final state only."""

import gc
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
from suite import servers
from suite.compose import NAMES, Suite
from suite.seed.population import Person
from suite.simulators.departments import Departments
from suite.story.people import Actor
from tests.cascades import check_cascades, elders
from tests.journeys.conftest import PASSWORD, Scene, Seeded, settings_of

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
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # who dies closes nothing
async def test_every_cascade_completes_after_crashes(
    mortal: Mortal, size: Any, seed: int, record_property: Any
) -> None:
    chance = Random(seed)
    people = elders(mortal.seeded.keyring, size(2 * AT_ONCE, stated=1000), chance)
    died_on = clock.today() - timedelta(days=75)
    declaring, settling = Boundaries(chance), Boundaries(chance)
    # the first two show where there is anything to die at
    batches = [people[:2], *(people[first : first + AT_ONCE] for first in range(2, len(people), AT_ONCE))]
    for number, batch in enumerate(batches):

        async def declare(batch: list[Person] = batch) -> None:
            await _declare(mortal, batch, died_on.isoformat())

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
    await check_cascades(mortal.scene.rows, [person.person_id for person in people], died_on)
    gc.collect()  # what the dead have left open is found here, not in the next test
