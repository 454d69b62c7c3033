"""Writing the audit log: one row per request, reaction or job, in the transaction it speaks of (design §9)."""

from typing import Any

from sqlalchemy import insert

from shared.db.tables import table_of
from shared.db.unit import Note, UnitOfWork
from shared.ids import uuid7
from shared.observability.traces import trace_id_of
from shared.security.tables import AuditRow


async def flush_audit(unit: UnitOfWork) -> None:
    """Write the unit's notes; a finisher of every unit, one statement."""
    notes = [*unit.notes, unit.audit] if unit.audited else unit.notes
    if notes:
        statement = insert(table_of(AuditRow)).inline()
        await unit.connection.execute(statement, [_row(unit, note) for note in notes])


def _row(unit: UnitOfWork, note: Note) -> dict[str, Any]:
    who = unit.principal
    return {
        "id": uuid7(),
        "at": unit.now,
        "account_id": who.account_id,
        "role": who.role.value,
        "session_id": who.session_id,
        "area_code": who.area_code,
        "org_id": who.org_id,
        "action": note.action,
        "outcome": note.outcome,
        "code": note.code,
        "subjects": note.subjects,
        "case_id": note.case_id,
        "purpose": note.purpose,
        "reason": note.reason,
        "grade": note.grade,
        "count": note.count,
        "trace_id": trace_id_of(unit.trace_id),
        "detail": note.detail,
    }
