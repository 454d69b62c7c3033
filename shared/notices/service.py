"""Sending, and stopping for the dead."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import Literal

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from shared.db.principals import Scope
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.notices.tables import NoticeStop

Channel = Literal["IN_APP", "SMS", "PAPER"]

_LONGEST = 2000
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9Xx]")
_SEND = text(
    "insert into kernel.notice (id, person_id, channel, template, text, case_id, area_code, state, attempts,"
    " next_at, created_at) values (:id, :person_id, :channel, :template, :text, :case_id, :area_code,"
    " case when exists (select from kernel.notice_stop s where s.person_id = :person_id and s.lifted_at is null)"
    " then 'SUPPRESSED' else 'PENDING' end, 0, :now, :now)"
)


async def send(
    unit: UnitOfWork,
    *,
    person_id: str,
    template: str,
    text: str,
    area_code: str,
    case_id: str = "",
    channel: Channel = "IN_APP",
) -> str:
    """Write a message down in this transaction; a worker delivers it after the commit. Returns its id.

    `area_code` is the person's area. ValueError for a text with an ID number, an empty or an overlong one.
    """
    if not 1 <= len(text) <= _LONGEST or _ID_NUMBER.search(text):
        raise ValueError("the text of a notice is 1 to 2000 characters without ID numbers")
    notice_id = uuid7()
    values = {
        "id": notice_id,
        "person_id": person_id,
        "channel": channel,
        "template": template,
        "text": text,
        "case_id": case_id,
        "area_code": area_code,
        "now": unit.now,
    }
    # The person may live outside the sender's rows, and who is stopped is nobody's to see.
    is_system = unit.principal.scope is Scope.SYSTEM
    async with nullcontext() if is_system else unit.elevated("send a notice"):
        await unit.execute(_SEND, values)
    unit.wakes.add("notices")
    return notice_id


async def stop(unit: UnitOfWork, person_id: str, cause: str) -> None:
    """No message to this person from now on, those that still wait included. A cause that was lifted stays lifted."""
    new = insert(table_of(NoticeStop)).values(person_id=person_id, cause=cause, stopped_at=unit.now)
    await unit.execute(new.on_conflict_do_nothing())


async def lift(unit: UnitOfWork, cause: str, *, person_id: str = "") -> None:
    """The cause is withdrawn. With `person_id` a stop that arrives later finds it lifted (domain §10 g)."""
    if person_id:
        values = {"person_id": person_id, "cause": cause, "stopped_at": unit.now, "lifted_at": unit.now}
        await unit.execute(insert(table_of(NoticeStop)).values(**values).on_conflict_do_nothing())
    await unit.execute(
        update(NoticeStop)
        .where(col(NoticeStop.cause) == cause, col(NoticeStop.lifted_at).is_(None))
        .values(lifted_at=unit.now)
        .execution_options(synchronize_session=False)
    )
