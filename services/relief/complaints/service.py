"""Taking complaints and answering them. Lock order: application, complaint."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from services.relief.applications.service import Application
from services.relief.applications.stepping import by_the_family
from services.relief.complaints.rules import ComplaintAnswered, NotDecided, OwnDecision
from services.relief.complaints.tables import Complaint
from services.relief.law import in_force
from services.relief.spotchecks import service as spotchecks
from shared.china import working_days
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["Complaint"]


async def complain(unit: UnitOfWork, application_id: str, words: str, name: str) -> Complaint:
    """Somebody complains about a decision (ZJ-SA 58). One that a town has made is checked by the district, whether it
    was drawn or not. Raises NotDecided."""
    application = await unit.get(Application, application_id, lock=True)
    if application.decided_at is None:
        raise NotDecided
    days = in_force(unit.today, application.area_code).whole("applications.complaint_days")
    complaint_id = uuid7()
    async with by_the_family(unit):
        complaint = Complaint(
            id=complaint_id,
            application_id=application.id,
            area_code=application.area_code,
            complainer=unit.vault.seal(Complaint, "complainer", complaint_id, name) if name else None,
            text=words,
            raised_at=unit.now,
            taken_by=unit.principal.account_id,
            due_on=working_days.add_days(unit.today, days).date,
        )
        unit.add(complaint)
        application.is_complained = True
        application.version += 1
        await unit.flush()
        if application.decided_level == "TOWN":
            await spotchecks.add_complained(unit, application)
    return complaint


async def answer(unit: UnitOfWork, complaint_id: str, words: str) -> Complaint:
    """Answer it; not by whoever decided. Raises ComplaintAnswered, OwnDecision."""
    complaint = await unit.get(Complaint, complaint_id, lock=True)
    if complaint.answered_at is not None:
        raise ComplaintAnswered
    application = await unit.get(Application, complaint.application_id)
    if application.decided_by == unit.principal.account_id:
        raise OwnDecision
    complaint.answer, complaint.answered_at = words, unit.now
    complaint.answered_by = unit.principal.account_id
    await unit.flush()
    return complaint


def listing(*, is_open: bool | None = None, late_on: date | None = None) -> Select[Any]:
    """Complaints of the caller's rows; late: open beyond the last day."""
    statement = select(Complaint)
    unanswered = col(Complaint.answered_at).is_(None)
    if is_open is not None:
        statement = statement.where(unanswered if is_open else ~unanswered)
    if late_on is not None:
        statement = statement.where(unanswered, col(Complaint.due_on) < late_on)
    return statement


def complainer_of(unit: UnitOfWork, row: Complaint) -> str:
    """Who it was, '' where she did not say."""
    return unit.vault.open(Complaint, "complainer", row.id, row.complainer) if row.complainer else ""
