"""`python -m services.charity api|worker|migrate`."""

import sys

from services.charity.app import SPEC
from shared.process.service import main

if __name__ == "__main__":
    sys.exit(main(SPEC))
