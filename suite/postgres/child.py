"""Stands between us and a PostgreSQL program: gives up root, ties its life to ours, becomes the program.

Run by path with `python -I -S`, never imported: `Popen(preexec_fn=…)` could do the same, but Python runs it
between fork and exec, where a process with threads may hang.

    child.py PARENT_PID UID GID FOLDER_FD FOLDER PROGRAM [ARG …]

`{folder}` in an argument becomes a path of FOLDER that works for the user the program runs as. When FOLDER
lies under a private home, nobody but root can walk to it; then the path goes through FOLDER_FD, an already
opened directory, so no parent's mode needs to be touched. UID -1 keeps the current user.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Ask the kernel for a SIGINT (PostgreSQL: fast shutdown) when the parent is gone, however it went."""
    if sys.platform != "linux":  # elsewhere an orderly stop is all there is
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell lets what it starts in the background ignore it
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:  # it went while we were on our way here
        sys.exit(1)


def main(arguments: list[str]) -> None:
    parent, uid, gid, folder_fd = (int(argument) for argument in arguments[:4])
    folder, program, *rest = arguments[4:]
    os.chdir("/")
    os.umask(0o077)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    die_with(parent)  # after setuid, which clears the wish
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        folder = f"/proc/self/fd/{folder_fd}"
    os.execv(program, [program, *(argument.replace("{folder}", folder) for argument in rest)])  # noqa: S606 - no shell


if __name__ == "__main__":
    main(sys.argv[1:])
