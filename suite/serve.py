"""Starting an embedded suite: PostgreSQL, databases, services, gateway, one HTTP server.

Python needs two seconds to import the services, PostgreSQL as long to make its databases: both go on at once.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING

import uvicorn
from sqlalchemy import URL
from sqlalchemy.dialects.postgresql import asyncpg as _driver  # noqa: F401 - here, or two threads would load it
from starlette.types import Receive, Scope, Send

from shared.db.migrate import bootstrap
from shared.process.http import StrictProtocol
from shared.process.importing import importing
from shared.settings import Settings
from suite.distributed.topology import SERVICE_NAMES
from suite.home import Home
from suite.memory import resident_memory
from suite.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from suite.compose import Suite


class Entrance:
    """What the HTTP server calls: the gateway, and in dev the outside world's simulators beside it."""

    def __init__(self, suite: "Suite") -> None:
        from suite.simulators.departments import departments_app

        self._suite = suite
        self._outside = departments_app() if suite.settings.is_dev else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if self._outside and scope["type"] == "http" and scope["path"].startswith("/simulators/"):
            await self._outside(scope, receive, send)
        else:
            await self._suite.gateway(scope, receive, send)


class Running:
    """A suite that answers."""

    def __init__(self, suite: "Suite", address: str, seconds: float, postgres: EmbeddedPostgres) -> None:
        self.suite = suite
        self.address = address
        self.seconds = seconds
        self._postgres = postgres

    @property
    def settings(self) -> Settings:
        """What it runs with."""
        return self.suite.settings

    def memory(self) -> dict[str, int]:
        """Bytes at rest, shared pages counted once: our process and PostgreSQL's."""
        return resident_memory(self._postgres.pid)


def _listener(settings: Settings) -> socket.socket:
    place = f"{settings.host}:{settings.port}"
    try:
        return socket.create_server((settings.host, settings.port))
    except OSError as error:
        words = f"{place} 不可用，请用 PUYOU_PORT 另选端口 / {place} is not free: choose another PUYOU_PORT"
        raise OSError(f"{words} ({error.strerror})") from None


def _stand(postgres: EmbeddedPostgres, prefix: str, password: str) -> URL:
    """Start the server and make what databases are missing; an administrator's address. For a thread of its own."""
    address = postgres.start()
    admin = URL.create(
        "postgresql+asyncpg", address.superuser, address.password, address.host, address.port, "postgres"
    )
    asyncio.run(bootstrap(admin, prefix, SERVICE_NAMES, password))
    return admin


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Running]:
    """Start everything, seed an empty suite, answer on `settings.port`; stop in order at the end."""
    started = perf_counter()
    home = Home(settings.home.absolute())
    home.prepare()
    home.restore_clock()
    listener = _listener(settings)
    port = listener.getsockname()[1]
    postgres = EmbeddedPostgres(home.folder)
    standing = asyncio.get_running_loop().run_in_executor(
        None, _stand, postgres, settings.database_prefix, home.database_password()
    )
    try:
        with importing():  # nobody waits for the loop yet
            from suite import servers
            from suite.compose import SERVICES, Suite
            from suite.seed.loading import seed_if_empty
        admin = await standing
        simulated = f"http://127.0.0.1:{port}/simulators/departments"
        placed = settings.model_copy(
            update={
                "home": home.folder,
                "database_host": admin.host,
                "database_port": admin.port,
                "database_password": home.database_password(),
                "departments_url": settings.departments_url or (simulated if settings.is_dev else ""),
                "port": port,
            }
        )
        await servers.migrate(admin, placed.database_prefix, SERVICES)
        suite = Suite(placed, home.keyring(placed.keyring_path, dev=placed.is_dev))
        await seed_if_empty(suite, admin)
        server = uvicorn.Server(
            uvicorn.Config(
                Entrance(suite),
                http=StrictProtocol,
                log_config=None,
                access_log=False,
                lifespan="on",
                proxy_headers=False,  # who calls is the gateway's to find out
                server_header=False,
                timeout_graceful_shutdown=20,
            )
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server.serve([listener]))
        while not server.started:
            if task.done():
                task.result()
                raise RuntimeError("the HTTP server ended before it began")
            await asyncio.sleep(0.01)
        try:
            yield Running(suite, f"http://{settings.host}:{port}", perf_counter() - started, postgres)
        finally:
            server.should_exit = True
            await task
    finally:
        listener.close()
        await asyncio.wait({standing})
        await asyncio.to_thread(postgres.stop)
