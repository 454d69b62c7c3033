"""The port files are kept behind, and the database as its first store (docs/decisions/0011)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import insert, select

from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.files.tables import FileContent, StoredFile

_CONTENT = table_of(FileContent)


class FileStore(Protocol):
    """Keeps the sealed pieces of a file, in order, and gives them back as they were. It never sees them in the clear.

    Whatever it does becomes valid with the unit of work, or not at all.
    """

    async def put(self, unit: UnitOfWork, file: StoredFile, pieces: Iterable[bytes]) -> None: ...
    async def get(self, unit: UnitOfWork, file: StoredFile) -> list[bytes]: ...


class DatabaseStore:
    """Rows of the same database: committed with the file's own row, copied and restored with it, under its policies."""

    async def put(self, unit: UnitOfWork, file: StoredFile, pieces: Iterable[bytes]) -> None:
        """A statement a piece: sealing a large file lets others run in between."""
        scopes = {"area_code": file.area_code, "org_id": file.org_id, "person_id": file.person_id}
        for seq, piece in enumerate(pieces):
            await unit.execute(insert(_CONTENT), {"file_id": file.id, "seq": seq, "sealed": piece, **scopes})

    async def get(self, unit: UnitOfWork, file: StoredFile) -> list[bytes]:
        """All pieces."""
        pieces = select(_CONTENT.c.sealed).where(_CONTENT.c.file_id == file.id).order_by(_CONTENT.c.seq)
        return await unit.all(pieces)
