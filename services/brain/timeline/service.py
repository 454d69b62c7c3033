"""Writing the projection."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from services.brain.people.service import area_of
from services.brain.people.sight import audience
from services.brain.timeline.rules import audience_of, facts_of, title_of
from services.brain.timeline.tables import TimelineEntry
from shared.db.unit import UnitOfWork
from shared.events import Envelope

_ENTER = (
    "insert into timeline_entry (id, person_id, audience, at, type, source, area_code, title, facts)"
    " values ($1, $2, $3, $4, $5, $6, coalesce((select area_code from person where id = $2), $7), $8, $9)"
    " on conflict do nothing"
)


async def enter(unit: UnitOfWork, envelope: Envelope, titles: dict[str, str]) -> None:
    """One row for an event about a person; entering it again changes nothing."""
    person_id = envelope.subject
    await unit.flush()
    await unit.driver.execute(
        _ENTER,
        envelope.id,
        person_id,
        audience(audience_of(envelope.type), person_id),
        envelope.time,
        envelope.type,
        envelope.source,
        envelope.areacode,
        title_of(envelope.type, envelope.source, envelope.data, titles),
        json.dumps(facts_of(envelope.data), ensure_ascii=False),
    )


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
