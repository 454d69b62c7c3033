"""The outbox: events are rows of the transaction that caused them."""

from sqlalchemy import insert

from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events.contract import Envelope, Event
from shared.events.tables import OutboxRow
from shared.ids import uuid7


async def flush_outbox(unit: UnitOfWork) -> None:
    """Write the unit's pending events; a finisher of every unit, one statement."""
    if not unit.emitted:
        return
    rows = []
    for pending in unit.emitted:
        event: Event = pending.event
        envelope = Envelope(
            id=uuid7(),
            source=unit.service,
            type=event.event_type(),
            subject=pending.subject or event.subject(),
            time=unit.now,
            dataschema=f"/events/{event.event_type()}",
            areacode=pending.area_code,
            causationid=pending.causation_id or "",
            traceparent=pending.trace_id,
            data=event.model_dump(mode="json", by_alias=True),
        )
        rows.append(
            {
                "id": envelope.id,
                "type": envelope.type,
                "subject": envelope.subject,
                "envelope": envelope.model_dump_json(),
                "created_at": unit.now,
            }
        )
    await unit.connection.execute(insert(table_of(OutboxRow)).inline(), rows)
