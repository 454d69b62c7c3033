"""The outbox: events are rows of the transaction that caused them."""

from shared.db.unit import UnitOfWork
from shared.events.contract import Envelope, Event
from shared.events.tables import OutboxRow
from shared.ids import uuid7


async def flush_outbox(unit: UnitOfWork) -> None:
    """Write the unit's pending events; a finisher of every unit, one round trip."""
    if not unit.emitted:
        return
    rows = []
    for pending in unit.emitted:
        event: Event = pending.event
        kind = event.event_type()
        envelope = Envelope.model_construct(  # of our own making: nothing to validate, and a month pays 60,000 lines
            id=uuid7(),
            source=unit.service,
            type=kind,
            subject=pending.subject or event.subject(),
            time=unit.now,
            dataschema=f"/events/{kind}",
            areacode=pending.area_code,
            causationid=pending.causation_id or "",
            traceparent=pending.trace_id,
            data=event.model_dump(mode="json", by_alias=True),
        )
        rows.append(
            {
                "id": envelope.id,
                "type": kind,
                "subject": envelope.subject,
                "envelope": envelope.model_dump_json(),
                "created_at": unit.now,
            }
        )
    await unit.enter(OutboxRow, rows)
