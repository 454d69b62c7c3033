"""The outside departments' part: calls placed for tasks, and for undoing them."""

from __future__ import annotations

from sqlalchemy import bindparam, literal_column, or_, select

from services.affairs.cases import service as cases
from shared.db.kept import Kept
from shared.db.problems import Conflict
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.onething import Matter, Task
from shared.outgoing import cancel_calls, place_call, retry_call
from shared.outgoing.tables import OutgoingCall

TASK = "matter-task"
UNDO = "matter-undo"
"""Purposes: who is told the outcome."""

_CALL = table_of(OutgoingCall).c
_UNANSWERED = Kept(
    select(_CALL.id)
    .where(
        _CALL.key == bindparam("key"),
        _CALL.purpose == bindparam("purpose"),
        or_(_CALL.state == "PENDING", _CALL.state == "MANUAL"),
    )
    .order_by(_CALL.id.desc())
    .limit(literal_column("1"))
    .with_for_update()
)


class NoCallWaits(Conflict):
    code = "no_call_waits"
    detail = "该任务没有需要重新发送的调用"


async def place_for_task(unit: UnitOfWork, matter: Matter, task: Task) -> str | None:
    """The call of a task that became ready; the engine's hook."""
    return await _place(unit, matter, task.id, TASK, task.operation or "")


async def place_for_undoing(unit: UnitOfWork, matter: Matter, task: Task) -> str | None:
    """The call that undoes a task; the engine's hook."""
    return await _place(unit, matter, task.id, UNDO, task.undo.operation or "")


async def cancel(unit: UnitOfWork, matter_id: str) -> None:
    """Withdraw what has not been answered yet, before the undoing starts."""
    await cancel_calls(unit, f"{matter_id}/")


async def undo_again(unit: UnitOfWork, matter_id: str, task_id: str) -> None:
    """Send the undoing call of the manual queue again. Raises NoCallWaits."""
    waiting = await _unanswered(unit, matter_id, task_id, UNDO)
    if waiting is None or waiting.state != "MANUAL":
        raise NoCallWaits
    await retry_call(unit, waiting.id)


async def _place(unit: UnitOfWork, matter: Matter, task_id: str, purpose: str, operation: str) -> str:
    """An unanswered call of the task goes out again as the same call: the department knows it by its id."""
    waiting = await _unanswered(unit, matter.id, task_id, purpose)
    if waiting is not None:
        if waiting.state == "MANUAL":
            await retry_call(unit, waiting.id)
        else:
            waiting.next_at = unit.now
            unit.wakes.add("calls")
        return waiting.id
    department, _, name = operation.partition(".")
    return await place_call(
        unit,
        purpose=purpose,
        key=f"{matter.id}/{task_id}",
        department=department,
        operation=name,
        payload=await cases.words_for_departments(unit, matter.id, task_id),
        area_code=matter.area_code,
    )


async def _unanswered(unit: UnitOfWork, matter_id: str, task_id: str, purpose: str) -> OutgoingCall | None:
    found = await unit.fetch(_UNANSWERED, {"key": f"{matter_id}/{task_id}", "purpose": purpose})
    return await unit.get(OutgoingCall, found[0].id, lock=True) if found else None
