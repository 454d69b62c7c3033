"""What the people who run a service need at 3 a.m.: parked events with their reason, replay, audit log and export."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator
from sqlalchemy import select
from starlette.responses import PlainTextResponse

from shared.events import parked
from shared.events.tables import InboxRow
from shared.ids import without_persons
from shared.security.sealing import export
from shared.security.tables import AuditRow
from shared.web.paging import Page, PageQuery, paginate
from shared.web.route import Router, Unit, permit
from shared.web.wire import ShortText, Wire

Nameless = Annotated[str, AfterValidator(without_persons)]
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


OPERATIONS_PERMISSIONS = Path(__file__).parent / "permissions.yaml"


def operations_router(service: str) -> APIRouter:
    """The routes every service has, under `/api/<service>/operations`."""
    router = Router(prefix=f"/api/{service}/operations", tags=["运行维护"])

    @router.get("/parked", operation_id=f"{service}_list_parked_events")
    @permit("operations", "read")
    async def list_parked_events(unit: Unit, page: PageQuery) -> Page[ParkedEvent]:
        """停放的事件：失败多次、等待人工处理。"""
        async with unit.elevated("list parked events"):
            return await paginate(unit, parked.PARKED, [InboxRow.seq], page, ParkedEvent.model_validate)

    @router.post("/parked/{event_id:path}/replay", operation_id=f"{service}_replay_parked_event")
    @permit("operations", "replay")
    async def replay_parked_event(event_id: ShortText, unit: Unit) -> Replayed:
        """重新处理一条停放的事件；event_id 为 all 时重放全部。"""
        async with unit.elevated("replay parked events"):
            ids = await parked.replay(unit, None if event_id == "all" else event_id)
        return Replayed(replayed=len(ids))

    @router.post("/parked/{event_id:path}/discard", operation_id=f"{service}_discard_unreadable_event")
    @permit("operations", "discard")
    async def discard_unreadable_event(event_id: ShortText, unit: Unit) -> Discarded:
        """弃置一条无法识别的消息；事件不能弃置，只能重放。"""
        async with unit.elevated("discard an unreadable message"):
            await parked.discard(unit, event_id)
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
