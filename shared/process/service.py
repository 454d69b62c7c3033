"""What `python -m services.<name>` does: one part of one service, configured by the environment alone.

api      answer requests
worker   events, timers, jobs and calls outside; over HTTP only /health/* and /metrics
migrate  make or bring up to date database, logins and queue; as administrator, once before the others start
parked   list the events that wait for a human, replay or discard them; with the service's own login

The exit code is 0 after an orderly end, 1 when it could not be done, 2 for a command line that is none.
"""

import argparse
import asyncio
import contextlib
import sys

from sqlalchemy import URL, make_url

from shared.db.migrate import bootstrap, upgrade
from shared.events.rabbit import declare_all
from shared.observability.logs import configure_logs
from shared.process import moved_clock
from shared.process.parked import add_verbs, attend
from shared.process.serving import run, serve
from shared.security.keys import ServiceKeys
from shared.service import Part, Runtime, ServiceSpec, create_service, handlers_of, transport_of
from shared.settings import Settings


def run_part(spec: ServiceSpec) -> int:
    """Parse the command line and run; the exit code of an orderly end."""
    chosen = _parser(spec).parse_args()
    settings = Settings()
    configure_logs(settings.log_level)
    try:
        if chosen.part == "parked":
            return run(attend(spec, settings, chosen))
        run(_migrate(spec, settings) if chosen.part == "migrate" else _serve(spec, settings, Part(chosen.part)))
    except OSError as error:
        sys.exit(f"无法启动 / cannot start: {error}")
    return 0


def _parser(spec: ServiceSpec) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m services.{spec.name}", description=spec.title)
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("api", help="answer requests")
    parts.add_parser("worker", help="events, timers, jobs and calls outside")
    parts.add_parser("migrate", help="database, logins and queue, as administrator")
    add_verbs(parts.add_parser("parked", help="停放的事件 / events that wait for a human"))
    return parser


async def _serve(spec: ServiceSpec, settings: Settings, part: Part) -> None:
    keys = ServiceKeys.load(settings.keys_path(spec.name), dev=settings.is_dev)
    app = create_service(spec, settings, keys, transport_of(settings), part)
    runtime: Runtime = app.state.runtime
    following: asyncio.Task[None] | None = None
    if settings.is_dev:
        moved_clock.restore(settings.home)
        following = asyncio.create_task(moved_clock.follow(settings.home, runtime.wake))
    await serve(app, settings)
    if following:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


def administrator(settings: Settings) -> URL:
    """The administrator's address, whichever driver it names."""
    return make_url(settings.database_admin).set(drivername="postgresql+asyncpg")


async def _migrate(spec: ServiceSpec, settings: Settings) -> None:
    prefix, admin = settings.database_prefix, administrator(settings)
    await bootstrap(admin, prefix, [spec.name], settings.database_password)
    await upgrade(admin, prefix, spec.name, spec.migrations)
    await declare_all(settings.broker_url, prefix, {spec.name: handlers_of(spec).types})
