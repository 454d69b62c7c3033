"""What the people who run a service need at 3 a.m.: parked events with their reason, replay, audit log and export."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator
from sqlalchemy import select, text
from starlette.responses import PlainTextResponse

from shared.db.problems import Conflict, NotFound
from shared.events.tables import InboxRow
from shared.events.transport import UNREADABLE
from shared.security.sealing import export
from shared.security.tables import AuditRow
from shared.web.paging import Page, PageQuery, paginate
from shared.web.route import Router, Unit, permit
from shared.web.wire import ShortText, Wire

_PERSON = re.compile("p1[a-z2-7]{26}")


Nameless = Annotated[str, AfterValidator(lambda text: _PERSON.sub("p1***", text))]
"""A text without the ids of persons: who runs the system sees none (domain §1.8)."""


class ParkedEvent(Wire):
    """An event that waits for a human. Whom it is about stands in its payload, which is not shown."""

    id: str
    type: str
    stream: Nameless
    attempts: int
    error: Nameless | None
    received_at: datetime


class AuditEntry(Wire):
    """One line of the audit log."""

    id: str
    at: datetime
    account_id: str
    role: str
    area_code: str
    action: str
    outcome: str
    code: str
    subjects: list[str]
    case_id: str
    purpose: str
    reason: str
    count: int | None
    trace_id: str


class Replayed(Wire):
    """How many events go again."""

    replayed: int


class Discarded(Wire):
    """How many messages were put away."""

    discarded: int


class UnreadableEvent(Conflict):
    code = "unreadable_event"
    detail = "这不是可以识别的事件，无法重新处理；查明来源后可以弃置"


OPERATIONS_PERMISSIONS = Path(__file__).parent / "permissions.yaml"

_REPLAY = text(
    "update kernel.inbox set state = 'pending', attempts = 0 where state = 'parked' and type <> :unreadable"
    " and (cast(:id as text) is null or id = :id) returning id"
)
_IS_UNREADABLE = text("select 1 from kernel.inbox where id = :id and state = 'parked' and type = :unreadable")
_DISCARD = text(
    "update kernel.inbox set state = 'done', done_at = :now where id = :id and state = 'parked'"
    " and type = :unreadable returning id"
)
_RELEASE = text("update kernel.blocked_stream set next_at = :now where event_id = any(:ids)")


def operations_router(service: str) -> APIRouter:
    """The routes every service has, under `/api/<service>/operations`."""
    router = Router(prefix=f"/api/{service}/operations", tags=["operations"])

    @router.get("/parked", operation_id=f"{service}_list_parked_events")
    @permit("operations", "read")
    async def list_parked_events(unit: Unit, page: PageQuery) -> Page[ParkedEvent]:
        """停放的事件：失败多次、等待人工处理。"""
        async with unit.elevated("list parked events"):
            statement = select(InboxRow).where(InboxRow.state == "parked")  # type: ignore[arg-type]
            return await paginate(unit, statement, [InboxRow.seq], page, ParkedEvent.model_validate)

    @router.post("/parked/{event_id:path}/replay", operation_id=f"{service}_replay_parked_event")
    @permit("operations", "replay")
    async def replay_parked_event(event_id: ShortText, unit: Unit) -> Replayed:
        """重新处理一条停放的事件；event_id 为 all 时重放全部。"""
        async with unit.elevated("replay parked events"):
            chosen = None if event_id == "all" else event_id
            ids = list((await unit.execute(_REPLAY, {"id": chosen, "unreadable": UNREADABLE})).scalars())
            if chosen and not ids:
                if await unit.first(_IS_UNREADABLE.bindparams(id=chosen, unreadable=UNREADABLE)):
                    raise UnreadableEvent
                raise NotFound
            await unit.execute(_RELEASE, {"ids": ids, "now": unit.now})
        unit.wakes.add("inbox")
        unit.note(detail={"events": ids[:100]})
        return Replayed(replayed=len(ids))

    @router.post("/parked/{event_id:path}/discard", operation_id=f"{service}_discard_unreadable_event")
    @permit("operations", "discard")
    async def discard_unreadable_event(event_id: ShortText, unit: Unit) -> Discarded:
        """弃置一条无法识别的消息；事件不能弃置，只能重放。"""
        async with unit.elevated("discard an unreadable message"):
            chosen = {"id": event_id, "now": unit.now, "unreadable": UNREADABLE}
            if not (await unit.execute(_DISCARD, chosen)).first():
                raise NotFound
        unit.note(detail={"events": [event_id]})
        return Discarded(discarded=1)

    @router.get("/audit", operation_id=f"{service}_list_audit")
    @permit("audit", "read", "personal")
    async def list_audit(unit: Unit, page: PageQuery) -> Page[AuditEntry]:
        """审计日志，新的在前。"""
        async with unit.elevated("read the audit log"):
            found = await paginate(
                unit, select(AuditRow), [AuditRow.id], page, AuditEntry.model_validate, descending=True
            )
        unit.note(count=len(found.items))
        return found

    @router.get("/audit/export", operation_id=f"{service}_export_audit", response_class=PlainTextResponse)
    @permit("audit", "export", "personal")
    async def export_audit(unit: Unit) -> PlainTextResponse:
        """审计日志导出，可用独立校验程序核验。"""
        async with unit.elevated("export the audit log"):
            lines = [line async for line in export(unit)]
        unit.note(count=len(lines))
        return PlainTextResponse("".join(lines))

    @router.get("/audit/keys", operation_id=f"{service}_get_audit_keys", response_class=PlainTextResponse)
    @permit("audit", "export")
    async def get_audit_keys(request: Request) -> PlainTextResponse:
        """核验审计导出所用的公钥。"""
        return PlainTextResponse(request.app.state.audit_public_keys)

    return router
