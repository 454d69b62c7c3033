"""Parked events: what failed at every try, and messages that are no events, wait here for a human.

Every verb runs in an open unit that may see the inbox (a system principal, or `unit.elevated`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, func, select, text

from shared.db.problems import Conflict, NotFound
from shared.db.unit import UnitOfWork
from shared.events.tables import InboxRow
from shared.events.transport import UNREADABLE


class UnreadableEvent(Conflict):
    code = "unreadable_event"
    detail = "这不是可以识别的事件，无法重新处理；查明来源后可以弃置"


PARKED: Select[Any] = select(InboxRow).where(InboxRow.state == "parked")  # type: ignore[arg-type]
"""The rows; sorted by `InboxRow.seq` they are in the order in which they came."""

_OLDEST = PARKED.with_only_columns(*InboxRow.__table__.columns).order_by(InboxRow.seq).limit(bindparam("most"))  # type: ignore[attr-defined,arg-type]
_COUNT = select(func.count()).select_from(PARKED.subquery())
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


async def oldest(unit: UnitOfWork, most: int) -> tuple[Sequence[Any], int]:
    """The parked events that came first, and how many there are in all."""
    return await unit.rows(_OLDEST, {"most": most}), int((await unit.rows(_COUNT))[0][0])


async def replay(unit: UnitOfWork, event_id: str | None) -> list[str]:
    """Let one go again, or with None all that can; the ids of those that do. What waits behind them follows.

    Raises `NotFound` when no such event is parked, `UnreadableEvent` for a message that is none."""
    ids = list((await unit.execute(_REPLAY, {"id": event_id, "unreadable": UNREADABLE})).scalars())
    if event_id is not None and not ids:
        if await unit.first(_IS_UNREADABLE.bindparams(id=event_id, unreadable=UNREADABLE)):
            raise UnreadableEvent
        raise NotFound
    await unit.execute(_RELEASE, {"ids": ids, "now": unit.now})
    unit.wakes.add("inbox")
    unit.note(detail={"events": ids[:100]})
    return ids


async def discard(unit: UnitOfWork, event_id: str) -> None:
    """Put away a message that is no event. `NotFound` for anything else: an event can only be replayed."""
    chosen = {"id": event_id, "now": unit.now, "unreadable": UNREADABLE}
    if not (await unit.execute(_DISCARD, chosen)).first():
        raise NotFound
    unit.note(detail={"events": [event_id]})
