"""A PostgreSQL server of the run's own that can be killed and held up."""

import contextlib
import os
import signal
from pathlib import Path

from sqlalchemy import URL

from suite.postgres import EmbeddedPostgres
from tests.broker import eventually


class DatabaseServer:
    """One server on loopback; it keeps its port when it comes back.

    A commit is written before it is answered (the kill of every process loses none); it is not forced to the disk,
    as nobody cuts the machine's power.
    """

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres(folder, fsync=False, settings={"synchronous_commit": "on"})
        self._held: list[int] = []
        self.admin = URL.create("postgresql")

    @property
    def is_running(self) -> bool:
        """Whether it was started and not ended."""
        return self._server.pid is not None

    def start(self) -> None:
        """Start, or come back and recover what had been committed."""
        address = self._server.start()
        self.admin = URL.create(
            "postgresql+asyncpg", address.superuser, address.password, address.host, address.port, "postgres"
        )

    def stop(self) -> None:
        """End in order."""
        self.resume()
        self._server.stop()

    async def kill(self) -> None:
        """SIGKILL to all of its processes: what a power cut does to the server, not to the disk."""
        postmaster, others = self._stop_forking()
        for pid in (*others, postmaster):
            os.kill(pid, signal.SIGKILL)
        self._held.clear()
        await eventually(lambda: not self.is_running)

    def pause(self) -> None:
        """Nothing moves until `resume`."""
        postmaster, others = self._stop_forking()
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        self._held = [*others, postmaster]

    def resume(self) -> None:
        """Go on."""
        for pid in self._held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._held.clear()

    def _stop_forking(self) -> tuple[int, list[int]]:
        """The postmaster, held, and its children: none comes, and none that ends gives its number to a stranger."""
        postmaster = self._server.pid
        if postmaster is None:
            raise RuntimeError("the server does not run")
        os.kill(postmaster, signal.SIGSTOP)
        listed = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii")
        return postmaster, [int(pid) for pid in listed.split()]
