"""The command line: `python -m suite …`, called by the Makefile. `PUYOU_PORT` and `PUYOU_HOME` move all of them.

up            start the suite in this process and serve until Ctrl-C
distributed   the same as separate processes, on a PostgreSQL server and RabbitMQ; SIGHUP replaces each without a gap
demo          start, and play the story first; `--exit` ends after it: 0 when all went as it should
prepare       make what the processes need, on the servers and at home, and end
keys          make the secrets, and each process's own part of them under home (deployment)
seed          load the demo's people where nothing is yet; dev only (deployment)
down          remove the distributed suite's databases and queues from the servers
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from shared.observability.logs import configure_logs
from shared.settings import Settings

if TYPE_CHECKING:
    from suite.distributed.launching import Launched


class Running(Protocol):
    """A suite that answers, in one process or in many."""

    @property
    def address(self) -> str: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def seconds(self) -> float: ...
    def memory(self) -> dict[str, int]:
        """Bytes at rest."""
        ...


def main(arguments: list[str] | None = None) -> int:
    """Parse and run; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m suite", description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the suite and serve")
    commands.add_parser("distributed", help="start it as separate processes and serve")
    demo = commands.add_parser("demo", help="play the story, then serve")
    demo.add_argument("--distributed", action="store_true", help="on separate processes")
    demo.add_argument("--exit", action="store_true", help="end after the story; non-zero when a step failed")
    demo.add_argument("--runs", type=int, default=20, help="how many deaths the median is measured over")
    commands.add_parser("prepare", help="databases, queues, keys and seed of the processes")
    commands.add_parser("keys", help="the secrets, and each process's own part of them")
    commands.add_parser("seed", help="the demo's people, in dev")
    commands.add_parser("down", help="remove the processes' databases and queues")
    chosen = parser.parse_args(arguments)
    configure_logs("WARNING")
    try:
        return _run(chosen)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from suite.postgres import PostgresError

        if isinstance(error, PostgresError | OSError):
            print(f"无法启动 / cannot start: {error}", file=sys.stderr)
            return 2
        raise


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command in ("prepare", "keys", "seed", "down"):
        return _once(chosen.command)
    if chosen.command == "distributed" or getattr(chosen, "distributed", False):
        return asyncio.run(_serve(chosen, is_distributed=True))  # uvloop would be one more library to load here
    from shared.process.serving import run

    return run(_serve(chosen, is_distributed=False))


def _once(command: str) -> int:
    from shared.process.importing import importing

    with importing():
        from suite.distributed import preparing
        from suite.distributed.launching import place
        from suite.home import Home

    settings = Settings()
    home = Home(settings.home.absolute())
    home.prepare()
    placed = place(settings, home)
    if command == "keys":
        preparing.make_ring(placed)
        preparing.write_keys(placed)
        print(f"密钥已写入 / keys are in {home.folder / 'keys'}")
        return 0
    work = {"prepare": preparing.prepare, "seed": preparing.seed, "down": preparing.remove}[command]
    asyncio.run(work(placed))
    return 0


async def _serve(chosen: argparse.Namespace, *, is_distributed: bool) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    starting = _distributed if is_distributed else _embedded
    async with starting(stopped) as running:
        if running is None:
            return 130
        _print_addresses(running)
        _print_memory(running.memory())
        if chosen.command == "demo":
            from suite.story.play import play

            playing = asyncio.create_task(play(running.address, running.settings, runs=chosen.runs))
            stopping = asyncio.create_task(stopped.wait())
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                playing.cancel()
                return 130
            stopping.cancel()
            went_well = playing.result()
            _print_memory(running.memory())
            if chosen.exit:
                return 0 if went_well else 1
        print("服务中，按 Ctrl-C 结束 / serving, Ctrl-C ends", flush=True)
        await stopped.wait()
    return 0


@asynccontextmanager
async def _embedded(_stopped: asyncio.Event) -> AsyncIterator[Running]:
    print("正在启动，首次须建库并装入演示数据 / starting; the first time makes and fills the databases", flush=True)
    from suite.serve import serving

    async with serving(Settings()) as running:
        yield running


@asynccontextmanager
async def _distributed(stopped: asyncio.Event) -> AsyncIterator[Running | None]:
    """None when told to stop before it stood."""
    from suite.distributed.launching import launching

    suite = launching(Settings(), say=lambda line: print(line, flush=True))
    starting = asyncio.create_task(suite.__aenter__())
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        yield None
        return
    running = starting.result()
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told.set)
    renewing = asyncio.create_task(_renew(running, told))
    try:
        yield running
    finally:
        renewing.cancel()
        print("正在停止 / stopping", flush=True)
        await suite.__aexit__(None, None, None)


async def _renew(running: "Launched", told: asyncio.Event) -> None:
    """Replace every process each time it is told; the old ones stay where a new one cannot start."""
    while True:
        await told.wait()
        told.clear()
        try:
            await running.restart_all()
            print("各进程已逐一更换 / every process was replaced", flush=True)
        except OSError as error:
            print(f"更换中止 / replacing ended: {error}", file=sys.stderr, flush=True)


def _print_addresses(running: Running) -> None:
    from suite.seed.accounts import DEMO_ACCOUNTS

    address, settings = running.address, running.settings
    print(f"普有已就绪 / ready in {running.seconds:.1f} s   {address}")
    print(f"  接口文档 / API documents  {address}/docs")
    print(f"  指标 / metrics            {address}/metrics")
    print(f"  数据 / data               {settings.home}")
    for name, where in getattr(running, "addresses", {}).items():
        print(f"    {name:<18} {where}")
    if settings.is_dev:
        print(f"  演示账号（口令 {settings.demo_password}）/ demo accounts:")
        for account in DEMO_ACCOUNTS:
            print(f"    {account.username:<18} {account.title}")
    print(flush=True)


def _print_memory(memory: dict[str, int]) -> None:
    words = {"puyou": "普有", "postgresql": "PostgreSQL"}
    parts = " + ".join(f"{words[name]} {size / 2**20:.0f}" for name, size in memory.items())
    print(f"内存（PSS）/ memory at rest: {sum(memory.values()) / 2**20:.0f} MiB = {parts}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
