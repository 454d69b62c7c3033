"""Distributed suites that stand as long as a block lasts, and leave nothing behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.events.rabbit import queue_name
from shared.settings import Settings
from suite.distributed import preparing
from suite.distributed.launching import Launched, launching
from suite.rabbitmq import RabbitNode
from tests.faults.database import DatabaseServer
from tests.faults.proxy import Proxy
from tests.faults.schedule import BROKER, DATABASE
from tests.faults.striking import Ground

_RATES = {f"PUYOU_GATEWAY_{which}_RATE": "1000000/minute" for which in ("ACCOUNT", "ADDRESS", "SIGN_IN")}
_QUEUES_KNOWN_SECONDS = 4.0  # RabbitMQ 3.10 writes down a new quorum queue's place within seconds, not at once


@asynccontextmanager
async def suite_of_processes(
    admin: URL, broker_url: str, prefix: str, home: Path, said: list[str], *, database_port: int = 0
) -> AsyncIterator[Launched]:
    """A running suite; afterwards no process, database, login or queue of it is left. `said` is what the launcher
    says; with `database_port` the processes reach the database there, not where its administrator does."""
    settings = Settings(
        env="test",
        home=home,
        port=0,
        database_admin=admin.render_as_string(hide_password=False),
        database_host=admin.host or "",
        database_port=database_port or admin.port or 0,
        database_prefix=prefix,
        broker_url=broker_url,
    )
    async with launching(settings, say=said.append, extra=_RATES) as suite:
        yield suite
    assert not any(keeper.pids for keeper in suite.keepers.values())
    await preparing.remove(suite.settings)
    await _nothing_is_left(suite.settings, admin)


async def _nothing_is_left(settings: Settings, admin: URL) -> None:
    engine = create_async_engine(admin)
    async with engine.connect() as connection:
        left = text("select datname from pg_database where datname like :like union select rolname from pg_roles"
                    " where rolname like :like")  # fmt: skip
        found = await connection.execute(left, {"like": f"{settings.database_prefix}%"})
        assert found.scalars().all() == []
    await engine.dispose()
    async with await aio_pika.connect(settings.broker_url, timeout=10) as line:
        channel = await line.channel()
        with pytest.raises(ChannelNotFoundEntity):
            await channel.declare_queue(queue_name(settings.database_prefix, "relief"), passive=True)


@asynccontextmanager
async def on_shaky_ground(node: RabbitNode, prefix: str, folder: Path) -> AsyncIterator[Ground]:
    """A suite whose every part can be struck."""
    server = DatabaseServer(folder / "postgres")
    server.start()
    lines = {BROKER: Proxy(node.port), DATABASE: Proxy(server.admin.port or 0)}
    for line in lines.values():
        await line.start()
    broker_url = f"amqp://guest:guest@127.0.0.1:{lines[BROKER].port}/"
    said: list[str] = []
    async with suite_of_processes(
        server.admin, broker_url, prefix, folder / "home", said, database_port=lines[DATABASE].port
    ) as suite:
        await asyncio.sleep(_QUEUES_KNOWN_SECONDS)
        ground = Ground(suite, node, server, lines, said)
        yield ground
        await ground.recover()
    for line in lines.values():
        await line.stop()
    server.stop()
