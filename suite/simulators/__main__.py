"""`python -m suite.simulators`: the outside world of a dev suite as a process, and the page that moves its clock."""

import asyncio
import sys
from dataclasses import dataclass

from starlette.applications import Starlette

from shared.observability.logs import configure_logs
from shared.process import moved_clock
from shared.process.serving import run, serve
from shared.settings import Settings
from suite.development import development_app
from suite.home import Home
from suite.simulators.departments import departments_app


@dataclass(frozen=True, slots=True)
class _Clock:
    """The clock of all processes: each follows the file this one writes."""

    home: Home

    async def clock_moved(self) -> None:
        await asyncio.sleep(moved_clock.FOLLOWED_WITHIN_SECONDS)


def main() -> int:
    """Serve; the exit code."""
    settings = Settings()
    configure_logs(settings.log_level)
    if not settings.is_dev:
        print("模拟器只用于开发环境 / simulators exist in dev only", file=sys.stderr)
        return 2
    home = Home(settings.home)
    home.restore_clock()
    pages = development_app(_Clock(home)).routes
    run(serve(Starlette(routes=[*departments_app().routes, *pages]), settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
