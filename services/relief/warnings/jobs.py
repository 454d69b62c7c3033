"""Every night: the level of every family, and the visits that follow from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.relief.visits import planning
from services.relief.warnings import nightly
from shared import clock
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def evaluate_all(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Begin the night's run."""
    await nightly.start(unit, clock.to_business_date(datetime.fromisoformat(timer["due_at"])))


async def go_on(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """The next key range."""
    before = await nightly.reached(unit, timer.payload["run"])
    run = await nightly.go_on(unit, timer.payload["run"])
    opened = await planning.plan(unit, before, run.reached, run.day)
    detail = {"reached": run.reached, "changes": run.changes, "visits": opened}
    unit.note(case_id=run.id, count=run.families, detail=detail)
