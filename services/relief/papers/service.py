"""Files of an application. What the family hands in or has signed it sees again; photographs of a visit and papers of
the office are for the staff of its area."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from services.relief.applications.rules import ENDED, WrongState
from services.relief.applications.service import Application
from services.relief.applications.stepping import by_the_family, locked
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.files import DatabaseStore, Files, Owner, StoredFile

__all__ = ["StoredFile"]

FILES = Files("application", DatabaseStore())

_FAMILY = frozenset({"SIGNED_FORM", "AUTHORISATION", "CERTIFICATE"})


async def add(
    unit: UnitOfWork, application_id: str, content: bytes, *, name: str, kind: str
) -> tuple[StoredFile, bool]:
    """Take a file in while the application runs; the row, and whether it is new. Raises WrongState, FileEmpty and its
    like."""
    application = await locked(unit, application_id)
    if application.state in ENDED:
        raise WrongState
    is_theirs = kind in _FAMILY or unit.principal.scope is Scope.PERSON
    person_id = application.applicant_id if is_theirs else ""
    async with by_the_family(unit):
        owner = Owner(id=application.id, area_code=application.area_code, person_id=person_id)
        file, is_new = await FILES.keep(unit, owner, content, name=name, kind=kind)
    unit.note(case_id=application.id, detail={"file": file.id, "isNew": is_new})
    return file, is_new


async def listing(unit: UnitOfWork, application_id: str) -> Select[Any]:
    """The statement that lists the application's files; NotFound outside the caller's rows."""
    await _looked_at(unit, application_id)
    return FILES.listing(application_id)


async def read(unit: UnitOfWork, application_id: str, file_id: str) -> tuple[StoredFile, bytes]:
    """One file and its bytes. Raises NotFound, FileDamaged."""
    await _looked_at(unit, application_id)
    unit.note(detail={"file": file_id})
    return await FILES.read(unit, application_id, file_id)


async def _looked_at(unit: UnitOfWork, application_id: str) -> None:
    application = await unit.get(Application, application_id)
    unit.note(subjects=[application.applicant_id], case_id=application_id)
