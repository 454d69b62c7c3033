"""A limit runs out; a benefit ends; somebody dies, or did not."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.relief.law import in_force
from services.relief.warnings import service
from services.relief.warnings.raising import ACT, ACT_AGAIN, DISPOSE, DISPOSE_AGAIN, LIMIT, REMIND
from services.relief.warnings.service import FamilyWarning
from shared import clock
from shared.china import working_days
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.relief import BenefitClosed
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer, set_timer

_UNVISITED, _UNDISPOSED = ("DISPATCHED", "ESCALATED"), ("DISPATCHED", "ESCALATED", "VISITED")


async def notice_limit(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """Remind, then pass it up: to the town's leader, then to the district (domain §2.10). A warning that has called
    again since has limits of its own."""
    warning_id, step = timer.payload["warning"], timer.payload["step"]
    warning = await service.held(unit, warning_id)
    still = _UNDISPOSED if step in (DISPOSE, DISPOSE_AGAIN) else _UNVISITED
    if warning.round != timer.payload["round"] or warning.state not in still:
        return
    unit.note(case_id=warning_id)
    if step == REMIND:
        warning.reminded_at = unit.now
        await _next(unit, timer, ACT, warning.act_due_at)
        return
    is_second = step in (ACT_AGAIN, DISPOSE_AGAIN)
    holder = "DISTRICT_OFFICER" if is_second or warning.holder == "DISTRICT_OFFICER" else "TOWN_LEADER"
    state = "ESCALATED" if warning.state == "DISPATCHED" else warning.state
    reason = "超过首次处置期限" if still == _UNVISITED else "超过处置完毕期限"
    service.log(unit, warning, state, reason, holder=holder)
    warning.holder, warning.state = holder, state
    await unit.flush()
    if not is_second:
        days = _days_between(unit, warning)
        due = working_days.add(unit.today, days).date + timedelta(days=1)
        await _next(unit, timer, ACT_AGAIN if step == ACT else DISPOSE_AGAIN, clock.start_of_day(due))


def _days_between(unit: UnitOfWork, warning: FamilyWarning) -> int:
    levels = in_force(unit.today, warning.area_code).table("warnings.levels")
    line = levels.row("level", warning.level) or next(iter(levels))
    return int(line["escalate"])


async def _next(unit: UnitOfWork, timer: Timer, step: str, at: datetime) -> None:
    payload = {**timer.payload, "step": step}
    await set_timer(unit, LIMIT, f"{payload['warning']}/{payload['round']}/{step}", at, payload)


async def follow_benefit(unit: UnitOfWork, event: BenefitClosed, envelope: Envelope) -> None:
    """A benefit that stopped counts."""
    await service.evaluate_families(unit, [event.household_id], reason="待遇终止")


async def follow_death(unit: UnitOfWork, event: DeathConfirmed, envelope: Envelope) -> None:
    """The family may have lost who earned for it."""
    families = await service.households_of(unit, event.person_id)
    await service.evaluate_families(unit, families, reason="成员死亡确认")


async def follow_return(unit: UnitOfWork, event: DeathRevoked, envelope: Envelope) -> None:
    """She lives: what her death had raised was an error."""
    families = await service.households_of(unit, event.person_id)
    await service.evaluate_families(unit, families, reason="死亡确认撤销", corrects=True)
