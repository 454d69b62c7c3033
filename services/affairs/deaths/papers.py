"""The files of a case: scans and photographs of the papers evidence is taken from.

They are shown to the staff of the case's area and to nobody else, as the evidence itself is: a certificate names the
cause of death and whose word it is. Relatives see how the case stands; a copy they ask for (PIPL 49) is given by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select

from services.affairs.cases import service as cases
from services.affairs.cases.service import DeathCase
from services.affairs.deaths import service
from services.affairs.deaths.service import CaseEnded
from shared.db.problems import Invalid
from shared.db.unit import UnitOfWork
from shared.files import DatabaseStore, Files, Owner, StoredFile

__all__ = ["StoredFile"]

FILES = Files("death_case", DatabaseStore())


async def add(unit: UnitOfWork, case_id: str, content: bytes, name: str) -> tuple[StoredFile, bool]:
    """Take a file in; the row, and whether it is new. Raises CaseEnded, CloseRelative, FileEmpty and its like."""
    case = await service.handled(unit, case_id)
    if case.state in cases.ENDED:
        raise CaseEnded
    owner = Owner(id=case.id, area_code=case.area_code)
    file, is_new = await FILES.keep(unit, owner, content, name=name, kind="evidence")
    unit.note(detail={"file": file.id, "isNew": is_new})
    return file, is_new


async def listing(unit: UnitOfWork, case_id: str) -> Select[Any]:
    """The statement that lists the case's files; NotFound outside the caller's rows."""
    await _looked_at(unit, case_id)
    return FILES.listing(case_id)


async def read(unit: UnitOfWork, case_id: str, file_id: str) -> tuple[StoredFile, bytes]:
    """One file of the case and its bytes. Raises NotFound, FileDamaged."""
    await _looked_at(unit, case_id)
    unit.note(detail={"file": file_id})
    return await FILES.read(unit, case_id, file_id)


async def must_be_there(unit: UnitOfWork, case: DeathCase, file_ids: Sequence[str]) -> None:
    """Raise Invalid naming each id that is no file of the case."""
    unknown = await FILES.unknown(unit, case.id, file_ids) if file_ids else []
    if unknown:
        words = "本案没有这个文件"
        errors = [
            {"field": f"fileIds.{file_ids.index(one)}", "code": "file_unknown", "message": words} for one in unknown
        ]
        raise Invalid("file_unknown", words, errors=errors)


async def _looked_at(unit: UnitOfWork, case_id: str) -> None:
    case = await cases.get(unit, case_id)
    unit.note(subjects=[case.person_id], case_id=case.id)
