"""What must be there before the processes start: servers, keys, databases, queues, and in dev the seed.

Run in a process of its own (`python -m suite prepare`): it needs all services and an administrator's rights, the
launcher needs neither.
"""

import asyncio

import aio_pika
import asyncpg
from aio_pika.exceptions import AMQPError

from shared.events.rabbit import declare_all, exchange_name, queue_name
from shared.process.service import administrator
from shared.security.keys import Keyring
from shared.service import handlers_of
from shared.settings import Settings
from suite import servers
from suite.compose import NAMES, SERVICES, Suite
from suite.home import Home
from suite.seed.loading import seed_if_empty

_TO_ANSWER = 5.0


class ServerMissing(OSError):
    """A server the suite stands on does not answer."""


async def prepare(settings: Settings) -> None:
    """Everything; may be run any number of times. Raises ServerMissing with what to do about it."""
    await find_servers(settings)
    write_keys(settings)
    subscribers = {spec.name: handlers_of(spec).types for spec in SERVICES}
    await asyncio.gather(
        servers.prepare(administrator(settings), settings.database_prefix, SERVICES, settings.database_password),
        declare_all(settings.broker_url, settings.database_prefix, subscribers),
    )
    await seed(settings)


def write_keys(settings: Settings) -> None:
    """Each process's part of the ring, under home. In dev a missing ring is made; elsewhere it must be there."""
    home = Home(settings.home)
    keyring = home.keyring(settings.keyring_path, dev=settings.is_dev)
    home.write_keys([*(spec.keys_from(keyring) for spec in SERVICES), keyring.for_service("gateway")])


def make_ring(settings: Settings) -> None:
    """A ring for this environment, unless there is one."""
    if not settings.keyring_path.exists():
        Keyring.generate(dev=settings.is_dev).to_new_file(settings.keyring_path)


async def seed(settings: Settings) -> None:
    """The demo's people, in an empty suite of dev."""
    home = Home(settings.home)
    home.restore_clock()
    suite = Suite(settings, home.keyring(settings.keyring_path, dev=settings.is_dev), works=False)
    try:
        await seed_if_empty(suite, administrator(settings))
    finally:
        await suite.stop()


async def find_servers(settings: Settings) -> None:
    """Ask both servers whether they are there and let us in."""
    admin = administrator(settings)
    try:
        database = await asyncpg.connect(
            host=admin.host,
            port=admin.port or 5432,
            user=admin.username,
            password=admin.password,
            database=admin.database or "postgres",
            timeout=_TO_ANSWER,
        )
        await database.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        where = admin.render_as_string(hide_password=True)
        raise ServerMissing(
            f"PostgreSQL 不可用，请启动它或设置 PUYOU_DATABASE_ADMIN\n  no PostgreSQL at {where} ({_said(error)}): "
            "start one, or name an administrator's address in PUYOU_DATABASE_ADMIN"
        ) from error
    try:
        broker = await aio_pika.connect(settings.broker_url, timeout=_TO_ANSWER)
        await broker.close()
    except (OSError, TimeoutError, AMQPError) as error:
        raise ServerMissing(
            f"RabbitMQ 不可用，请启动它或设置 PUYOU_BROKER_URL\n  no RabbitMQ at {_hidden(settings.broker_url)} "
            f"({_said(error)}): start one, or name its address in PUYOU_BROKER_URL"
        ) from error


async def remove(settings: Settings) -> None:
    """Take the suite's databases, logins, queues and exchange off the servers. The home folder stays."""
    await find_servers(settings)
    prefix = settings.database_prefix
    await servers.drop(administrator(settings), prefix, NAMES)
    connection = await aio_pika.connect(settings.broker_url, timeout=_TO_ANSWER)
    async with connection, connection.channel() as channel:
        for name in NAMES:
            await channel.queue_delete(queue_name(prefix, name))
        await channel.exchange_delete(exchange_name(prefix))


def _said(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _hidden(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
