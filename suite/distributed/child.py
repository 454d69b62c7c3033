"""Stands between the launcher and a process of the suite: ties its life to the launcher's, becomes the process.

Run by path with `python -I -S`, never imported (`preexec_fn` may hang in a process with threads).

    child.py PARENT_PID ARG …          → python ARG …
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, *rest = arguments
    if sys.platform == "linux":  # elsewhere an orderly stop is all there is
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # it went while we were on our way here
            sys.exit(1)
    os.execv(sys.executable, [sys.executable, *rest])  # noqa: S606 - no shell


if __name__ == "__main__":
    main(sys.argv[1:])
