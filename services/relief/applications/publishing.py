"""In the village: the notice, what is said against it, and the day it comes down. Lock order: application, notice."""

from __future__ import annotations

from datetime import timedelta

from services.relief.applications import limits
from services.relief.applications.reviewing import forward, single_person
from services.relief.applications.stepping import by_the_family, locked, step
from services.relief.applications.tables import Application
from services.relief.benefits.rules import TEKUN
from services.relief.households import reading
from services.relief.households.rules import counted
from services.relief.law import in_force
from services.relief.publicity import service as publicity
from services.relief.publicity.rules import shown_name
from services.relief.publicity.service import NewNotice, Notice
from shared import clock
from shared.china import working_days
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.payments import after

PUBLICITY_OVER = "relief.publicity-over"
"""Timer: a notice has hung for its days."""


async def publish(unit: UnitOfWork, application_id: str, place: str, words: str) -> Notice:
    """Put the opinion up for seven days (MLG 19). Of the family it shows a masked name, how many they are, how much."""
    application = await locked(unit, application_id)
    await step(unit, application, "publish")
    members = await reading.members_of(unit, application.household_id)
    record = await reading.record_of(unit, application.household_id)
    values = in_force(unit.today, application.area_code)
    person_id = await single_person(unit, application) or application.applicant_id
    applicant = next(member for member in members if member.person_id == person_id)
    ages = {member.person_id: member.age(unit.today) for member in record.members}
    days = values.whole("applications.publicity")
    last = working_days.add_days(unit.today, days).date
    notice = await publicity.post(
        unit,
        NewNotice(
            owner_id=application.id,
            area_code=application.area_code,
            kind=application.kind,
            place=place,
            text=words,
            shown_name=shown_name(
                reading.name_of(unit, applicant),
                is_minor=ages[applicant.person_id] < values.whole("supplements.adult_from"),
            ),
            family_size=1 if application.single_member_id else len(counted(record.members, after(unit.today))),
            amount_fen=application.amount_fen,
            to_on=last,
        ),
    )
    await set_timer(unit, PUBLICITY_OVER, notice.id, clock.start_of_day(last + timedelta(days=1)))
    return notice


async def object_to_notice(
    unit: UnitOfWork, notice_id: str, words: str, *, name: str, phone: str
) -> publicity.Objection:
    """Somebody speaks against what hangs in the village: the town looks again (MLG 19). What hangs there is everybody's
    to read, so a resident speaks beyond her own rows. Raises NoticeOver."""
    async with by_the_family(unit):
        seen = await unit.get(Notice, notice_id)
        application = await unit.get(Application, seen.owner_id, lock=True)
        notice = await publicity.locked(unit, notice_id)
        objection = await publicity.object_to(unit, notice, words, name=name, phone=phone)
        application.is_complained = True
        await step(unit, application, "object", evidence=objection.id)
        await publicity.close(unit, application.id, "OBJECTED")
        law = "OBJECTION_DESTITUTE" if application.kind == TEKUN else "OBJECTION"
        await limits.start(unit, application, "OBJECTION", law=law)
        await limits.pause(unit, application, "WHOLE")
    return objection


async def end_publicity(unit: UnitOfWork, notice_id: str) -> Application | None:
    """The days are over and nobody has spoken: on to the review. None where it was taken down before."""
    notice = await unit.get(Notice, notice_id)
    application = await unit.get(Application, notice.owner_id, lock=True)
    if (
        notice.result
        or application.state != "PUBLICITY"
        or not await publicity.close(unit, application.id, "NO_OBJECTION")
    ):
        return None
    await forward(unit, application, application.kind)
    return application
