"""What the withdrawal of a death gives back (domain §10, Reversal b and c)."""

from __future__ import annotations

from services.eldercare.beds.service import Bed
from services.eldercare.deaths.answers import Answers
from services.eldercare.deaths.ending import end_everything
from services.eldercare.devices.service import Device
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Elder
from services.eldercare.law import in_force
from services.eldercare.orders import service as orders
from services.eldercare.orders.service import Order
from services.eldercare.stays import death as stays
from services.eldercare.stays.death import Back
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.waiting import service as waiting
from services.eldercare.waiting.service import WaitingEntry
from shared import clock, effects
from shared.db.unit import UnitOfWork
from shared.effects import Annulled, ScalarConflict
from shared.effects.tables import Effect
from shared.payments.due import END

_TASKS = {"device.state": "T15", "home_order.state": "T15", "waiting_entry.state": "T23"}
_NAMES = {"device.state": "设备状态", "home_order.state": "订单状态", "waiting_entry.state": "轮候状态"}


async def restore_everything(unit: UnitOfWork, case_id: str, person_id: str) -> Answers:
    """Annul what the case caused. What cannot come back by itself is named for a person to look at."""
    answers = Answers(person_id)
    ended_stay = await stays.find_ended(unit, case_id)
    bed = await unit.get(Bed, ended_stay.payload["bed"], lock=True) if ended_stay is not None else None
    known = await elders.find(unit, person_id, lock=True)
    noted_at = known.death_noted_at if known is not None else None
    annulled = await effects.annul(unit, case_id, Device, Order, WaitingEntry)
    elder = await elders.unmark_dead(unit, person_id, case_id)
    if elder is None:
        return answers
    _answer_scalars(answers, annulled)
    if ended_stay is not None and bed is not None:
        await _give_bed_back(unit, elder, bed, ended_stay, answers)
    await _offer_orders(unit, annulled, answers)
    await _reopen_subsidies(unit, case_id, annulled, answers)
    if elder.death_case_id is not None and elder.death_date is not None:
        # another case still says she is dead: what came back ends again, under that one
        await end_everything(unit, elder.death_case_id, person_id, elder.death_date)
    elif noted_at is not None:
        await subsidies.propose_since(unit, person_id, clock.to_business_date(noted_at))
    return answers


def _answer_scalars(answers: Answers, annulled: Annulled) -> None:
    conflicts = {conflict.effect.id: conflict for conflict in annulled.conflicts}
    for effect in annulled.of_kind("change"):
        task, conflict = _TASKS[effect.object_kind], conflicts.get(effect.id)
        if conflict is not None:
            answers.needs_human(task, "restore", effect.object_id, _three_values(effect.object_kind, conflict))
        else:
            answers.done(task, "restore", effect.object_id, f"{_NAMES[effect.object_kind]}已恢复")


def _three_values(column: str, conflict: ScalarConflict) -> str:
    return f"{_NAMES[column]}原为{conflict.before}，停办时改为{conflict.after}，现为{conflict.now}，请人工处理"


async def _give_bed_back(unit: UnitOfWork, elder: Elder, bed: Bed, ended_stay: Effect, answers: Answers) -> None:
    outcome, stay = await stays.restore(unit, elder, bed, ended_stay)
    if outcome is Back.RESTORED:
        answers.done("T15", "restore_stay", stay.id, "入住和床位已恢复")
    elif outcome is Back.LAPSED:
        answers.done("T15", "restore_stay", stay.id, "预订保留期已过，不再恢复")
    else:
        entry = await waiting.put_on_top(unit, elder, stay.institution_id)
        hours = in_force(unit.today, elder.area_code).whole("beds.temporary")
        reason = f"原床位已另行安排，已列轮候首位（{entry.id}），须在{hours}小时内安排临时床位"
        answers.needs_human("T15", "restore_stay", stay.id, reason)


async def _offer_orders(unit: UnitOfWork, annulled: Annulled, answers: Answers) -> None:
    offered, missed = await orders.offer_again(unit, annulled.of_kind(orders.CANCELLED_BY_DEATH))
    for order_id in offered:
        answers.done("T15", "offer_order", order_id, "订单已重新派发")
    for order_id in missed:
        answers.nothing("T15", "offer_order", order_id, "服务时间已过或订单已另行处理，不再恢复")
    conflicted = {conflict.effect.id for conflict in annulled.conflicts}
    void = [
        effect.object_id
        for effect in annulled.of_kind("change")
        if effect.object_kind == "home_order.state" and effect.id not in conflicted
    ]
    await orders.catch_up(unit, void)


async def _reopen_subsidies(unit: UnitOfWork, case_id: str, annulled: Annulled, answers: Answers) -> None:
    ended = annulled.of_kind(END)
    if not ended:
        return
    await subsidies.prepare_settling(unit, ended[0].person_id)
    settled = await PAYMENTS.settle_cause(unit, case_id)
    for effect in ended:
        changes = [change for change in settled.changes if change.entitlement_id == effect.object_id]
        reason = answers.reopened(effect.from_date, changes)
        answers.done("T12", "reopen_entitlement", effect.object_id, reason)
