"""The toy as a process, like any service: `python -m tests.kernel.toy api|worker|migrate|parked`."""

import sys

from shared.process.service import run_part
from tests.kernel.toy.app import SPEC

if __name__ == "__main__":
    sys.exit(run_part(SPEC))
