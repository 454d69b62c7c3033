"""Standing work of one of the two services as a process: `python -m benchmarks.pipeline.worker giver|taker worker`."""

import sys

from benchmarks.pipeline.services import GIVER, TAKER
from shared.process.service import run_part

if __name__ == "__main__":
    specs = {spec.name: spec for spec in (GIVER, TAKER)}
    sys.exit(run_part(specs[sys.argv.pop(1)]))
