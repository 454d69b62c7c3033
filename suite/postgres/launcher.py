"""The launcher: a home, the cluster in it, the server on it.

Layout of a home: `postgres/data` belongs to the server; `postgres.{password,port,lock,log}` are ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from suite.postgres.binaries import Binaries, find_binaries
from suite.postgres.errors import HomeInUse, PostgresError
from suite.postgres.process import Program, Server, ServerUser, await_predecessor, drop_stale_pid_file

HOST = "127.0.0.1"
SUPERUSER = "postgres"
START_SECONDS = 120  # replaying the log of a long batch after a crash may take a while
STOP_SECONDS = 20
PREDECESSOR_SECONDS = 10
LOG_BYTES = 5_000_000

# Lean by default: six services on a machine with two cores. Any of them can be given to EmbeddedPostgres.
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "64MB",
    "max_connections": "100",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "512MB",
    "autovacuum_max_workers": "2",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Failing rows and statements hold people's data; the log must not.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
SETTINGS_SINCE_18: Mapping[str, str] = {"io_method": "sync"}  # its I/O workers are three more processes
SETTINGS_WITHOUT_FSYNC: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True)
class Address:
    """Where the server listens and how to enter as its superuser (for bootstrap only)."""

    host: str
    port: int
    superuser: str
    password: str = field(repr=False)


class EmbeddedPostgres:
    """One server on the data of one home.

    `fsync=False` is for tests: fast, and an outage of the machine may lose everything.
    `settings` are PostgreSQL parameters over the lean defaults above.
    Not for two threads at once; `start` may be called again after `stop` or after the server died.
    """

    def __init__(self, home: Path, *, fsync: bool = True, settings: Mapping[str, str] | None = None) -> None:
        self.home = home.absolute()
        self.folder = self.home / "postgres"
        self.data = self.folder / "data"
        self.log = self.home / "postgres.log"
        self._fsync = fsync
        self._settings = dict(settings or {})
        self._lock: int | None = None
        self._server: Server | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running server, None when there is none."""
        return self._server.process.pid if self._server and self._server.is_running() else None

    def start(self) -> Address:
        """Make the cluster on first use, start the server, return when it takes connections.

        Raises HomeInUse when this home is already run, PostgresError with the reason otherwise.
        """
        if self.pid:
            raise HomeInUse("此数据目录的数据库已在运行", "the database of this home is already running")
        self.stop()
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_home()
        try:
            user = self._prepare_folder()
            binaries = find_binaries(user)
            name = self._cluster_name()
            await_predecessor(name, PREDECESSOR_SECONDS)
            if not self.data.exists():
                self._make_cluster(binaries, user)
            self._check_version(binaries)
            drop_stale_pid_file(self.data / "postmaster.pid")
            return self._start_server(binaries, user, name)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server in order (open transactions are rolled back) and set the home free."""
        server, self._server = self._server, None
        if server:
            server.stop(STOP_SECONDS)
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def __enter__(self) -> Address:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ── the home ─────────────────────────────────────────────────────────────────────────────────

    def _take_home(self) -> None:
        lock = os.open(self.home / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode().strip() or "?"
            os.close(lock)
            raise HomeInUse(
                f"数据目录 {self.home} 正被另一个进程({holder})使用。请先停止它,或用 PUYOU_HOME 另选目录",
                f"{self.home} is in use by process {holder}: stop it, or choose another PUYOU_HOME",
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def _prepare_folder(self) -> ServerUser:
        """The server's own folder, and the user it belongs to: PostgreSQL refuses to run as root."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        am_root = os.geteuid() == 0
        if am_root and not self.data.exists():
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        owner = (self.data if self.data.exists() else self.folder).stat()
        if am_root and owner.st_uid != 0:
            return ServerUser(owner.st_uid, owner.st_gid)
        if not am_root and owner.st_uid == os.geteuid():
            return ServerUser()
        raise PostgresError(
            f"{self.folder} 属于用户 {owner.st_uid},当前用户无法用它运行数据库",
            f"{self.folder} belongs to user {owner.st_uid}: start as that user, or change its owner",
        )

    def _cluster_name(self) -> str:
        """A name every process of this cluster shows in its command line, so that it can be found again."""
        at = self.folder.stat()
        return f"puyou-{at.st_dev:x}-{at.st_ino:x}"

    def _password(self) -> str:
        path = self.home / "postgres.password"
        if not path.exists():
            if self.data.exists():
                raise PostgresError(f"缺少密码文件 {path}", f"{path} is missing: without it the data stay closed")
            _write_private(path, secrets.token_urlsafe(24))
        return path.read_text().strip()

    def _port(self) -> int:
        """The port of the last run when it is free, so that addresses written down stay right."""
        path = self.home / "postgres.port"
        with contextlib.suppress(OSError, ValueError), socket.socket() as probe:
            last = int(path.read_text())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            probe.bind((HOST, last))
            return last
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            free = int(probe.getsockname()[1])
        path.write_text(f"{free}\n")
        return free

    # ── the cluster ──────────────────────────────────────────────────────────────────────────────

    def _make_cluster(self, binaries: Binaries, user: ServerUser) -> None:
        """initdb into a side folder, then one rename: an interrupted first start leaves no half cluster."""
        for left in self.folder.glob("data.new*"):
            shutil.rmtree(left, ignore_errors=True)
        # A name of its own: what is left of a killed start may still be writing into its side folder.
        made = self.folder / f"data.new-{secrets.token_hex(4)}"
        password_file = self.folder / "password.new"
        password_file.unlink(missing_ok=True)
        _write_private(password_file, self._password())
        if user.uid is not None and user.gid is not None:
            os.chown(password_file, user.uid, user.gid)
        arguments = (
            *(f"--pgdata={{folder}}/{made.name}", "--pwfile={folder}/password.new", f"--username={SUPERUSER}"),
            *("--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"),
            # Since 17 the collation is PostgreSQL's own and no upgrade of the C library can break an index.
            *(("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if binaries.major >= 17 else ()),
            *(() if self._fsync else ("--no-sync",)),
        )
        try:
            ran = Program(binaries.initdb, arguments, self.folder, user).run()
        finally:
            password_file.unlink()
        if ran.returncode != 0:
            raise PostgresError("无法建立数据库", "initdb failed", ran.stdout)
        made.rename(self.data)

    def _check_version(self, binaries: Binaries) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(binaries.major):
            raise PostgresError(
                f"{self.data} 由 PostgreSQL {made_by} 建立,现有程序为 {binaries.major}",
                f"{self.data} was made by PostgreSQL {made_by}, the programs at hand are {binaries.major}:"
                " set PG_BIN_DIR, or move the data with pg_dump",
            )

    # ── the server ───────────────────────────────────────────────────────────────────────────────

    def _start_server(self, binaries: Binaries, user: ServerUser, name: str) -> Address:
        password = self._password()
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        told = ""
        for _ in range(3):  # a free port may be taken between our look and the server's
            port, log_size = self._port(), self.log.stat().st_size
            arguments = ("-D", "{folder}/data", *self._options(binaries.major, port, name))
            self._server = Server(Program(binaries.postgres, arguments, self.folder, user), self.log)
            if self._server.wait_until_ready(self.data / "postmaster.pid", START_SECONDS):
                return Address(HOST, port, SUPERUSER, password)
            self._server.stop(STOP_SECONDS)
            told = self._log_since(log_size)
            if "could not bind" not in told:
                break
            (self.home / "postgres.port").unlink()
        raise PostgresError(f"数据库未能启动,见 {self.log}", "PostgreSQL did not start", told)

    def _options(self, major: int, port: int, name: str) -> Iterator[str]:
        settings = {
            **SETTINGS,
            **(SETTINGS_SINCE_18 if major >= 18 else {}),
            **({} if self._fsync else SETTINGS_WITHOUT_FSYNC),
            **self._settings,
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "port": str(port),
            "cluster_name": name,
        }
        for key, value in settings.items():
            yield from ("-c", f"{key}={value}")

    def _log_since(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")


def _write_private(path: Path, text: str) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w") as file:
        file.write(text)
