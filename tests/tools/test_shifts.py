"""Tests of one file, and of files that share something dear, run in one worker; the dear ones first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import shifts

ROOT = Path(__file__).parents[2]
TESTS = """
import os
import time
import pytest

@pytest.mark.parametrize("number", range(6))
def test_it(number):
    time.sleep(0.02)
    with open("ran", "a") as ran:
        ran.write(f"{__name__} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""


def test_a_file_stays_in_one_worker(tmp_path: Path) -> None:
    for name in ("test_one", "test_two", "test_three"):
        (tmp_path / f"{name}.py").write_text(TESTS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    plugins = ["-p", "xdist.plugin", "-p", "tests.shifts", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-n", "2", "."],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
    )
    assert done.returncode == 0
    ran = (tmp_path / "ran").read_text().splitlines()
    assert len(ran) == 18
    assert len(set(ran)) == 3, "a file and its worker"
    assert len({line.split()[1] for line in ran}) == 2


@pytest.mark.parametrize(
    ("file", "shift"),
    [
        ("kernel/rabbit/test_toy.py", "broker"),
        ("faults/test_faults.py", "broker"),
        ("journeys/rows/test_reading.py", "journeys"),
        ("suite/test_postgres.py", "suite/test_postgres.py"),
        ("faults_of_others/test_it.py", "faults_of_others/test_it.py"),
    ],
)
def test_files_that_share_something_are_named(file: str, shift: str) -> None:
    assert shifts.shift_of(file) == shift


def test_every_place_named_is_there() -> None:
    for places in shifts.TOGETHER.values():
        assert all((ROOT / "tests" / place).exists() for place in places)
