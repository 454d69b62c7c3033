"""PostgreSQL programs as processes: run as the right user, dying with us, found again after a crash."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

from suite.postgres.errors import PostgresError

PAUSE_SECONDS = 0.01


class Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServerUser:
    """The user the server runs as; None is whoever we are (never root)."""

    uid: int | None = None
    gid: int | None = None

    def identity(self) -> Identity:
        """The same for `subprocess`."""
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True)
class Program:
    """A PostgreSQL program with its arguments; `{folder}` in them is the server's own folder."""

    path: Path
    arguments: tuple[str, ...]
    folder: Path
    user: ServerUser

    def run(self) -> subprocess.CompletedProcess[str]:
        """To its end; the output is on `stdout`."""
        with self._launched(subprocess.PIPE) as process:
            said, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, said.decode(errors="replace"))

    def spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """In the background, writing to `log`."""
        with self._launched(log) as process:
            return process

    @contextlib.contextmanager
    def _launched(self, output: int | IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        opened = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        uid, gid = (-1 if number is None else number for number in (self.user.uid, self.user.gid))
        child = Path(__file__).with_name("child.py")
        facts = (os.getpid(), uid, gid, opened, self.folder, self.path)
        try:
            yield subprocess.Popen(
                [sys.executable, "-I", "-S", str(child), *map(str, facts), *self.arguments],
                pass_fds=[opened],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # PGDATA, PGPORT and the like of the caller's shell are not meant for this server.
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                # A session of its own: Ctrl-C is for us, and we stop the server after the services.
                start_new_session=True,
            )
        finally:
            os.close(opened)


class Server:
    """A running postmaster.

    The kernel ends it when the *thread* that made it ends, so it gets a thread that lives as long as it does,
    whichever thread asked for it.
    """

    def __init__(self, program: Program, log: Path) -> None:
        self._program = program
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: BaseException | None = None
        self._spawned = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="postgres-keeper", daemon=True)
        self._keeper.start()
        self._spawned.wait()
        if self._failure:
            raise self._failure

    def _keep(self) -> None:
        try:
            with self._log.open("ab") as log:
                self._process = self._program.spawn(log)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            self._failure = error
            return
        finally:
            self._spawned.set()
        self._process.wait()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def is_running(self) -> bool:
        return self._keeper.is_alive()

    def wait_until_ready(self, pid_file: Path, seconds: float) -> bool:
        """True once it takes connections, False when it ended or did not get there in time."""
        deadline = time.monotonic() + seconds
        while self.is_running() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                lines = pid_file.read_text().splitlines()
                # Line 1 is the pid, line 8 the state: "starting", "ready", "stopping".
                if len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready":
                    return True
            self._keeper.join(PAUSE_SECONDS)
        return False

    def stop(self, seconds: float) -> None:
        """In order if it can in `seconds`; otherwise at once, and the next start recovers from the log."""
        for wish, patience in ((signal.SIGINT, seconds), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if not self.is_running():
                return
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(wish)
            self._keeper.join(patience)


# ── what an earlier run may have left ────────────────────────────────────────────────────────────


def await_predecessor(name: str, seconds: float) -> None:
    """Wait until no process of the cluster `name` is left; help the last one along.

    After a `kill -9` of the suite its server is still shutting down, after one of the server its backends are
    still noticing. Where there is no /proc, PostgreSQL's own interlock has the word.
    """
    deadline = time.monotonic() + seconds
    helped = False
    while left := _processes_of(name):
        if time.monotonic() > deadline:
            if helped:
                raise PostgresError(
                    f"上次运行的数据库进程 {left} 仍未退出", f"processes {left} of an earlier run do not end"
                )
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGQUIT)
            deadline, helped = time.monotonic() + seconds, True
        time.sleep(PAUSE_SECONDS)


def drop_stale_pid_file(pid_file: Path) -> None:
    """Remove a pid file whose number now belongs to some other program.

    PostgreSQL sees for itself that a dead process holds nothing, but after a restart of the machine or the
    container the number may be a stranger's, and it would refuse to start. A server started by other means
    keeps its file.
    """
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    command = _command_line(pid)
    if command and (b"postgres" not in command or b"puyou-" in command):
        pid_file.unlink()


def _processes_of(name: str) -> list[int]:
    """Every process of a cluster shows its name: the postmaster as an argument, the others in their title."""
    # Titles are "postgres: NAME: checkpointer", the postmaster has "cluster_name=NAME" as an argument.
    marks = (f"cluster_name={name}\0".encode(), f"postgres: {name}: ".encode())
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if any(mark in _command_line(pid) for mark in marks)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
