"""The timeline over HTTP."""

from datetime import datetime
from typing import Any

from sqlmodel import col

from services.brain.people.service import ids_of
from services.brain.people.sight import may_follow
from services.brain.timeline import service
from services.brain.timeline.tables import TimelineEntry
from shared.ids import PersonId
from shared.web import Page, PageQuery, Router, Unit, Wire, paginate, permit


class EntryOut(Wire):
    """One event about the person. `facts` differ by type and hold no personal data."""

    id: str
    at: datetime
    type: str
    source: str
    area_code: str
    title: str
    facts: dict[str, Any]


router = Router(prefix="/api/brain", tags=["时间线"])


@router.get("/people/{person_id}/timeline")
@permit("timeline", "read", "personal")
async def list_timeline(person_id: PersonId, unit: Unit, page: PageQuery) -> Page[EntryOut]:
    """一个人的办事经过，新的在前；近亲属只见身后事项。"""
    await may_follow(unit, person_id)
    async with unit.elevated("other ids of the person"):  # a relative does not see them
        ids = await ids_of(unit, person_id)
    statement = service.entries_of(ids)
    order = [col(TimelineEntry.at), col(TimelineEntry.id)]
    found = await paginate(unit, statement, order, page, EntryOut.model_validate, descending=True)
    unit.note(subjects=[person_id], count=len(found.items))
    return found
