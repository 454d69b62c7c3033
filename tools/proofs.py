"""A pytest plugin: what a test proves, at which size, from which seed.

Marks: `@pytest.mark.plan("R-02", part="benefit cases")` names the plan item a test proves, `@pytest.mark.prove`
one with a stated size. `size(20, stated=300)` is 20 in `make test` and 300 in `make prove`; `seed` is a number
that is printed, and repeated with PUYOU_SEED. Both are in the report at the end, for every test that used them.
"""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import Callable

import hypothesis
import pytest
from xdist.workermanage import WorkerController

from tools.plan import plan_items

PROVING = os.environ.get("PUYOU_PROVE") == "1"
_SEED = "puyou_seed"  # carries the run's seed from the controller of xdist to its workers


def on_a_free_machine() -> bool:
    """Proving, with no more at work than this run's two workers: then a stated wall time is held to."""
    return PROVING and os.getloadavg()[0] <= 2.5


# ── sizes and seeds ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def size(record_property: Callable[[str, object], None]) -> Callable[..., int]:
    """`size(20, stated=300)`: the first number in `make test`, the stated one in `make prove`."""

    def chosen(reduced: int, *, stated: int) -> int:
        number = stated if PROVING else reduced
        record_property("size", number)
        return number

    return chosen


@pytest.fixture
def seed(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> int:
    """A seed of this test's own, derived from the run's: the same run seed gives the same numbers again."""
    number = zlib.crc32(f"{run_seed(request.config)}|{request.node.nodeid}".encode())
    record_property("seed", number)
    return number


def run_seed(config: pytest.Config) -> int:
    """One number per run: PUYOU_SEED, or drawn anew and printed."""
    given: int = config.stash[_run_seed]
    return given


_run_seed = pytest.StashKey[int]()


@pytest.hookimpl(tryfirst=True)  # before Hypothesis reads its options
def pytest_configure(config: pytest.Config) -> None:
    worker_input: dict[str, int] = getattr(config, "workerinput", {})
    given = worker_input.get(_SEED) or os.environ.get("PUYOU_SEED") or secrets.randbelow(2**31)
    config.stash[_run_seed] = int(given)
    # Examples of a property: quick in `make test`, many in `make prove`; a slow machine is not a failure.
    # Hypothesis draws the same examples in every CI run unless told that the seed decides.
    patient = hypothesis.settings(
        deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=False
    )
    hypothesis.settings.register_profile("test", patient, max_examples=60)
    hypothesis.settings.register_profile("prove", patient, max_examples=1000)
    hypothesis.settings.load_profile("prove" if PROVING else "test")
    if config.getoption("--hypothesis-seed") is None:
        config.option.hypothesis_seed = run_seed(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """xdist: tell the worker the seed of the run."""
    node.workerinput[_SEED] = run_seed(node.config)


def pytest_report_header(config: pytest.Config) -> str:
    sizes = "the stated ones (prove)" if PROVING else "reduced"
    return f"puyou: sizes {sizes}, seed {run_seed(config)} (PUYOU_SEED={run_seed(config)} repeats the run)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not PROVING:
        return
    terminalreporter.section("proofs")
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            if getattr(report, "when", "call") == "call":
                facts = " ".join(f"{name}={value}" for name, value in report.user_properties)
                terminalreporter.write_line(f"{outcome} {report.duration:7.1f} s  {report.nodeid}  {facts}")


# ── plan items ───────────────────────────────────────────────────────────────────────────────────


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mark that names nothing in the plan is a mistake, not a proof."""
    known = plan_items()
    for item in items:
        for mark in item.iter_markers("plan"):
            if len(mark.args) != 1 or mark.args[0] not in known or set(mark.kwargs) - {"part"}:
                raise pytest.UsageError(f"{item.nodeid}: {mark} names no item of docs/plan-items.txt")
