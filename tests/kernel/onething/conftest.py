"""Matters on a real database: the toy service's, its loops driven by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared import clock
from shared.china import working_days
from shared.db.principals import Principal, Role, system_principal
from shared.db.unit import UnitOfWork
from shared.events.alarm import Alarm
from shared.events.handling import Handlers
from shared.events.inbox import Inbox
from shared.onething import actions as act
from shared.onething.definition import Definition, Task
from shared.onething.due import Calendar
from shared.onething.hooks import Hooks, Participant, TaskChange
from shared.onething.registry import Definitions
from shared.onething.service import OneThing
from shared.onething.state import MatterState
from shared.onething.tables import Matter
from shared.outgoing import place_call
from tests.kernel.conftest import Toy
from tests.kernel.onething.examples import NOON, after_death, moving_definition

TOWN = "330903100000"
VILLAGE = "330903100201"
SYSTEM = system_principal("test.reactions")
CLERK = Principal("clerk", Role.TOWN_CLERK, lo="330903100", hi="330903101", area_code=TOWN)
STRANGER = Principal("clerk-2", Role.TOWN_CLERK, lo="330903003", hi="330903004", area_code="330903003000")
DAUGHTER = Principal("daughter", Role.RESIDENT, person_id="p1daughter")
NEIGHBOUR = Principal("neighbour", Role.RESIDENT, person_id="p1neighbour")


@dataclass
class World:
    """A running engine, what it told the service, and the ways tests drive it."""

    database: Any
    engine: OneThing
    inbox: Inbox
    alarm: Alarm
    calls: list[str] = field(default_factory=list)
    undoings: list[str] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)
    places_calls: bool = True
    fails_for: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def unit(self, who: Principal = SYSTEM) -> AsyncIterator[UnitOfWork]:
        async with self.database.unit(who, "test", worker=who is SYSTEM) as unit:
            yield unit

    async def open(self, matter_id: str, definition_id: str = "after-death", **facts: bool) -> MatterState:
        async with self.unit() as unit:
            return await self.engine.open(
                unit,
                definition_id,
                matter_id,
                person_id=f"p1{matter_id}",
                area_code=VILLAGE,
                participants=[Participant("p1daughter", "daughter")],
                facts=facts,
            )

    async def record(self, matter_id: str, make: Any, *args: Any, **kwargs: Any) -> MatterState:
        async with self.unit() as unit:
            return await self.engine.record(unit, matter_id, make(unit.now, "test", *args, **kwargs))

    async def act(self, who: Principal, matter_id: str, make: Any, *args: Any, **kwargs: Any) -> MatterState:
        async with self.unit(who) as unit:
            return await self.engine.act(unit, matter_id, make(unit.now, who.account_id, *args, **kwargs))

    async def confirmed(self, matter_id: str, **facts: bool) -> MatterState:
        await self.open(matter_id)
        await self.record(matter_id, act.evidence, "medical_certificate", f"{matter_id}-e1")
        return await self.record(matter_id, act.milestone, "confirmed", facts=facts)

    async def state(self, matter_id: str) -> MatterState:
        async with self.unit() as unit:
            return (await self.engine.state(unit, matter_id))[2]

    async def rows(self, sql: str, **params: Any) -> Sequence[Any]:
        async with self.unit() as unit:
            unit.audited = False
            return (await unit.execute(text(sql), params)).all()

    async def pass_until(self, moment: datetime) -> None:
        """Let time come to `moment`, every timer before it firing at its own hour."""
        while True:
            due = await self.rows(
                "select min(due_at) from kernel.timer where fired_at is null and due_at <= :at", at=moment
            )
            if due[0][0] is None:
                break
            clock.set_to(max(due[0][0], clock.now()) + timedelta(milliseconds=1))
            await self.alarm.work()
            while await self.inbox.work():
                pass
        clock.set_to(moment)


@pytest.fixture
async def world(toy: Toy) -> World:
    clock.set_to(NOON)
    return make_world(toy, [after_death(), moving_definition()])


def make_world(toy: Toy, definitions: Sequence[Definition], calendar: Calendar = working_days) -> World:
    database = toy.runtime.database
    calls: list[str] = []
    undoings: list[str] = []
    changes: list[tuple[str, str]] = []
    world: World

    async def on_ready(unit: UnitOfWork, matter: Matter, task: Task) -> str | None:
        if not world.places_calls:
            return None
        department, operation = (task.operation or "").split(".")
        calls.append(f"{matter.id}/{task.id}:{task.operation}")
        return await place_call(
            unit,
            purpose="matter",
            key=f"{matter.id}/{task.id}",
            department=department,
            operation=operation,
            payload={},
            area_code=matter.area_code,
        )

    async def on_undo(unit: UnitOfWork, matter: Matter, task: Task) -> str | None:
        undoings.append(f"{matter.id}/{task.id}:{task.undo.operation}")
        return f"undo-{len(undoings)}"

    async def on_change(unit: UnitOfWork, matter: Matter, change: TaskChange) -> None:
        if matter.id in world.fails_for:
            raise RuntimeError("the service could not write its event")
        changes.append((change.task.id, change.after.status.value))

    engine = OneThing(Definitions(definitions), Hooks(on_ready, on_undo, on_change), calendar)
    inbox = Inbox(database, Handlers(engine.timers()))
    world = World(database, engine, inbox, Alarm(database, inbox, []), calls, undoings, changes)
    return world
