"""The command line: `python -m suite demo|up`, called by the Makefile. `PUYOU_PORT` and `PUYOU_HOME` move both.

up      start the suite and serve until Ctrl-C
demo    the same, and play the story first; `--exit` ends after it: 0 when all went as it should
"""

import argparse
import asyncio
import signal
import sys

from shared.observability.logs import configure_logs
from shared.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Parse and run; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m suite", description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the suite and serve")
    demo = commands.add_parser("demo", help="play the story, then serve")
    demo.add_argument("--exit", action="store_true", help="end after the story; non-zero when a step failed")
    demo.add_argument("--runs", type=int, default=20, help="how many deaths the median is measured over")
    chosen = parser.parse_args(arguments)
    configure_logs("WARNING")
    try:
        return asyncio.run(_run(chosen))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from suite.postgres import PostgresError

        if isinstance(error, PostgresError | OSError):
            print(f"无法启动 / cannot start: {error}", file=sys.stderr)
            return 2
        raise


async def _run(chosen: argparse.Namespace) -> int:
    from suite.serve import serving

    settings = Settings()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with serving(settings) as running:
        _print_addresses(running.address, running.seconds, settings)
        _print_memory(running.memory())
        if chosen.command == "demo":
            from suite.story.play import play

            playing = asyncio.create_task(play(running.address, settings, runs=chosen.runs))
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


def _print_addresses(address: str, seconds: float, settings: Settings) -> None:
    from suite.seed.accounts import DEMO_ACCOUNTS

    print(f"普有已就绪 / ready in {seconds:.1f} s   {address}")
    print(f"  接口文档 / API documents  {address}/docs")
    print(f"  指标 / metrics            {address}/metrics")
    print(f"  数据 / data               {settings.home}")
    if settings.is_dev:
        print(f"  演示账号（口令 {settings.demo_password}）/ demo accounts:")
        for account in DEMO_ACCOUNTS:
            print(f"    {account.username:<18} {account.title}")
    print(flush=True)


def _print_memory(memory: dict[str, int]) -> None:
    mib = {name: size / 2**20 for name, size in memory.items()}
    total = sum(mib.values())
    print(
        f"内存（PSS）/ memory at rest: {total:.0f} MiB = 普有 {mib['puyou']:.0f} + PostgreSQL {mib['postgresql']:.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
