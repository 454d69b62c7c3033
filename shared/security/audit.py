"""Writing the audit log: one row per request, reaction or job, in the transaction it speaks of (design §9)."""

import json
from typing import Any

from shared.db.unit import Note, UnitOfWork, quote_literal
from shared.ids import uuid7
from shared.observability.traces import trace_id_of

_written = json.JSONEncoder(ensure_ascii=False).encode  # made once: `dumps` makes one each time


async def flush_audit(unit: UnitOfWork) -> None:
    """Write the unit's notes with its commit; a finisher of every unit, no round trip of its own."""
    notes = [*unit.notes, unit.audit] if unit.audited else unit.notes
    if notes:
        rows = quote_literal(_written([_row(unit, note) for note in notes]))
        unit.say_at_last(f"select kernel.note({rows}::jsonb)")


def _row(unit: UnitOfWork, note: Note) -> dict[str, Any]:
    who = unit.principal
    return {
        "id": uuid7(),
        "at": unit.now.isoformat(),
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
