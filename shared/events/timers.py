"""Due moments. A timer is a row; when due it enters the inbox like an event, once."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.db.unit import UnitOfWork

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
