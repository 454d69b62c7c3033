"""A process of the suite as the launcher sees it: spawned, ready, leaving, gone."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parents[2]
_WRAPPER = Path(__file__).with_name("child.py")


class ChildProcess:
    """One run of a program. What it says of itself comes over a pipe (`PUYOU_STATUS_FD`)."""

    def __init__(self, process: asyncio.subprocess.Process, status: int) -> None:
        self._process = process
        self._status = status
        self._began = monotonic()
        self._is_ready = asyncio.Event()
        self._is_going = asyncio.Event()
        self.has_left = False
        self._gone = asyncio.create_task(self._until_gone())
        asyncio.get_running_loop().add_reader(status, self._hear)

    @classmethod
    async def spawn(
        cls, arguments: list[str], environment: Mapping[str, str], listener: socket.socket | None, log: Path
    ) -> "ChildProcess":
        """Run `python -m …` with the listener and a status pipe handed on; what it prints goes to `log`."""
        heard, said = os.pipe()
        os.set_blocking(heard, False)
        handed = [said] if listener is None else [said, listener.fileno()]
        facts = {**environment, "PUYOU_STATUS_FD": str(said)}
        if listener is not None:
            facts["PUYOU_LISTEN_FD"] = str(listener.fileno())
        try:
            with log.open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-I", "-S", str(_WRAPPER), str(os.getpid()), "-m", *arguments,
                    pass_fds=handed, env=facts, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=output,
                    stderr=output, start_new_session=True,
                )  # fmt: skip
        except BaseException:
            os.close(heard)
            raise
        finally:
            os.close(said)
        return cls(process, heard)

    @property
    def pid(self) -> int:
        """Of the process; the wrapper has become it."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative is a signal's number."""
        return self._process.returncode

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return monotonic() - self._began

    async def wait_ready(self) -> bool:
        """True when it serves, False when it ended before."""
        ready = asyncio.create_task(self._is_ready.wait())
        await asyncio.wait({ready, self._gone}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        return self._is_ready.is_set()

    async def wait_going(self) -> None:
        """Until it has begun to leave, or is gone."""
        await self._is_going.wait()

    async def wait_gone(self) -> None:
        """Until it has ended."""
        await asyncio.shield(self._gone)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def end(self, patience: float) -> None:
        """Ask it to leave; after `patience` seconds end it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.tell(number)
            await asyncio.wait({self._gone}, timeout=patience)
            if self._gone.done():
                return

    def _hear(self) -> None:
        try:
            words = os.read(self._status, 100).split()
        except BlockingIOError:
            return
        if not words:
            asyncio.get_running_loop().remove_reader(self._status)
        if b"ready" in words:
            self._is_ready.set()
        if b"leaving" in words:
            self.has_left = True
            self._is_going.set()

    async def _until_gone(self) -> None:
        await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._status)
        os.close(self._status)
        self._is_going.set()
