"""The plugin that names sizes, seeds and plan items, run in pytest sessions of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.plan import Proofs, plan_items, report

ROOT = Path(__file__).parents[2]

PLUGINS = ["-p", "_hypothesis_pytestplugin", "-p", "xdist.plugin", "-p", "tools.proofs", "-p", "no:cacheprovider"]

NUMBERS = """
import hypothesis
import pytest
from hypothesis import strategies as st

drawn = []

@pytest.mark.prove
def test_size(size, seed):
    print("size", size(20, stated=300), "seed", seed)

def test_seed(seed):
    print("other", seed)

@hypothesis.given(st.integers())
def test_property(number):
    drawn.append(number)

def test_drawn():
    print("drawn", hash(tuple(drawn)), len(drawn))
"""


def run(folder: Path, text: str, *options: str, **environment: str) -> str:
    (folder / "test_it.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    plan\n    prove\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PUYOU_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, "-rA", *options, "."],
        cwd=folder,
        env={**kept, **environment, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def told(said: str, name: str) -> str:
    found = re.search(rf"^{name} (.*)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def test_sizes_are_reduced_unless_proving(tmp_path):
    assert told(run(tmp_path, NUMBERS), "size").startswith("20 ")
    said = run(tmp_path, NUMBERS, PUYOU_PROVE="1")
    assert told(said, "size").startswith("300 ")
    assert re.search(r"passed .* test_it.py::test_size  size=300 seed=\d+|test_size  seed=\d+ size=300", said)


@pytest.mark.parametrize("ci", ["", "true"], ids=["here", "ci"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_printed_seed_repeats_a_run(tmp_path, workers, ci):
    first = run(tmp_path, NUMBERS, "-n", workers, CI=ci)
    printed = re.search(r"PUYOU_SEED=(\d+)", first)
    assert printed
    again = run(tmp_path, NUMBERS, PUYOU_SEED=printed[1], CI=ci)
    other = run(tmp_path, NUMBERS, PUYOU_SEED=str(int(printed[1]) + 1), CI=ci)
    for name in ("size", "other"):
        assert told(again, name) == told(first, name) != told(other, name)
    assert told(first, "size").split()[-1] != told(first, "other")  # every test draws from its own
    if workers == "0":
        assert told(again, "drawn") == told(first, "drawn") != told(other, "drawn")


@pytest.mark.parametrize("mark", ["plan('R-99')", "plan()", "plan('R-01', parts='x')"])
def test_a_mark_names_an_item_of_the_plan(tmp_path, mark):
    said = run(tmp_path, f"import pytest\n\n@pytest.mark.{mark}\ndef test_it(): ...\n")
    assert "passed" not in said


PROVING = """
import pytest

@pytest.mark.plan("R-02")
def test_whole(): ...

@pytest.mark.plan("R-02", part="benefit cases")
@pytest.mark.plan("A-09", part="the cascade")
@pytest.mark.parametrize("n", [1, 2])
def test_part(n): ...

def test_nothing(): ...
"""


def test_the_report_says_what_proves_what(tmp_path):
    (tmp_path / "test_it.py").write_text(PROVING)
    script = (
        "import sys, pytest; sys.path.insert(0, sys.argv[1])\n"
        "from tools.plan import Proofs, report\n"
        "proofs = Proofs()\n"
        "pytest.main(['--collect-only', '-q', '-p', 'no:cacheprovider', '.'], plugins=[proofs])\n"
        "print(report(proofs, {'A-09': '身后', 'R-01': '低保', 'R-02': '梯度'}, also_open=True))"
    )
    said = subprocess.check_output(
        [sys.executable, "-c", script, str(ROOT)],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        text=True,
    )
    assert said.endswith(
        "A-09 身后 (in part)\n"
        "    test_it.py::test_part [the cascade]\n"
        "R-01 低保 (open)\n"
        "R-02 梯度\n"
        "    test_it.py::test_whole\n"
        "    test_it.py::test_part [benefit cases]\n"
        "proved 1 of 3, in part 1\n"
    )


def test_the_list_is_the_whole_plan():
    items = plan_items()
    families = {family: sum(name.startswith(family) for name in items) for family in "REGCAS"}
    assert families == {"R": 29, "E": 35, "G": 20, "C": 14, "A": 28, "S": 20}
    for family, count in families.items():
        assert [name for name in items if name[0] == family] == [f"{family}-{n:02}" for n in range(1, count + 1)]
    assert report(Proofs(), items) == "proved 0 of 146, in part 0"
