"""`python -m services.brain api|worker|migrate`."""

import sys

from services.brain.app import SPEC
from shared.process.service import main

if __name__ == "__main__":
    sys.exit(main(SPEC))
