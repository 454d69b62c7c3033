"""The dev clock across processes: an offset in a file of `PUYOU_HOME` that every process of a dev suite follows."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from shared import clock

FOLLOWED_WITHIN_SECONDS = 0.5
"""After this every process that follows has seen a change."""
_LOOK_SECONDS = 0.2


def _file(home: Path) -> Path:
    return home / "clock.json"


def keep(home: Path) -> None:
    """Write down how far this process's clock was moved: for the others, and for after a restart."""
    draft = home / "clock.json.new"
    draft.write_text(json.dumps({"offsetSeconds": clock.offset()}), encoding="ascii")
    draft.replace(_file(home))


def restore(home: Path) -> None:
    """Go to the time the suite was moved to."""
    if _file(home).exists():
        clock.set_offset(float(json.loads(_file(home).read_text(encoding="ascii"))["offsetSeconds"]))


async def follow(home: Path, moved: Callable[[], None]) -> None:
    """Take over every change, and call `moved` after it; until cancelled."""
    seen = _version(home)
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        found = _version(home)
        if found != seen:
            seen = found
            restore(home)
            moved()


def _version(home: Path) -> tuple[int, int] | None:
    try:
        state = _file(home).stat()
    except FileNotFoundError:
        return None
    return state.st_mtime_ns, state.st_ino
