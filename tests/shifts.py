"""A pytest plugin: which tests run in one worker of xdist, and which begin first.

A file stays together, so that what it sets up is set up once; so do files that share something dear. The long ones come
first: whoever has finished takes the next, and nobody waits for one that began last.

xdist's own `--dist loadgroup` does not do it: it writes a test's group into its name, which pytest 9 does not allow.
"""

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_HERE = Path(__file__).parent
TOGETHER = {
    "journeys": ("journeys",),
    "broker": ("faults", "kernel/rabbit"),
}


def shift_of(file: str) -> str:
    """The name of what this file (from `tests/` on) runs together with."""
    for name, places in TOGETHER.items():
        if any(file == place or file.startswith(f"{place}/") for place in places):
            return name
    return file


class _Shifts(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return shift_of(nodeid.partition("::")[0].removeprefix(f"{_HERE.name}/"))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return _Shifts(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = list(TOGETHER)

    def turn(item: pytest.Item) -> int:
        shift = shift_of(item.path.relative_to(_HERE).as_posix()) if item.path.is_relative_to(_HERE) else ""
        return first.index(shift) if shift in first else len(first)

    items.sort(key=turn)
