"""`make distributed`: every process of the suite on this machine, on a PostgreSQL server and a RabbitMQ server.

The launcher holds what must outlive each process, the listening sockets, and little else: it imports no service and
has no rights on the servers; a process of its own prepares these.
"""

import asyncio
import fcntl
import json
import os
import secrets
import socket
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from time import perf_counter

from shared.settings import Settings
from suite.distributed.child_process import ChildProcess
from suite.distributed.keeper import Keeper, stop_all
from suite.distributed.topology import GATEWAY, SIMULATORS, TIERS, processes, upstreams
from suite.home import Home
from suite.memory import proportional_size

LOCAL_BROKER = "amqp://guest:guest@127.0.0.1:5672/"
_TO_BE_READY = 20.0
_NOT_FOR_PROCESSES = {"host", "port", "database_admin", "keyring_file", "keys_file", "listen_fd", "status_fd"}


class NotPrepared(OSError):
    """The servers could not be prepared; why was printed."""


class Launched:
    """A suite of processes that answers."""

    def __init__(self, settings: Settings, keepers: Mapping[str, Keeper], seconds: float) -> None:
        self.settings = settings
        self.keepers = keepers
        self.seconds = seconds

    @property
    def addresses(self) -> dict[str, str]:
        """Of every process, by name."""
        return {name: address_of(keeper.listener) for name, keeper in self.keepers.items()}

    @property
    def address(self) -> str:
        """The gateway's."""
        return self.addresses[GATEWAY.name]

    def memory(self) -> dict[str, int]:
        """Bytes at rest, shared pages counted once: all processes and this one."""
        pids = [os.getpid(), *(pid for keeper in self.keepers.values() for pid in keeper.pids)]
        return {"puyou": sum(proportional_size(pid) for pid in pids)}

    async def restart_all(self) -> None:
        """Replace every process, one after another, the successor first: nobody is refused meanwhile."""
        for keeper in self.keepers.values():
            await keeper.restart()


@asynccontextmanager
async def launching(
    settings: Settings, *, say: Callable[[str], None] = print, extra: Mapping[str, str] | None = None
) -> AsyncIterator[Launched]:
    """Prepare the servers, start everything in order, keep it running; stop in order at the end.

    `extra` is added to every process's environment.
    """
    began = perf_counter()
    home = Home(settings.home.absolute())
    home.prepare()
    with _held(home):
        placed = place(settings, home)
        async with AsyncExitStack() as stack:
            keepers: dict[str, Keeper] = {}
            listeners = {
                process.name: stack.enter_context(
                    socket.create_server((settings.host, settings.port) if process is GATEWAY else ("127.0.0.1", 0))
                )
                for process in processes()
            }
            environments = _environments(placed, listeners, extra or {})
            logs = home.empty_logs(["prepare", *(process.name for process in processes())])
            await _prepare(placed, logs["prepare"], extra or {})
            for process in processes():
                keepers[process.name] = Keeper(
                    process, listeners[process.name], environments[process.name], logs[process.name], say
                )
            for tier in TIERS:  # at the end the last tier stops first
                stack.push_async_callback(stop_all, [keepers[process.name] for process in tier])
            first, second, last = ([keepers[process.name] for process in tier] for tier in TIERS)
            await _start([*first, *second])
            await _start(last)
            await asyncio.to_thread(_until_ready, address_of(listeners[GATEWAY.name]))
            yield Launched(placed, keepers, perf_counter() - began)


def place(settings: Settings, home: Home) -> Settings:
    """The settings with what is decided at first start: names on the servers, the logins' password."""
    chosen = settings.model_fields_set
    admin = urllib.parse.urlsplit(settings.database_admin)
    places: dict[str, object] = {
        "home": home.folder,
        "broker_url": settings.broker_url or LOCAL_BROKER,
        "database_password": settings.database_password or home.database_password(),
    }
    if "database_prefix" not in chosen:
        places["database_prefix"] = _prefix(home)
    if "database_host" not in chosen:
        places["database_host"] = admin.hostname or "127.0.0.1"
    if "database_port" not in chosen:
        places["database_port"] = admin.port or 5432
    return settings.model_copy(update=places)


def _prefix(home: Home) -> str:
    """Of this home's databases and queues; two homes share the servers without knowing of each other."""
    file = home.folder / "distributed.json"
    if not file.exists():
        file.write_text(json.dumps({"prefix": f"puyou_{secrets.token_hex(3)}"}), encoding="ascii")
    return str(json.loads(file.read_text(encoding="ascii"))["prefix"])


@contextmanager
def _held(home: Home) -> Iterator[None]:
    """One launcher a home."""
    with (home.folder / "distributed.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotPrepared(f"{home.folder} 已有一套在运行 / a suite is already running from this home") from None
        yield


def address_of(listener: socket.socket) -> str:
    """`http://127.0.0.1:8080`."""
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


def environment_of(settings: Settings, without: set[str]) -> dict[str, str]:
    """Our own environment with these settings: what the settings class would read back."""
    theirs = {key: value for key, value in os.environ.items() if not _is_setting(key)}
    for name, value in settings.model_dump(mode="json", include=settings.model_fields_set - without).items():
        if value is not None:
            theirs[f"PUYOU_{name.upper()}"] = str(value)
    return theirs


def _is_setting(key: str) -> bool:
    return key.startswith("PUYOU_") and key.removeprefix("PUYOU_").lower() in Settings.model_fields


def _environments(
    settings: Settings, listeners: Mapping[str, socket.socket], extra: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    addresses = {name: address_of(listener) for name, listener in listeners.items()}
    departments = settings.departments_url or f"{addresses[SIMULATORS.name]}/simulators/departments"
    quiet = settings.model_copy(update={"departments_url": departments, "log_level": "WARNING"})
    common = environment_of(quiet, _NOT_FOR_PROCESSES) | dict(extra)
    behind = {"PUYOU_GATEWAY_UPSTREAMS": json.dumps(upstreams(addresses))}
    return {process.name: common | (behind if process is GATEWAY else {}) for process in processes()}


async def _prepare(settings: Settings, log: Path, extra: Mapping[str, str]) -> None:
    environment = environment_of(settings, {"listen_fd", "status_fd"}) | dict(extra)
    child = await ChildProcess.spawn(["suite", "prepare"], environment, None, log)
    try:
        await child.wait_gone()
    except asyncio.CancelledError:
        await child.end(5)
        raise
    if child.exit_code:
        raise NotPrepared(_end_of(log))


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-12:])


async def _start(keepers: list[Keeper]) -> None:
    """All at once; an error of one is raised when all have been tried."""
    found = await asyncio.gather(*(keeper.start() for keeper in keepers), return_exceptions=True)
    for fault in found:
        if isinstance(fault, BaseException):
            raise fault


def _until_ready(address: str) -> None:
    """The gateway says that every service behind it is ready."""
    deadline = perf_counter() + _TO_BE_READY
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=5):  # noqa: S310 - our own address
                return
        except OSError as error:
            if perf_counter() > deadline:
                raise NotPrepared(f"未能就绪 / not ready: {address}/health/ready: {error}") from None
