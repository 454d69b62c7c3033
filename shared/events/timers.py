"""Due moments. A timer is a row; when due it enters the inbox like an event, once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.db.unit import UnitOfWork
from shared.events.tables import TimerRow

_SET = "insert into kernel.timer (id, kind, key, due_at, payload) values ($1, $2, $3, $4, $5) on conflict do nothing"


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
    told = json.dumps(dict(payload or {}), ensure_ascii=False)
    await unit.driver.execute(_SET, f"{kind}/{key}", kind, key, due_at, told)
    if due_at <= unit.now:
        unit.wakes.add("alarm")


@dataclass(frozen=True, slots=True)
class TimerSet:
    """A timer to set; see `set_timer`."""

    kind: str
    key: str
    due_at: datetime
    payload: Mapping[str, Any]


async def set_timers(unit: UnitOfWork, timers: Sequence[TimerSet]) -> None:
    """Many at once, in one statement."""
    rows = [
        {
            "id": f"{one.kind}/{one.key}",
            "kind": one.kind,
            "key": one.key,
            "due_at": one.due_at,
            "payload": dict(one.payload),
        }
        for one in timers
    ]
    await unit.enter(TimerRow, rows, skip_known=True)
    if any(one.due_at <= unit.now for one in timers):
        unit.wakes.add("alarm")
