"""`python -m services.eldercare api|worker|migrate`."""

import sys

from services.eldercare.app import SPEC
from shared.process.service import main

if __name__ == "__main__":
    sys.exit(main(SPEC))
