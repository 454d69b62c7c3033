"""Due moments. A timer is a row; when due it enters the inbox like an event, once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events.tables import TimerRow


class Timer(BaseModel):
    """What a timer handler receives."""

    model_config = ConfigDict(frozen=True)

    kind: str
    key: str
    due_at: datetime
    payload: dict[str, Any]


async def set_timer(
    unit: UnitOfWork, kind: str, key: str, due_at: datetime, payload: Mapping[str, Any] | None = None
) -> None:
    """Fire `kind` once at `due_at`. The same kind and key is one timer: setting it again changes nothing."""
    row = {"id": f"{kind}/{key}", "kind": kind, "key": key, "due_at": due_at, "payload": dict(payload or {})}
    await unit.connection.execute(insert(table_of(TimerRow)).values(**row).on_conflict_do_nothing())
    if due_at <= unit.now:
        unit.wakes.add("alarm")
