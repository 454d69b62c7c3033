"""The messages a service has written to a person, for herself and for the clerks of her area."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import col, select

from shared.ids import PersonId
from shared.notices.tables import Notice
from shared.web.paging import Page, PageParameters, paginate
from shared.web.route import Router, Unit, permit
from shared.web.wire import Wire

NOTICES_PERMISSIONS = Path(__file__).parent / "notices.yaml"


class NoticeItem(Wire):
    """One message. `state`: PENDING waits, SENT has left, SUPPRESSED never will."""

    id: str
    person_id: str
    channel: str
    template: str
    text: str
    case_id: str
    state: str
    created_at: datetime
    sent_at: datetime | None


class NoticeQuery(PageParameters):
    """The declared filters of the list."""

    person_id: PersonId | None = Field(None, alias="personId")
    case_id: str | None = Field(None, alias="caseId", max_length=100)


def notices_router(service: str) -> APIRouter:
    """`GET /api/<service>/notices`; part of every service with `sends_notices`."""
    router = Router(prefix=f"/api/{service}/notices", tags=["通知"])

    @router.get("", operation_id=f"{service}_list_notices")
    @permit("notice", "read", "personal")
    async def list_notices(unit: Unit, query: Annotated[NoticeQuery, Query()]) -> Page[NoticeItem]:
        """通知消息，新的在前：本人看自己的，工作人员看本辖区的。"""
        statement = select(Notice)
        if query.person_id:
            statement = statement.where(col(Notice.person_id) == query.person_id)
        if query.case_id:
            statement = statement.where(col(Notice.case_id) == query.case_id)
        page = await paginate(unit, statement, [Notice.id], query, NoticeItem.model_validate, descending=True)
        unit.note(subjects=sorted({item.person_id for item in page.items}), count=len(page.items))
        return page

    return router
