"""What a confirmed death ends here (domain §10, steps 3, 5 and 12)."""

from __future__ import annotations

from datetime import date

from services.eldercare.deaths.answers import Answers
from services.eldercare.devices import service as devices
from services.eldercare.elders import service as elders
from services.eldercare.orders import service as orders
from services.eldercare.stays import death as stays
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.waiting import service as waiting
from shared.contracts.eldercare import ElderDied
from shared.db.unit import UnitOfWork
from shared.payments import after


async def end_everything(unit: UnitOfWork, case_id: str, person_id: str, death_date: date) -> Answers:
    """End stay, queue, orders, devices and subsidies as effects of the case; tell what was done for each task.

    Lock order: bed, elder, then what is hers, money last. For a death of earlier months the same dates apply: lines
    of every month since come back as recovery.
    """
    answers = Answers(person_id)
    bed = await stays.hold_bed(unit, person_id)
    elder = await elders.mark_dead(unit, person_id, case_id, death_date)
    if elder is None:
        return answers
    held = await stays.end_for_death(unit, elder, bed, case_id, death_date)
    if held is not None:
        answers.done("T15", "end_stay", held.stay.id, "入住已终止")
        until = "，整备后重新开放" if held.bed.status == "MAINTENANCE" else ""
        answers.done("T15", "release_bed", held.bed.id, f"床位已释放{until}")
    if (entry_id := await waiting.leave_for_death(unit, elder, case_id)) is not None:
        answers.done("T23", "leave_waiting_list", entry_id, "已移出轮候")
    ended = await orders.end_for_death(unit, elder, case_id, death_date)
    for order_id in ended.cancelled:
        answers.done("T15", "cancel_order", order_id, "订单已取消")
    for order_id in ended.void:
        answers.done("T15", "void_order", order_id, "服务时间在死亡日期之后，订单作废")
    for order_id in ended.paid_already:
        answers.needs_human("T15", "void_order", order_id, "服务时间在死亡日期之后但费用已结算，请核查追回")
    recalled = await devices.recall_for_death(unit, elder, case_id)
    for device_id in recalled:
        answers.done("T15", "recall_device", device_id, "设备待收回")
    await _end_subsidies(unit, case_id, person_id, death_date, answers)
    died = ElderDied(
        person_id=person_id,
        death_date=death_date,
        death_case_id=case_id,
        bed_id=held.bed.id if held else None,
        orders_cancelled=ended.cancelled,
        devices=recalled,
    )
    unit.emit(died, area_code=elder.area_code)
    return answers


async def _end_subsidies(unit: UnitOfWork, case_id: str, person_id: str, death_date: date, answers: Answers) -> None:
    await subsidies.prepare_settling(unit, person_id)
    ended = await PAYMENTS.end(unit, cause=case_id, person_id=person_id, first_month=after(death_date))
    for entitlement_id in ended.entitlement_ids:
        changes = [change for change in ended.settled.changes if change.entitlement_id == entitlement_id]
        reason = answers.stopped(after(death_date), changes)
        answers.done("T12", "end_entitlement", entitlement_id, reason)
