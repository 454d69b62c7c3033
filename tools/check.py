"""`make check`: every judgement that needs no running system, all of them even when one fails.

python -m tools.check [STEP …]     only these steps
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent

STEPS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy"],
    "imports": ["lint-imports", "--no-logo"],
    "rules": ["python", "-m", "tools.rules"],
    "spelling": ["typos"],
    "yaml": ["yamllint", "--strict", "."],
}


def main(chosen: list[str]) -> int:
    if unknown := set(chosen) - set(STEPS):
        print(f"no step {', '.join(sorted(unknown))}; there are: {', '.join(STEPS)}")
        return 2
    failed = []
    for name in chosen or STEPS:
        program, *arguments = STEPS[name]
        begun = time.monotonic()
        ran = subprocess.run(
            [TOOLS / program, *arguments],
            cwd=ROOT,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        print(f"{'ok    ' if ran.returncode == 0 else 'FAILED'} {name:<9}{time.monotonic() - begun:5.1f} s", flush=True)
        if ran.returncode != 0:
            failed.append(name)
            print(ran.stdout)
    if failed:
        print(f"check failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
