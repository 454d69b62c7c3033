"""`make plan`: which test proves which plan item. Nothing is run; the marks are read at collection.

python -m tools.plan [--open]     --open lists the items without a proof too
"""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PLAN_ITEMS = Path(__file__).resolve().parents[1] / "docs" / "plan-items.txt"


def plan_items(listed: Path = PLAN_ITEMS) -> dict[str, str]:
    """Plan item → short title, in the order of the plan."""
    lines = (line for line in listed.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split(" ", 1) for line in lines)


def proofs_of(item: pytest.Item) -> list[tuple[str, str | None]]:
    """(plan item, part or None for the whole of it) for each mark of a test."""
    return [(str(mark.args[0]), mark.kwargs.get("part")) for mark in item.iter_markers("plan")]


@dataclass
class Proofs:
    """Plan item → the tests that prove it wholly, and those that prove a part."""

    whole: dict[str, list[str]] = field(default_factory=dict)
    parts: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Called by pytest with everything it found."""
        for item in session.items:
            test = item.nodeid.partition("[")[0]  # a table of cases is one test
            for name, part in proofs_of(item):
                tests = (
                    self.whole.setdefault(name, [])
                    if part is None
                    else self.parts.setdefault(name, {}).setdefault(part, [])
                )
                if test not in tests:
                    tests.append(test)


def report(proofs: Proofs, items: dict[str, str], *, also_open: bool = False) -> str:
    """The listing, ending in `proved N of 146, in part M`."""
    lines: list[str] = []
    for name, title in items.items():
        parts = proofs.parts.get(name, {})
        if name in proofs.whole:
            lines += [f"{name} {title}", *(f"    {test}" for test in proofs.whole[name])]
        elif parts:
            lines.append(f"{name} {title} (in part)")
        elif also_open:
            lines.append(f"{name} {title} (open)")
        for part, tests in parts.items():
            lines += [f"    {test} [{part}]" for test in tests]
    only_in_part = proofs.parts.keys() - proofs.whole.keys()
    lines.append(f"proved {len(proofs.whole)} of {len(items)}, in part {len(only_in_part)}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    proofs = Proofs()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        ended = pytest.main(["--collect-only", "-q", "tests"], plugins=[proofs])
    if ended not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        print(said.getvalue())
        return int(ended)
    print(report(proofs, plan_items(), also_open="--open" in arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
