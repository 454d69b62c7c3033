"""Brain as a process that answers requests, as it is deployed: `python -m benchmarks.read.ours PORT PLACE`."""

import json
import sys

from shared.process.importing import importing

with importing():
    from benchmarks.read.people import Place
    from shared.observability.logs import configure_logs
    from shared.process.serving import run, serve


def main(port: int, place: Place) -> None:
    """Serve until SIGTERM."""
    configure_logs("WARNING")
    settings = place.settings(port)
    run(serve(place.brain(settings), settings))


if __name__ == "__main__":
    main(int(sys.argv[1]), Place(**json.loads(sys.argv[2])))
