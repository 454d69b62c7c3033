"""Fixtures every test may use: a PostgreSQL of our own, databases that are thrown away, a clock that stands still."""

import asyncio
import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import uvicorn
from sqlalchemy import URL

from shared import clock
from suite.postgres import EmbeddedPostgres
from suite.simulators.departments import Departments, departments_app
from tools.proofs import PROVING


def pytest_collection_finish() -> None:
    """What has been imported by now stays; the garbage collector need not look through it again and again."""
    gc.freeze()


_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
_CONNECTIONS = 100


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """Where this run's servers keep their data. Most tests begin with copies of databases, which take a quarter of the
    time in memory; where that is scarce, and for what is measured at the stated sizes, it is the disk."""
    in_memory = not PROVING and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    if in_memory:
        for left in _MEMORY.glob("puyou-test-*-*"):  # by runs that were killed
            if not Path(f"/proc/{left.name.split('-')[2]}").exists():
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"puyou-test-{os.getpid()}-", dir=_MEMORY if in_memory else None) as folder:
        Path(folder).chmod(0o711)  # PostgreSQL runs as another user than root
        yield Path(folder)


@pytest.fixture(scope="session")
def admin(scratch: Path) -> Iterator[URL]:
    """An administrator's address: the embedded server, or the one `PUYOU_TEST_SERVER` names (host:port:user)."""
    given = os.environ.get("PUYOU_TEST_SERVER", "")
    if given:
        host, port, user = given.split(":")
        admin = URL.create("postgresql+asyncpg", user, host=host, port=int(port), database="postgres")
        asyncio.run(_has_room(admin))
        yield admin
        return
    server = EmbeddedPostgres(scratch / "postgres", fsync=False)
    address = server.start()
    yield URL.create("postgresql+asyncpg", address.superuser, address.password, address.host, address.port, "postgres")
    server.stop()


async def _has_room(admin: URL) -> None:
    """A suite of processes takes nearly a hundred connections, and each worker of the run may have one standing."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    connection = await asyncpg.connect(host=admin.host, port=admin.port, user=admin.username, database=admin.database)
    allowed = int(await connection.fetchval("show max_connections"))
    await connection.close()
    if allowed < _CONNECTIONS * workers:
        pytest.exit(f"{admin.host}: max_connections is {allowed}: {_CONNECTIONS} a worker, or JOBS=1", returncode=3)


@pytest.fixture(scope="session")
async def exchange() -> AsyncIterator[tuple[str, Departments]]:
    """The departments' exchange on a loopback port, over real HTTP: its address and its memory."""
    departments = Departments()
    server = uvicorn.Server(uvicorn.Config(departments_app(departments), port=0, log_config=None, lifespan="off"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/simulators/departments", departments
    await server.shutdown()


@pytest.fixture(scope="session")
def prefix() -> str:
    """Names of this run's databases and logins begin with it."""
    return f"t{secrets.token_hex(4)}"


@pytest.fixture(autouse=True)
async def _real_time() -> AsyncIterator[None]:
    yield
    clock.reset()
