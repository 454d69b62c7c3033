"""`python -m services.affairs api|worker|migrate`."""

import sys

from services.affairs.app import SPEC
from shared.process.service import main

if __name__ == "__main__":
    sys.exit(main(SPEC))
