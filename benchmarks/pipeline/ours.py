"""The two services, their databases and their workers; what goes through them is checked afterwards."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy import URL

from benchmarks.pipeline.services import AREA, GIVER, TAKER, FileMoved
from benchmarks.processes import await_port, free_port, running
from shared.db.database import Database
from shared.db.migrate import database_name
from shared.db.principals import system_principal
from shared.events.local import LocalTransport
from shared.events.rabbit import declare_all
from shared.ids import uuid7
from shared.security.keys import Keyring
from shared.service import create_service, handlers_of
from shared.settings import Settings
from suite import servers
from suite.home import Home
from suite.postgres import Address

PREFIX = "pipeline"
PASSWORD = "pipeline"  # noqa: S105 - of a server that lives as long as the benchmark
FILES = 1_000  # whose steps come in order
_FILLERS = 4  # commits at once
_LOOK_SECONDS = 0.02
_HOLD_RELAY = "select pg_advisory_lock(7088, 0)"  # what a relay takes to be the only one
_LET_RELAY_GO = "select pg_advisory_unlock(7088, 0), pg_notify('puyou_wake', 'relay')"


class Place:
    """Both services on one server and one broker."""

    def __init__(self, address: Address, broker: str, folder: Path) -> None:
        self._admin = URL.create(
            "postgresql+asyncpg", address.superuser, address.password, address.host, address.port, "postgres"
        )
        self._broker = broker
        self._folder = folder
        self._files = [uuid7() for _ in range(FILES)]
        self._step = 0

    async def prepare(self) -> None:
        """Databases, keys, queues, and the files before their first step."""
        await servers.prepare(self._admin, PREFIX, [GIVER, TAKER], PASSWORD)
        ring = Keyring.generate(dev=False)
        Home(self._folder).write_keys([spec.keys_from(ring) for spec in (GIVER, TAKER)])
        await declare_all(self._broker, PREFIX, {spec.name: handlers_of(spec).types for spec in (GIVER, TAKER)})
        async with self._entered(TAKER.name) as taker:
            rows = [(file, AREA, 0) for file in self._files]
            await taker.executemany("insert into file (id, area_code, step) values ($1, $2, $3)", rows)

    def start_workers(self, stack: ExitStack) -> dict[str, int]:
        """As a deployment runs them; their process ids."""
        pids = {}
        for part, spec in (("sender", GIVER), ("receiver", TAKER)):
            port = free_port()
            environment = {
                "PUYOU_ENV": "prod",
                "PUYOU_HOME": str(self._folder),
                "PUYOU_PORT": str(port),
                "PUYOU_DATABASE_HOST": str(self._admin.host),
                "PUYOU_DATABASE_PORT": str(self._admin.port),
                "PUYOU_DATABASE_PREFIX": PREFIX,
                "PUYOU_DATABASE_PASSWORD": PASSWORD,
                "PUYOU_BROKER_URL": self._broker,
            }
            command = [sys.executable, "-m", "benchmarks.pipeline.worker", spec.name, "worker"]
            log = self._folder / f"{spec.name}.log"
            process = stack.enter_context(running(command, errors=log, environment=environment))
            await_port(port, process)
            pids[part] = process.pid
        return pids

    @asynccontextmanager
    async def relay_held(self) -> AsyncIterator[Callable[[], Awaitable[object]]]:
        """The giver's relay stands still until the function given is called."""
        async with self._entered(GIVER.name) as giver:
            await giver.execute(_HOLD_RELAY)
            yield lambda: giver.execute(_LET_RELAY_GO)

    async def fill(self, number: int) -> list[bytes]:
        """So many events into the giver's outbox, a commit each; the bodies."""
        async with self._giver() as database:
            steps = [step + 1 for step in range(self._step, self._step + number // FILES)]
            self._step = steps[-1]
            shares = [self._files[first::_FILLERS] for first in range(_FILLERS)]
            await asyncio.gather(*(_tell(database, share, steps) for share in shares))
        async with self._entered(GIVER.name) as giver:
            rows = await giver.fetch("select envelope from kernel.outbox where sent_at is null order by seq")
        return [row["envelope"].encode() for row in rows]

    async def all_taken(self) -> None:
        """Return when every file has taken its last step."""
        async with self._entered(TAKER.name) as taker:
            while await taker.fetchval("select min(step) from file") < self._step:  # noqa: ASYNC110 - another process
                await asyncio.sleep(_LOOK_SECONDS)

    async def check(self) -> None:
        """Everything was done once: each step, each audit row, each message."""
        expected = self._step * FILES
        async with self._entered(TAKER.name) as taker:
            done = await taker.fetchval("select count(*) from kernel.inbox where state = 'done'")
            steps = await taker.fetchval("select sum(step) from file")
            audited = await taker.fetchval("select count(*) from kernel.audit where action like 'taker.inbox:%'")
        if not steps == audited == done == expected:
            raise RuntimeError(f"{expected} events, but {steps} steps, {audited} audit rows, {done} done")

    @asynccontextmanager
    async def _giver(self) -> AsyncIterator[Database]:
        settings = Settings(
            env="prod",
            database_prefix=PREFIX,
            database_host=str(self._admin.host),
            database_port=self._admin.port or 0,
            database_password=PASSWORD,
            api_connections=_FILLERS,
        )
        keys = GIVER.keys_from(Keyring.generate(dev=False))
        database: Database = create_service(GIVER, settings, keys, LocalTransport()).state.runtime.database
        yield database
        await database.close()

    @asynccontextmanager
    async def _entered(self, service: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        url = self._admin.set(drivername="postgresql", database=database_name(PREFIX, service))
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        yield connection
        await connection.close()


async def _tell(database: Database, files: list[str], steps: list[int]) -> None:
    who = system_principal("benchmark")
    for step in steps:
        for file in files:
            async with database.unit(who, "fill") as unit:
                unit.audited = False
                moved = FileMoved(
                    file_id=file, person_id=file, step=step, reason="按月复核", decided_by=f"account-{step}"
                )
                unit.emit(moved, area_code=AREA)
