"""SQL of the one-thing rooms: histories are read in one statement, projections written in one.

What every step of a matter says goes to the driver in words that do not change: SQLAlchemy would compile an insert of
several rows anew each time.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from shared.db.kept import Kept
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.onething.actions import Action, ActionKind
from shared.onething.availability import visible
from shared.onething.hooks import TaskChange
from shared.onething.registry import Definitions
from shared.onething.state import MatterState
from shared.onething.tables import Matter, MatterAction, MatterParticipant, MatterTask

END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)

_ACTION = table_of(MatterAction).c
_TASK = table_of(MatterTask)
_HISTORY = Kept(
    select(_ACTION.kind, _ACTION.at, _ACTION.by, _ACTION.task, _ACTION.data)
    .where(_ACTION.matter_id == bindparam("matter_id"))
    .order_by(_ACTION.seq)
)
_APPEND = (
    "insert into kernel.matter_action (matter_id, seq, kind, task, at, by, data, area_code)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8)"
)
_PROJECTED = tuple(column.name for column in _TASK.c)
_PLACES = ", ".join(f"${place}" for place in range(1, len(_PROJECTED) + 1))
_TAKEN = ", ".join(f"{name} = excluded.{name}" for name in _PROJECTED if name != "id")
_PROJECT = (
    f"insert into kernel.matter_task ({', '.join(_PROJECTED)}) values ({_PLACES})"  # noqa: S608 - our own columns
    f" on conflict (id) do update set {_TAKEN}"
)


async def insert_matter(unit: UnitOfWork, matter: Matter) -> Matter:
    """Insert now, so that a second opening is a conflict here."""
    unit.add(matter)
    await unit.flush()
    return matter


async def insert_participant(unit: UnitOfWork, matter: Matter, person_id: str, relation: str) -> None:
    values = {
        "matter_id": matter.id,
        "person_id": person_id,
        "relation": relation,
        "area_code": matter.area_code,
    }
    await unit.execute(insert(table_of(MatterParticipant)).values(**values).on_conflict_do_nothing())


async def delete_participant(unit: UnitOfWork, person_id: str, participant_id: str) -> None:
    own = select(col(Matter.id)).where(col(Matter.person_id) == person_id)
    await unit.execute(
        delete(MatterParticipant).where(
            col(MatterParticipant.matter_id).in_(own), col(MatterParticipant.person_id) == participant_id
        )
    )


async def history(unit: UnitOfWork, matter_id: str) -> list[Action]:
    """All actions of a matter in order."""
    rows = await unit.fetch(_HISTORY, {"matter_id": matter_id})
    return [Action(ActionKind(row["kind"]), row["at"], row["by"], row["task"], row["data"]) for row in rows]


async def append(unit: UnitOfWork, matter: Matter, actions: Sequence[Action]) -> None:
    """Write actions behind the last; the caller holds the matter's lock."""
    if not actions:
        return
    rows = [
        (
            matter.id,
            matter.actions + place,
            action.kind.value,
            action.task,
            action.at,
            action.by,
            json.dumps(dict(action.data), ensure_ascii=False),
            matter.area_code,
        )
        for place, action in enumerate(actions, start=1)
    ]
    await unit.driver.executemany(_APPEND, rows)
    matter.actions += len(actions)


async def project(unit: UnitOfWork, matter: Matter, state: MatterState, changes: Iterable[TaskChange]) -> None:
    """Bring the matter's row and the rows of changed tasks up to the state."""
    matter.status, matter.is_closed, matter.is_ended = state.status, state.is_closed, state.ending is not None
    matter.mandatory_done, matter.mandatory_total = state.progress.mandatory_done, state.progress.mandatory_total
    rows = [_row(matter, change) for change in changes]
    if not rows:
        return
    await unit.driver.executemany(_PROJECT, [tuple(row[name] for name in _PROJECTED) for row in rows])


def _row(matter: Matter, change: TaskChange) -> dict[str, Any]:
    task, after = change.task, change.after
    due = after.due
    return {
        "id": f"{matter.id}/{task.id}",
        "matter_id": matter.id,
        "task_id": task.id,
        "definition_id": matter.definition_id,
        "version": matter.version,
        "person_id": matter.person_id,
        "area_code": matter.area_code,
        "department": task.department,
        "kind": task.kind.value,
        "status": after.status.value,
        "mandatory": after.mandatory,
        "needs_human": after.needs_human,
        "ready_at": after.ready_at,
        "settled_at": after.settled_at,
        "warn_at": due.warn_at if due else None,
        "due_at": due.at if due else None,
        "due_on": due.on if due else None,
        "due_provisional": bool(due and due.provisional),
        "due_sort": due.at if due else END_OF_TIME,
    }


async def remove_tasks(unit: UnitOfWork, matter: Matter, task_ids: Collection[str]) -> None:
    """Take tasks a new version does not have out of the projection."""
    if task_ids:
        gone = [f"{matter.id}/{task_id}" for task_id in task_ids]
        await unit.execute(delete(_TASK).where(_TASK.c.id.in_(gone)))


async def pinned(unit: UnitOfWork) -> list[tuple[str, int, str]]:
    """The versions matters hold, with their digests."""
    columns = table_of(Matter).c
    statement = select(columns.definition_id, columns.version, columns.digest).distinct()
    rows = (await unit.execute(statement)).mappings()
    return [(row["definition_id"], row["version"], row["digest"]) for row in rows]


def tasks_query(definitions: Definitions, role: str | None) -> Select[Any]:
    """`select(MatterTask)` narrowed to the tasks `role` may see; sort pages by `[MatterTask.due_sort, MatterTask.id]`.

    Rows are narrowed by area or family by the database itself.
    """
    statement = select(MatterTask)
    if role is None:
        return statement
    seen = [
        (definition.id, definition.version, task.id) for definition in definitions for task in visible(definition, role)
    ]
    key = tuple_(col(MatterTask.definition_id), col(MatterTask.version), col(MatterTask.task_id))
    return statement.where(key.in_(seen))
