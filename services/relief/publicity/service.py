"""Putting notices up, taking them down, taking objections. Whose notice it is the caller knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select, update
from sqlmodel import col

from services.relief.publicity.rules import NoticeOver, is_running
from services.relief.publicity.tables import Notice, Objection
from shared.china import areas
from shared.db.problems import NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["Notice", "Objection"]


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What is put up. `shown_name` is masked already."""

    owner_id: str
    area_code: str
    kind: str
    place: str
    text: str
    shown_name: str
    family_size: int
    amount_fen: int | None
    to_on: date


async def post(unit: UnitOfWork, new: NewNotice) -> Notice:
    """Put it up today."""
    notice = Notice(
        id=uuid7(),
        owner_id=new.owner_id,
        area_code=new.area_code,
        kind=new.kind,
        place=new.place,
        text=new.text,
        shown_name=new.shown_name,
        family_size=new.family_size,
        amount_fen=new.amount_fen,
        from_on=unit.today,
        to_on=new.to_on,
        posted_by=unit.principal.account_id,
        posted_at=unit.now,
    )
    unit.add(notice)
    await unit.flush()
    return notice


async def close(unit: UnitOfWork, owner_id: str, result: str) -> bool:
    """Take down what hangs; whether something did."""
    running = (col(Notice.owner_id) == owner_id) & (col(Notice.result) == "")
    done = await unit.execute(update(Notice).where(running).values(result=result, closed_at=unit.now))
    return bool(done.rowcount)  # type: ignore[attr-defined]


async def locked(unit: UnitOfWork, notice_id: str) -> Notice:
    """A notice that still hangs, locked. Raises NoticeOver."""
    notice = await unit.get(Notice, notice_id, lock=True)
    if not is_running(notice.result, notice.from_on, notice.to_on, unit.today):
        raise NoticeOver
    return notice


async def object_to(unit: UnitOfWork, notice: Notice, text: str, *, name: str, phone: str) -> Objection:
    """What somebody says against a locked notice."""
    objection_id = uuid7()
    objection = Objection(
        id=objection_id,
        notice_id=notice.id,
        area_code=notice.area_code,
        objector=unit.vault.seal(Objection, "objector", objection_id, name) if name else None,
        phone=unit.vault.seal(Objection, "phone", objection_id, phone) if phone else None,
        text=text,
        raised_at=unit.now,
        taken_by=unit.principal.account_id,
    )
    unit.add(objection)
    await unit.flush()
    return objection


async def is_objected(unit: UnitOfWork, owner_id: str) -> bool:
    """Whether an objection to an owner's notices is not answered yet."""
    return await unit.first(select(col(Objection.id)).where(_unanswered(owner_id)).limit(1)) is not None


async def answer(unit: UnitOfWork, owner_id: str, words: str) -> None:
    """Answer every open objection to an owner's notices."""
    answered = {"answer": words, "answered_at": unit.now, "answered_by": unit.principal.account_id}
    await unit.execute(update(Objection).where(_unanswered(owner_id)).values(**answered))


def _unanswered(owner_id: str) -> Any:
    notices = select(col(Notice.id)).where(col(Notice.owner_id) == owner_id)
    return col(Objection.notice_id).in_(notices) & col(Objection.answered_at).is_(None)


def listing(owner_id: str) -> Select[Any]:
    """All notices of an owner."""
    return select(Notice).where(col(Notice.owner_id) == owner_id)


def objections(notice_id: str) -> Select[Any]:
    """All objections to a notice."""
    return select(Objection).where(col(Objection.notice_id) == notice_id)


def objector_of(unit: UnitOfWork, row: Objection) -> str:
    """Who it was, '' where she did not say."""
    return unit.vault.open(Objection, "objector", row.id, row.objector) if row.objector else ""


def phone_of(unit: UnitOfWork, row: Objection) -> str:
    """How to reach her, '' where she did not say."""
    return unit.vault.open(Objection, "phone", row.id, row.phone) if row.phone else ""


# ── for everybody ────────────────────────────────────────────────────────────────────────────────


def hanging(today: date, area_code: str | None) -> Select[Any]:
    """What hangs today, in an area where one is named."""
    now = (col(Notice.from_on) <= today) & (col(Notice.to_on) >= today)
    statement = select(Notice).where(now, col(Notice.result) == "")
    if area_code is not None:
        lo, hi = areas.range_of(area_code)
        statement = statement.where(col(Notice.area_code) >= lo, col(Notice.area_code) < hi)
    return statement


async def shown(unit: UnitOfWork, notice_id: str) -> Notice:
    """A notice that hangs. Raises NotFound: what has been taken down is nobody's business any more."""
    notice = await unit.get(Notice, notice_id)
    if not is_running(notice.result, notice.from_on, notice.to_on, unit.today):
        raise NotFound
    return notice
