"""The toy's command line without the second of imports before it: each command is a process of its own, forked from
one that has imported everything."""

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.process.service import run_part
from tests.kernel.toy.app import SPEC

_PATIENCE = 60.0


def run_forked(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str, str]:
    """What `python -m tests.kernel.toy …` comes to: exit code, output, errors."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    out, err = folder / "out", folder / "err"
    process = context.Process(target=_become, args=(list(arguments), dict(environment), str(out), str(err)))
    process.start()
    process.join(_PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    code = process.exitcode
    assert code is not None
    process.close()
    return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


def _become(arguments: list[str], environment: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["toy", *arguments]
    for number, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.exit(run_part(SPEC))
