"""Writing the audit log: one row per request, reaction or job, in the transaction it speaks of (design §9)."""

import json

from shared.db.unit import Note, UnitOfWork
from shared.ids import uuid7
from shared.observability.traces import trace_id_of

_INSERT = (
    "insert into kernel.audit (id, at, account_id, role, session_id, area_code, org_id, action, outcome, code,"
    " subjects, case_id, purpose, reason, grade, count, trace_id, detail)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
)


async def flush_audit(unit: UnitOfWork) -> None:
    """Write the unit's notes; a finisher of every unit, one round trip."""
    notes = [*unit.notes, unit.audit] if unit.audited else unit.notes
    if notes:
        await unit.driver.executemany(_INSERT, [_row(unit, note) for note in notes])


def _row(unit: UnitOfWork, note: Note) -> tuple[object, ...]:
    who = unit.principal
    return (
        uuid7(),
        unit.now,
        who.account_id,
        who.role.value,
        who.session_id,
        who.area_code,
        who.org_id,
        note.action,
        note.outcome,
        note.code,
        note.subjects,
        note.case_id,
        note.purpose,
        note.reason,
        note.grade,
        note.count,
        trace_id_of(unit.trace_id),
        json.dumps(note.detail, ensure_ascii=False),
    )
