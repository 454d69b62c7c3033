"""The outbox: events are rows of the transaction that caused them."""

from shared.db.unit import UnitOfWork
from shared.events.contract import Envelope, Event
from shared.ids import uuid7

_INSERT = "insert into kernel.outbox (id, type, subject, envelope, created_at) values ($1, $2, $3, $4, $5)"


async def flush_outbox(unit: UnitOfWork) -> None:
    """Write the unit's pending events; a finisher of every unit, one round trip."""
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
        rows.append((envelope.id, envelope.type, envelope.subject, envelope.model_dump_json(), unit.now))
    await unit.driver.executemany(_INSERT, rows)
