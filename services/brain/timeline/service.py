"""Writing the projection."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from services.brain.people.service import area_of
from services.brain.people.sight import audience
from services.brain.timeline.rules import audience_of, facts_of, title_of
from services.brain.timeline.tables import TimelineEntry
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def enter(unit: UnitOfWork, envelope: Envelope, titles: dict[str, str]) -> None:
    """One row for an event about a person; entering it again changes nothing."""
    person_id = envelope.subject
    row = {
        "id": envelope.id,
        "person_id": person_id,
        "audience": audience(audience_of(envelope.type), person_id),
        "at": envelope.time,
        "type": envelope.type,
        "source": envelope.source,
        "area_code": await area_of(unit, person_id) or envelope.areacode,
        "title": title_of(envelope.type, envelope.source, envelope.data, titles),
        "facts": facts_of(envelope.data),
    }
    await unit.execute(insert(table_of(TimelineEntry)).values(**row).on_conflict_do_nothing())


async def follow_person(unit: UnitOfWork, person_id: str) -> None:
    """All her rows stand in the area where she is registered now."""
    area_code = await area_of(unit, person_id)
    if area_code:
        await unit.execute(
            update(TimelineEntry)
            .where(col(TimelineEntry.person_id) == person_id, col(TimelineEntry.area_code) != area_code)
            .values(area_code=area_code)
            .execution_options(synchronize_session=False)
        )


def entries_of(person_ids: Sequence[str]) -> Any:
    """The statement that lists the rows under any of a person's ids."""
    return select(TimelineEntry).where(col(TimelineEntry.person_id).in_(person_ids))
