"""`python -m services.relief api|worker|migrate`."""

import sys

from shared.process.importing import importing


def main() -> int:
    """One part of the service; the exit code."""
    with importing():
        from services.relief.app import SPEC
        from shared.process.service import run_part
    return run_part(SPEC)


if __name__ == "__main__":
    sys.exit(main())
