"""Sessions as the security administrator sees them."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlmodel import col, select

from services.brain.sessions import service
from services.brain.sessions.tables import Session
from shared.db.principals import Role
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, Wire, paginate, permit
from shared.web.paging import PageParameters
from shared.web.wire import ShortText


class SessionOut(Wire):
    """One sign-in of an account. It is over when `endedAt` is set or `endsAt` has passed."""

    id: str
    account_id: str
    area_code: str
    role: Role
    second_factor: bool
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    end_reason: str | None


class SessionQuery(PageParameters):
    """`accountId` for those of one account."""

    account_id: ShortText | None = Field(None, alias="accountId", description="只列出该账号的会话")


class RevokeIn(Wire):
    """Why the session is ended."""

    reason: ShortText


router = Router(prefix="/api/brain", tags=["会话"])


@router.get("/sessions")
@permit("session", "read")
async def list_sessions(unit: Unit, query: Annotated[SessionQuery, Query()]) -> Page[SessionOut]:
    """登录会话，新的在前。"""
    statement = select(Session)
    if query.account_id:
        statement = statement.where(col(Session.account_id) == query.account_id)
    return await paginate(unit, statement, [col(Session.id)], query, SessionOut.model_validate, descending=True)


@router.post("/sessions/{session_id}/revoke")
@permit("session", "revoke")
async def revoke_session(session_id: UuidStr, body: RevokeIn, unit: Unit) -> SessionOut:
    """立即终止一个会话。"""
    await unit.get(Session, session_id, lock=True)
    unit.note(reason=body.reason, detail={"session": session_id})
    async with unit.elevated("revoke a session"):
        session = await service.end_session(unit, session_id, "revoked")
    return SessionOut.model_validate(session)
