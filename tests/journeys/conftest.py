"""The whole suite behind its gateway on databases that are thrown away; loops driven by hand unless a test says so."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import URL, text

from gateway import GatewaySettings
from shared.db.migrate import bootstrap
from shared.db.principals import system_principal
from shared.security.keys import Keyring
from shared.settings import Settings
from suite import servers
from suite.compose import NAMES, SERVICES, Suite
from suite.seed.loading import seed_if_empty
from suite.simulators.departments import Departments
from suite.story.people import Actor

PASSWORD = "pw"
SYSTEM = system_principal("test")
DEMO = (
    "resident", "village-clerk", "institution-admin", "town-clerk", "town-leader", "town-clerk-2", "district-officer",
    "district-reviewer", "district-director", "finance-officer", "auditor", "system-admin", "security-admin",
)  # fmt: skip


@dataclass(slots=True)
class Seeded:
    """Migrated and seeded databases to copy from, with the keys they were sealed under."""

    prefix: str
    keyring: Keyring
    story: list[dict[str, str]]


@dataclass(slots=True)
class Scene:
    """A running suite, its people, and the departments outside."""

    suite: Suite
    client: httpx.AsyncClient
    departments: Departments
    story: list[dict[str, str]]
    actors: dict[str, Actor] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Actor:
        return self.actors[name]

    async def settle(self) -> None:
        """Work everything off that is due now."""
        await self.suite.settle()

    async def restart(self) -> None:
        """The process ends, and another one begins on the same databases; people keep their tokens."""
        last = self.suite
        await last.gateway.stop()
        await self.client.aclose()
        self.suite = Suite(last.settings, last.keyring, last.works, last.gateway_settings)
        await self.suite.gateway.start()
        self.client = _client(self.suite)
        for actor in self.actors.values():
            actor.client = self.client

    async def rows(self, service: str, sql: str, **params: object) -> list[tuple[Any, ...]]:
        """Rows of a service's database, past all scopes."""
        async with self.suite.database(service).unit(SYSTEM, "test", worker=True) as unit:
            unit.audited = False
            return [tuple(row) for row in (await unit.execute(text(sql), params)).all()]


def settings_of(admin: URL, prefix: str, home: Path, departments_url: str = "") -> Settings:
    """Settings of a suite on these databases."""
    return Settings(
        env="test",
        home=home,
        database_prefix=prefix,
        database_host=admin.host or "",
        database_port=admin.port or 0,
        database_password=PASSWORD,
        departments_url=departments_url,
        api_connections=4,
        pool_wait_seconds=30,  # beside a busy worker of the same run
        poll_seconds=0.2,
    )


def _client(suite: Suite) -> httpx.AsyncClient:
    """A line to the gateway."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(suite.gateway), base_url="http://suite", timeout=30)


@pytest.fixture(scope="session")
async def seeded(admin: URL, prefix: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Seeded]:
    """One seeded suite a session; tests work on copies."""
    home = tmp_path_factory.mktemp("home")
    keyring = Keyring.generate(dev=True)
    await servers.prepare(admin, prefix, SERVICES, PASSWORD)
    suite = Suite(settings_of(admin, prefix, home), keyring, works=False)
    await seed_if_empty(suite, admin)
    await suite.stop()
    yield Seeded(prefix, keyring, suite.home.read_story())
    await servers.drop(admin, prefix, NAMES)


@pytest.fixture(scope="session")
def outside(exchange: tuple[str, Departments]) -> tuple[str, Departments]:
    """The departments' exchange."""
    return exchange


@asynccontextmanager
async def staged(
    admin: URL, seeded: Seeded, outside: tuple[str, Departments], home: Path, *, works: bool = False
) -> AsyncIterator[Scene]:
    """A suite of its own on copies of the seeded databases."""
    name = f"{seeded.prefix}{secrets.token_hex(3)}"
    url, departments = outside
    departments.behaviours.clear()
    try:
        await bootstrap(admin, name, NAMES, PASSWORD, template=seeded.prefix)
        gateway = GatewaySettings(
            sign_in_rate="10000/minute", account_rate="1000000/minute", address_rate="1000000/minute"
        )
        suite = Suite(settings_of(admin, name, home, url), seeded.keyring, works, gateway)
        await suite.gateway.start()
        scene = Scene(suite, _client(suite), departments, seeded.story)
        try:
            for account in DEMO:
                actor = Actor(account, scene.client)
                await actor.sign_in(suite.settings.demo_password)
                scene.actors[account] = actor
            yield scene
        finally:
            await scene.client.aclose()
            await scene.suite.gateway.stop()
    finally:
        await servers.drop(admin, name, NAMES)


@pytest.fixture
async def scene(admin: URL, seeded: Seeded, outside: tuple[str, Departments], tmp_path: Path) -> AsyncIterator[Scene]:
    """A fresh suite for one test, driven by hand."""
    async with staged(admin, seeded, outside, tmp_path) as standing:
        yield standing


@pytest.fixture(scope="module")
async def stage(
    admin: URL, seeded: Seeded, outside: tuple[str, Departments], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """One suite for a module whose tests do not disturb each other, driven by hand."""
    async with staged(admin, seeded, outside, tmp_path_factory.mktemp("stage")) as standing:
        yield standing
