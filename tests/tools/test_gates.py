"""`.ci/run` and `make check` let nothing through that failed."""

import os
import subprocess
from pathlib import Path

import pytest

from tools import check

ROOT = Path(__file__).parents[2]
FAKE_MAKE = """#!/bin/sh
echo "$1 CI=$CI broker=$PUYOU_REQUIRE_BROKER" >> "$LOG"
[ "$1" != "$FAILING" ] || exit 7
"""


@pytest.mark.parametrize(
    ("failing", "status", "steps"),
    [
        ("nothing", 0, ["check", "test", "prove"]),
        ("check", 7, ["check"]),
        ("test", 7, ["check", "test"]),
        ("prove", 7, ["check", "test", "prove"]),
    ],
)
def test_the_gate_stops_at_the_first_failure(tmp_path, failing, status, steps):
    make = tmp_path / "make"
    make.write_text(FAKE_MAKE)
    make.chmod(0o755)
    log = tmp_path / "log"
    ran = subprocess.run(
        [ROOT / ".ci" / "run"],
        env={"PATH": f"{tmp_path}:{os.defpath}", "LOG": str(log), "FAILING": failing},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == status, ran.stderr
    assert log.read_text().splitlines() == [f"{step} CI=true broker=1" for step in steps]
    for step in steps:
        assert f"── {step}: 0 s, " in ran.stdout or f"── {step}: 1 s, " in ran.stdout


def test_check_judges_everything_and_fails_for_one(monkeypatch, capsys):
    steps = {
        "first": ["python", "-c", "print('said'); raise SystemExit(3)"],
        "second": ["python", "-c", "print('quiet')"],
    }
    monkeypatch.setattr(check, "STEPS", steps)
    assert check.main([]) == 1
    said = capsys.readouterr().out
    assert "FAILED first" in said
    assert "said" in said
    assert "ok     second" in said
    assert "quiet" not in said
    assert check.main(["second"]) == 0
    assert check.main(["third"]) == 2
