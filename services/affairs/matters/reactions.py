"""Answers of services, outcomes of calls, and time."""

from __future__ import annotations

from typing import Any

from services.affairs.cases import service as cases
from services.affairs.matters import service
from services.affairs.matters.calls import TASK, UNDO
from services.affairs.matters.service import ONE_THING
from shared.contracts.brain import KinshipChanged
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Subscription, Timer, on, on_timer
from shared.events.handling import on_every
from shared.onething.service import TIMER
from shared.outgoing import CallOutcome, on_call


def subscriptions() -> list[Subscription]:
    """Every answer any loaded definition waits for, the departments' outcomes, the timers, relations."""
    return [
        *on_every(sorted(ONE_THING.definitions.subscriptions()), hear_answer),
        on_call(TASK, hear_task_call),
        on_call(UNDO, hear_undo_call),
        on_timer(TIMER, hold_case),
        *ONE_THING.timers(),
        on_timer(TIMER, see_follow_up),
        on(KinshipChanged, follow_kin),
    ]


async def hear_answer(unit: UnitOfWork, data: dict[str, Any], envelope: Envelope) -> None:
    """A settled or unsettled answer (event 64); folded in whatever the task's state is."""
    await service.answer(unit, data["deathCaseId"], envelope.type, data["effects"])


async def hear_task_call(unit: UnitOfWork, call: CallOutcome, _envelope: Envelope) -> None:
    """A department answered, refused, or cannot be reached."""
    await _hear_call(unit, call, is_undo=False)


async def hear_undo_call(unit: UnitOfWork, call: CallOutcome, _envelope: Envelope) -> None:
    """The same for the call that undoes."""
    await _hear_call(unit, call, is_undo=True)


async def _hear_call(unit: UnitOfWork, call: CallOutcome, *, is_undo: bool) -> None:
    await service.call_outcome(
        unit, call.key, outcome=call.outcome, result=call.result, reason=call.reason, is_undo=is_undo
    )


async def hold_case(unit: UnitOfWork, timer: Timer, _envelope: Envelope) -> None:
    """The case's lock comes before the matter's, also for the engine's own timer."""
    await cases.locked(unit, timer.payload["matter"])


async def see_follow_up(unit: UnitOfWork, timer: Timer, _envelope: Envelope) -> None:
    """Unfinished after thirty days: the town follows up (domain §10 step 11)."""
    await service.after_time(unit, timer.payload["matter"])


async def follow_kin(unit: UnitOfWork, event: KinshipChanged, _envelope: Envelope) -> None:
    """Relatives entered after the report see the matter too; who is none any more does not."""
    if event.to_date is None:
        await service.admit(unit, event.person_id, event.relative_id, event.kind)
    else:
        await service.part(unit, event.person_id, event.relative_id)
