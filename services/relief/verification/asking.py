"""Asking the sources, hearing them, and drawing up the report.

Every source is a call of its own: one that is slow or away holds up no other. What has not answered within its
time-out is unavailable, which is not zero: the report is in part then, and whole by itself when the source is back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select
from sqlmodel import col

from services.relief.applications import surveying
from services.relief.households import reading
from services.relief.households.rules import counted
from services.relief.law import in_force, parameters
from services.relief.means.rules import KINDS, Supporter, countable_income, over, property_limits
from services.relief.verification import telling
from services.relief.verification.rules import (
    OVER,
    RUNNING,
    SETTLED,
    BadLine,
    Line,
    group_of,
    incomes_of,
    line,
    per_head,
    property_of,
)
from services.relief.verification.stepping import step
from services.relief.verification.tables import (
    Verification,
    VerificationLine,
    VerificationSource,
    VerificationSubject,
)
from shared.china import resident_id
from shared.contracts.relief import VerificationCompleted
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.events.timers import TimerSet, set_timers
from shared.ids import uuid7
from shared.outgoing import CallOutcome, cancel_calls, place_call, retry_call
from shared.outgoing.tables import OutgoingCall
from shared.payments import after
from shared.policy import Decision, decide
from shared.policy.service import Made, keep_many

PURPOSE = "verification"
TIMEOUT = "relief.verification-source"
AGAIN = "relief.verification-again"
"""Timers: a source's time is over; a source that stayed away is asked once more."""

_MISSHAPEN = "答复内容不符合约定"


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line as it is entered."""

    item: str
    holder_id: str
    value: str
    as_of: date


class Told(BaseModel):
    """A line of a source's answer."""

    model_config = ConfigDict(extra="ignore")

    personId: str  # noqa: N815 - the sources' word
    item: str
    value: str
    date: date


class Answered(BaseModel):
    """A source's answer. Nobody named is an answer too: nothing is there."""

    items: list[Told]


def sources_in_force(unit: UnitOfWork, verification: Verification) -> Sequence[Mapping[str, Any]]:
    """The sources that are asked today."""
    return list(in_force(unit.today, verification.area_code).table("verification.sources"))


async def subjects_of(unit: UnitOfWork, verification_id: str) -> list[VerificationSubject]:
    """Whom it is about."""
    mine = col(VerificationSubject.verification_id) == verification_id
    return await unit.all(select(VerificationSubject).where(mine).order_by(col(VerificationSubject.id)))


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


async def ask(unit: UnitOfWork, verification: Verification, sources: Sequence[Mapping[str, Any]]) -> None:
    """Ask these sources at once, each with its time-out."""
    verification.asked_at = unit.now
    payload, timers = await _payload(unit, verification), []
    for law in sources:
        row = new_source(unit, verification, law)
        row.call_id = await _place(unit, row, payload)
        unit.add(row)
        told = {"source": row.id, "verification": verification.id}
        timers.append(TimerSet(TIMEOUT, f"{row.id}/{row.asked_times}", row.due_at, told))
    await unit.flush()
    await set_timers(unit, timers)


def new_source(unit: UnitOfWork, verification: Verification, law: Mapping[str, Any]) -> VerificationSource:
    """A source's row in the round that runs."""
    return VerificationSource(
        id=uuid7(),
        verification_id=verification.id,
        household_id=verification.household_id,
        area_code=verification.area_code,
        round=verification.round,
        source=str(law["source"]),
        title=str(law["title"]),
        department=str(law["department"]),
        operation=str(law["operation"]),
        asked_at=unit.now,
        due_at=unit.now + timedelta(minutes=int(law["timeout"])),
    )


async def _payload(unit: UnitOfWork, verification: Verification) -> dict[str, Any]:
    people = [
        {
            "personId": one.person_id,
            "name": unit.vault.open(VerificationSubject, "name", one.id, one.name),
            "idNumber": unit.vault.open(VerificationSubject, "number", one.id, one.number),
        }
        for one in await subjects_of(unit, verification.id)
        if one.number is not None
    ]
    return {"requestId": verification.id, "people": people}


def _key(row: VerificationSource) -> str:
    return f"{row.verification_id}/{row.round}/{row.source}"


async def _place(unit: UnitOfWork, row: VerificationSource, payload: dict[str, Any]) -> str:
    return await place_call(
        unit,
        purpose=PURPOSE,
        key=_key(row),
        department=row.department,
        operation=row.operation,
        payload=payload,
        area_code=row.area_code,
    )


async def send_again(unit: UnitOfWork, verification: Verification, row: VerificationSource) -> None:
    """Ask a source once more, now: the same call where it is still open, another where it was answered amiss."""
    row.asked_times += 1
    call = await unit.get(OutgoingCall, row.call_id, lock=True)
    if call.state == "MANUAL":
        await retry_call(unit, call.id)
    elif call.state == "PENDING":
        call.next_at = unit.now
        unit.wakes.add("calls")
    else:
        row.call_id = await _place(unit, row, await _payload(unit, verification))
    await unit.flush()


async def enter_paper(
    unit: UnitOfWork,
    verification: Verification,
    row: VerificationSource,
    lines: Sequence[NewLine],
    document: str,
) -> None:
    """What a source says on paper. Raises BadLine."""
    await _take(unit, verification, row, lines, document)
    row.state, row.reason, row.answered_at = "BY_HAND", "", unit.now
    await cancel_calls(unit, _key(row))
    await unit.flush()


async def close(unit: UnitOfWork, row: VerificationSource, reason: str) -> None:
    """Go without it."""
    row.state, row.reason = "CLOSED", reason
    await cancel_calls(unit, _key(row))
    await unit.flush()


# ── hearing ──────────────────────────────────────────────────────────────────────────────────────


async def hear(unit: UnitOfWork, outcome: CallOutcome) -> Verification | None:
    """A source answered, refused or cannot be reached; None where nobody waits for it any more."""
    verification_id = outcome.key.partition("/")[0]
    verification = await unit.get(Verification, verification_id, lock=True)
    mine = select(VerificationSource).where(col(VerificationSource.call_id) == outcome.call_id)
    row: VerificationSource | None = await unit.first(mine.with_for_update())
    is_waited_for = verification.state in RUNNING and row is not None and row.round == verification.round
    if row is None or not is_waited_for or row.state in SETTLED:
        return None
    if outcome.outcome == "answered":
        await _hear_answer(unit, verification, row, outcome.result)
    elif outcome.outcome == "refused":
        row.state, row.reason = "REFUSED", outcome.reason[:500]
    else:
        row.state, row.reason = "UNAVAILABLE", outcome.reason[:500]
        if outcome.outcome == "manual":
            await _again_later(unit, verification, row)
    await unit.flush()
    await settle(unit, verification)
    return verification


async def _hear_answer(
    unit: UnitOfWork, verification: Verification, row: VerificationSource, result: Mapping[str, Any]
) -> None:
    try:
        told = Answered.model_validate(result).items
        lines = [NewLine(one.item, one.personId, one.value, one.date) for one in told]
        await _take(unit, verification, row, lines, "")
    except (ValidationError, BadLine):
        row.state, row.reason = "UNAVAILABLE", _MISSHAPEN
        await _again_later(unit, verification, row)
        return
    row.state, row.reason, row.answered_at = "ANSWERED", "", unit.now


async def _take(
    unit: UnitOfWork,
    verification: Verification,
    row: VerificationSource,
    lines: Sequence[NewLine],
    document: str,
) -> None:
    """Keep a source's lines, all or none. Raises BadLine."""
    holders = [one.person_id for one in await subjects_of(unit, verification.id) if one.number is not None]
    for one in lines:
        line(row.source, one.item, one.holder_id, one.value, holders)
        if one.as_of > unit.today:
            raise BadLine(detail="日期晚于今天", field="asOf")
    for one in lines:
        line_id = uuid7()
        unit.add(
            VerificationLine(
                id=line_id,
                verification_id=verification.id,
                area_code=verification.area_code,
                round=row.round,
                source=row.source,
                item=one.item,
                holder_id=one.holder_id,
                value=unit.vault.seal(VerificationLine, "value", line_id, one.value),
                as_of=one.as_of,
                document=document,
                received_at=unit.now,
            )
        )


async def _again_later(unit: UnitOfWork, verification: Verification, row: VerificationSource) -> None:
    """For so many days it is asked again by itself; then it is people's."""
    values = in_force(unit.today, verification.area_code)
    at = unit.now + timedelta(hours=values.whole("verification.again_every"))
    if at <= row.asked_at + timedelta(days=values.whole("verification.again_days")):
        key = f"{row.id}/{row.asked_times}"
        await set_timer(unit, AGAIN, key, at, {"source": row.id, "verification": verification.id})


async def over_time(unit: UnitOfWork, verification_id: str, source_id: str) -> None:
    """A source's time is over."""
    verification, row = await _locked(unit, verification_id, source_id)
    if row.state != "WAITING" or row.round != verification.round:
        return
    row.state, row.reason = "UNAVAILABLE", "未在规定时间内答复"
    await unit.flush()
    await settle(unit, verification)


async def come_back(unit: UnitOfWork, verification_id: str, source_id: str, times: int) -> None:
    """Ask a source that stayed away once more, unless somebody has asked it since."""
    verification, row = await _locked(unit, verification_id, source_id)
    is_waited_for = verification.state in RUNNING and row.round == verification.round
    if is_waited_for and row.state == "UNAVAILABLE" and row.asked_times == times:
        await send_again(unit, verification, row)


async def _locked(unit: UnitOfWork, verification_id: str, source_id: str) -> tuple[Verification, VerificationSource]:
    verification = await unit.get(Verification, verification_id, lock=True)
    return verification, await unit.get(VerificationSource, source_id, lock=True)


# ── the report ───────────────────────────────────────────────────────────────────────────────────


async def settle(unit: UnitOfWork, verification: Verification) -> None:
    """Report, in whole or in part, once no source is waited for."""
    mine = select(VerificationSource).where(
        col(VerificationSource.verification_id) == verification.id,
        col(VerificationSource.round) == verification.round,
    )
    rows: list[VerificationSource] = await unit.all(mine.order_by(col(VerificationSource.id)))
    if verification.state not in RUNNING or any(row.state == "WAITING" for row in rows):
        return
    away = [row.title for row in rows if row.state not in SETTLED]
    decisions, income = await _evaluate(unit, verification)
    if away:
        if verification.state == "QUERYING":
            await step(unit, verification, "report_in_part", reason="暂无结果：" + "、".join(away))
        return
    await _report(unit, verification, rows, decisions, income)


async def _report(
    unit: UnitOfWork,
    verification: Verification,
    rows: Sequence[VerificationSource],
    decisions: Mapping[str, Decision],
    income: Decision,
) -> None:
    # What a supporter earns is not the family's to read: then the sentences are the office's alone.
    reader = "" if income.facts["supporters"] else verification.applicant_id
    made = [*(Made(one, verification.applicant_id) for one in decisions.values()), Made(income, reader)]
    ids = await keep_many(unit, made, parameters())
    verification.decisions = dict(zip((*decisions, "INCOME"), ids, strict=True))
    verification.within = [kind for kind, one in decisions.items() if one.outcome == "within"]
    verification.income_fen = income.amount_fen
    verification.reported_at, verification.due_on, verification.overdue_at = unit.now, None, None
    gaps = [row.source for row in rows if row.state == "CLOSED"]
    await step(unit, verification, "report_again" if verification.round == 2 else "report")
    event = VerificationCompleted(
        req_id=verification.id,
        household_id=verification.household_id,
        over_limit=list(verification.over),
        gaps=gaps,
        round=verification.round,
    )
    unit.emit(event, area_code=verification.area_code)
    if verification.over and verification.round == 1:
        await telling.tell_over(unit, verification)
    if verification.application_id:
        # What exceeds the widest limits leaves no kind to be recognised; the narrower ones are the reviewer's to weigh.
        words = [OVER[item] for item in over(decisions[KINDS[-1]].reasons)]
        await surveying.verification_reported(
            unit, verification.application_id, verification_id=verification.id, over_limit=words
        )


async def _evaluate(unit: UnitOfWork, verification: Verification) -> tuple[Mapping[str, Decision], Decision]:
    """Hold what is known against the limits, and mark the lines that exceed them. Of a report in part this says what
    is over already, never that something is within."""
    current = select(VerificationLine).where(
        col(VerificationLine.verification_id) == verification.id, col(VerificationLine.is_current)
    )
    await unit.flush()
    rows: list[VerificationLine] = await unit.all(current.order_by(col(VerificationLine.id)))
    lines = {row.id: Line(row.item, row.holder_id, value_of(unit, row)) for row in rows}
    subjects = await subjects_of(unit, verification.id)
    family = {one.person_id for one in subjects if one.role == "MEMBER"}
    own = [one for one in lines.values() if one.holder_id in family]
    record = await reading.record_of(unit, verification.household_id)
    heads = max(1, len(counted(record.members, after(unit.today))))
    on, area = unit.today, verification.area_code
    decisions = {kind: decide(property_limits, property_of(own, kind, heads), parameters(), on, area) for kind in KINDS}
    exceeded = {kind: set(over(one.reasons)) for kind, one in decisions.items()}
    for row in rows:
        is_own = row.holder_id in family
        row.over_for = [kind for kind in KINDS if is_own and group_of(row.item) in exceeded[kind]]
    verification.over = [item for item in OVER if item in exceeded[KINDS[0]]]
    supporters = [_supporter(unit, one, list(lines.values())) for one in subjects if one.role == "SUPPORTER"]
    income = decide(countable_income, incomes_of(own, supporters), parameters(), on, area)
    await unit.flush()
    return decisions, income


def _supporter(unit: UnitOfWork, subject: VerificationSubject, lines: Sequence[Line]) -> Supporter:
    assert subject.number is not None
    number = unit.vault.open(VerificationSubject, "number", subject.id, subject.number)
    theirs = [one for one in lines if one.holder_id == subject.person_id]
    age = resident_id.age_on(resident_id.parse(number).birth, unit.today)
    return Supporter(per_head_fen=per_head(theirs, subject.family_size), age=age)


def value_of(unit: UnitOfWork, row: VerificationLine) -> str:
    """A line's value in the clear."""
    return unit.vault.open(VerificationLine, "value", row.id, row.value)
