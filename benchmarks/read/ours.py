"""Brain as a process that answers requests: `python -m benchmarks.read.ours PORT PLACE`."""

import json
import sys

import uvicorn

from benchmarks.read.people import Place
from shared.observability.logs import configure_logs


def main(port: int, place: Place) -> None:
    """Serve until SIGTERM."""
    configure_logs("WARNING")
    uvicorn.run(place.brain(), host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")


if __name__ == "__main__":
    main(int(sys.argv[1]), Place(**json.loads(sys.argv[2])))
