"""Keeping files and giving them out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from shared.db.problems import Invalid, NotFound, Problem
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.files.media import recognise, tidy_name
from shared.files.store import FileStore
from shared.files.tables import FileContent, StoredFile
from shared.ids import uuid7
from shared.security.crypto import TamperedError, sm3

__all__ = ["StoredFile"]

log = logging.getLogger("puyou.files")

_PIECE = 1 << 20


class FileEmpty(Invalid):
    code = "file_empty"
    detail = "文件没有内容"


class FileRefused(Invalid):
    code = "file_type_not_allowed"
    detail = "文件类型不支持：只接收 PDF、JPEG、PNG，并以文件内容为准，与文件名和所报类型无关"


class FileNameRefused(Invalid):
    code = "file_name"
    detail = "文件名过长或含有不可见字符"


class FileDamaged(Problem):
    """What is stored is not what was handed in: said aloud, never given out."""

    status = 500
    code = "file_damaged"
    detail = "文件内容已损坏或被改动，不能提供，请联系系统管理员"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The row a file belongs to, and to whom its files are shown; empty means nobody of that scope."""

    id: str
    area_code: str
    org_id: str = ""
    person_id: str = ""


class Files:
    """The files of one kind of row. Whether the caller may reach the row is its room's to ask first."""

    def __init__(self, owner_kind: str, store: FileStore) -> None:
        self._owner_kind = owner_kind
        self._store = store

    async def keep(
        self, unit: UnitOfWork, owner: Owner, content: bytes, *, name: str, kind: str
    ) -> tuple[StoredFile, bool]:
        """Keep a file; the row, and whether it is new. Raises FileEmpty, FileRefused, FileNameRefused."""
        if not content:
            raise FileEmpty(field="file")
        media = recognise(content)
        if media is None:
            raise FileRefused(field="file")
        try:
            name = tidy_name(name, media)
        except ValueError:
            raise FileNameRefused(field="fileName") from None
        file_id, digest = uuid7(), sm3(content)
        new = insert(table_of(StoredFile)).values(
            id=file_id,
            owner_kind=self._owner_kind,
            owner_id=owner.id,
            kind=kind,
            area_code=owner.area_code,
            org_id=owner.org_id,
            person_id=owner.person_id,
            name=unit.vault.seal(StoredFile, "name", file_id, name),
            media_type=media.type,
            size=len(content),
            digest=digest,
            given_by=unit.principal.account_id,
            given_at=unit.now,
        )
        await unit.execute(new.on_conflict_do_nothing(index_elements=["owner_kind", "owner_id", "digest"]))
        file: StoredFile | None = await unit.first(self.listing(owner.id).where(col(StoredFile.digest) == digest))
        if file is None:  # the same bytes stand there for somebody else
            raise NotFound
        if file.id == file_id:
            await self._store.put(unit, file, self._sealed(unit, file, content))
        return file, file.id == file_id

    async def read(self, unit: UnitOfWork, owner_id: str, file_id: str) -> tuple[StoredFile, bytes]:
        """A file and its bytes. Raises NotFound when it is not one of the owner's, FileDamaged."""
        file = await unit.get(StoredFile, file_id)
        if (file.owner_kind, file.owner_id) != (self._owner_kind, owner_id):
            raise NotFound
        pieces = await self._store.get(unit, file)
        try:
            content = b"".join(
                unit.vault.open_bytes(FileContent, "sealed", _place(file, seq), piece)
                for seq, piece in enumerate(pieces)
            )
        except TamperedError:
            content = b""
        # Each piece is bound to its place; that none is missing at the end, the digest says.
        if sm3(content) != file.digest:
            log.error("file damaged", extra={"file": file.id})
            raise FileDamaged
        return file, content

    async def unknown(self, unit: UnitOfWork, owner_id: str, file_ids: Sequence[str]) -> list[str]:
        """Those of the ids that are no file of the owner."""
        known = await unit.all(
            select(col(StoredFile.id)).where(
                col(StoredFile.owner_kind) == self._owner_kind,
                col(StoredFile.owner_id) == owner_id,
                col(StoredFile.id).in_(file_ids),
            )
        )
        return [one for one in file_ids if one not in known]

    def listing(self, owner_id: str) -> Select[Any]:
        """The statement that lists an owner's files."""
        own = (col(StoredFile.owner_kind) == self._owner_kind, col(StoredFile.owner_id) == owner_id)
        return select(StoredFile).where(*own)

    @staticmethod
    def name_of(unit: UnitOfWork, file: StoredFile) -> str:
        """The name in the clear."""
        return unit.vault.open(StoredFile, "name", file.id, file.name)

    @staticmethod
    def _sealed(unit: UnitOfWork, file: StoredFile, content: bytes) -> Iterator[bytes]:
        for seq, start in enumerate(range(0, len(content), _PIECE)):
            yield unit.vault.seal_bytes(FileContent, "sealed", _place(file, seq), content[start : start + _PIECE])


def _place(file: StoredFile, seq: int) -> str:
    return f"{file.id}/{seq}"
