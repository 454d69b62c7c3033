"""Opening a verification, its signatures, and what the family and the office say of the report. Asking the sources
and hearing them is in `asking`. Lock order: household, verification, application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, select, update
from sqlmodel import col

from services.relief.applications import surveying
from services.relief.applications.rules import ENDED, WrongState
from services.relief.applications.service import Application
from services.relief.applications.stepping import by_the_family
from services.relief.filings import service as filings
from services.relief.households import reading
from services.relief.households import service as households
from services.relief.households.service import Income
from services.relief.law import in_force
from services.relief.verification import asking, telling
from services.relief.verification.rules import (
    RUNNING,
    DateInFuture,
    EvidenceMissing,
    NoSuchSource,
    NotASubject,
    NotAuthorised,
    NotOwn,
    NotOwnSignature,
    SignerNotAdult,
    SourceAnswered,
    VerificationOpen,
    VerificationState,
    move,
)
from services.relief.verification.stepping import limit, locked, step
from services.relief.verification.tables import (
    Verification,
    VerificationLine,
    VerificationSource,
    VerificationStep,
    VerificationSubject,
)
from shared import clock
from shared.db.database import on_constraint
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.files import DatabaseStore, Files
from shared.files.service import Owner, StoredFile
from shared.ids import uuid7
from shared.outgoing import cancel_calls
from shared.payments import month_of

__all__ = [
    "FILES",
    "Verification",
    "VerificationLine",
    "VerificationSource",
    "VerificationStep",
    "VerificationSubject",
]

on_constraint("uq_verification_open", VerificationOpen)

FILES = Files("verification", DatabaseStore())


@dataclass(frozen=True, slots=True)
class NewSupporter:
    """A legal supporter outside the household, who signs too (TK 10); the name in the clear, it is sealed here."""

    person_id: str
    name: str
    family_size: int


@dataclass(frozen=True, slots=True)
class Signature:
    """Somebody's authorisation; `signed_by` where an adult of the family signs for a minor."""

    person_id: str
    number: str
    signed_on: date
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class NewVerification:
    """What is to be checked, and why."""

    household_id: str
    reason: str
    application_id: str = ""
    supporters: Sequence[NewSupporter] = ()
    signatures: Sequence[Signature] = field(default_factory=tuple)


async def open_verification(unit: UnitOfWork, new: NewVerification) -> Verification:
    """Open it; with all signatures at hand the sources are asked at once: one key (R-24). An applicant may do so for
    the application that is under way. Raises VerificationOpen, NotOwn, WrongState for an application that has ended or
    is another family's, and what `authorise` raises."""
    household = await households.lock(unit, new.household_id)
    await filings.refuse_parties(unit, household.id)
    is_own = unit.principal.person_id == household.applicant_id and new.application_id != ""
    if unit.principal.scope is Scope.PERSON and not is_own:
        raise NotOwn
    if new.application_id:
        application = await unit.get(Application, new.application_id)
        if application.household_id != household.id or application.state in ENDED:
            raise WrongState(detail="该申请不属于该家庭或已办结", field="applicationId")
    verification = Verification(
        id=uuid7(),
        household_id=household.id,
        area_code=household.area_code,
        applicant_id=household.applicant_id,
        application_id=new.application_id,
        reason=new.reason,
        opened_by=unit.principal.account_id,
        opened_at=unit.now,
    )
    async with by_the_family(unit):
        unit.add(verification)
        await unit.flush()
        await limit(unit, verification, "start_limit")
        await _enter_members(unit, verification)
        for one in new.supporters:
            _enter(unit, verification, one.person_id, "SUPPORTER", one.name, is_adult=True, family_size=one.family_size)
        await unit.flush()
        if new.signatures:
            await authorise(unit, verification.id, new.signatures)
        if verification.state == "AUTHORISED":
            await run(unit, verification.id)
        else:
            await telling.ask_to_sign(unit, verification, await asking.subjects_of(unit, verification.id))
    return verification


async def _enter_members(unit: UnitOfWork, verification: Verification) -> None:
    adult_from = in_force(unit.today, verification.area_code).whole("supplements.adult_from")
    record = await reading.record_of(unit, verification.household_id)
    members = {
        one.person_id: one.age(unit.today) >= adult_from
        for one in record.members
        if (one.valid_to is None or one.valid_to >= unit.today) and one.share_ends is None
    }
    for row in await reading.members_of(unit, verification.household_id):
        if row.person_id in members:
            name, is_adult = reading.name_of(unit, row), members.pop(row.person_id)
            _enter(unit, verification, row.person_id, "MEMBER", name, is_adult=is_adult)


def _enter(
    unit: UnitOfWork,
    verification: Verification,
    person_id: str,
    role: str,
    name: str,
    *,
    is_adult: bool,
    family_size: int = 1,
) -> None:
    subject_id = uuid7()
    unit.add(
        VerificationSubject(
            id=subject_id,
            verification_id=verification.id,
            area_code=verification.area_code,
            person_id=person_id,
            role=role,
            is_adult=is_adult,
            family_size=family_size,
            name=unit.vault.seal(VerificationSubject, "name", subject_id, name),
        )
    )


async def authorise(unit: UnitOfWork, verification_id: str, signatures: Sequence[Signature]) -> Verification:
    """Record signed authorisations. Once every adult member has signed (and every supporter) it may run. Raises
    NotASubject, SignerNotAdult, NotOwnSignature, DateInFuture, VerificationState."""
    verification = await locked(unit, verification_id)
    if verification.state not in ("CREATED", "AUTHORISED"):
        raise VerificationState
    own = unit.principal.person_id if unit.principal.scope is Scope.PERSON else ""
    async with by_the_family(unit):
        subjects = {one.person_id: one for one in await asking.subjects_of(unit, verification.id)}
        adults = {one.person_id for one in subjects.values() if one.role == "MEMBER" and one.is_adult}
        for new in signatures:
            subject = subjects.get(new.person_id)
            if subject is None:
                raise NotASubject(field="idNumber")
            signer = new.signed_by or new.person_id
            if (signer != new.person_id) if subject.is_adult else (signer not in adults):
                raise SignerNotAdult(field="signedBy")
            if own and signer != own:
                raise NotOwnSignature
            if new.signed_on > unit.today:
                raise DateInFuture(field="signedOn")
            subject.number = unit.vault.seal(VerificationSubject, "number", subject.id, new.number)
            subject.signed_on, subject.signed_by = new.signed_on, signer
            subject.recorded_by, subject.recorded_at = unit.principal.account_id, unit.now
        await unit.flush()
        missing = [one for one in subjects.values() if one.is_adult and one.signed_on is None]
        if not missing and verification.state == "CREATED":
            await step(unit, verification, "authorise")
    return verification


async def withdraw(unit: UnitOfWork, verification_id: str, words: str) -> Verification:
    """Somebody takes her authorisation back, or the check has lost its purpose: nobody is asked any more. Raises
    VerificationState."""
    verification = await locked(unit, verification_id)
    async with by_the_family(unit):
        await step(unit, verification, "withdraw", reason=words)
        verification.due_on, verification.overdue_at = None, None
        await cancel_calls(unit, f"{verification.id}/")
    return verification


async def run(unit: UnitOfWork, verification_id: str) -> Verification:
    """One key: every source is asked at once. Raises NotAuthorised, VerificationState."""
    verification = await locked(unit, verification_id)
    if verification.state == "CREATED":
        raise NotAuthorised
    await step(unit, verification, "run")
    await limit(unit, verification, "report_limit")
    await asking.ask(unit, verification, asking.sources_in_force(unit, verification))
    return verification


# ── sources that do not answer ───────────────────────────────────────────────────────────────────


async def ask_again(unit: UnitOfWork, verification_id: str, source: str) -> Verification:
    """Ask a source that has not answered once more, now. Raises NoSuchSource, SourceAnswered."""
    verification, row = await _unanswered(unit, verification_id, source)
    await asking.send_again(unit, verification, row)
    return verification


@dataclass(frozen=True, slots=True)
class Paper:
    """What a source has said on paper."""

    source: str
    document: str
    lines: Sequence[asking.NewLine]


async def answer_by_hand(unit: UnitOfWork, verification_id: str, paper: Paper) -> Verification:
    """A source that stays away has answered on paper. Raises NoSuchSource, SourceAnswered, BadLine."""
    verification, row = await _unanswered(unit, verification_id, paper.source)
    await asking.enter_paper(unit, verification, row, paper.lines, paper.document)
    await asking.settle(unit, verification)
    return verification


async def close_source(unit: UnitOfWork, verification_id: str, source: str, reason: str) -> Verification:
    """Go without a source: the report names the gap. Raises NoSuchSource, SourceAnswered."""
    verification, row = await _unanswered(unit, verification_id, source)
    await asking.close(unit, row, reason)
    await asking.settle(unit, verification)
    return verification


async def _unanswered(unit: UnitOfWork, verification_id: str, source: str) -> tuple[Verification, VerificationSource]:
    verification = await locked(unit, verification_id)
    if verification.state not in RUNNING:
        raise VerificationState
    found = select(VerificationSource).where(
        col(VerificationSource.verification_id) == verification.id,
        col(VerificationSource.round) == verification.round,
        col(VerificationSource.source) == source,
    )
    row: VerificationSource | None = await unit.first(found.with_for_update())
    if row is None:
        raise NoSuchSource(field="source")
    if row.state not in ("UNAVAILABLE", "REFUSED"):
        raise SourceAnswered
    return verification, row


# ── the family speaks ────────────────────────────────────────────────────────────────────────────


async def keep_file(unit: UnitOfWork, verification_id: str, content: bytes, name: str) -> tuple[StoredFile, bool]:
    """Keep a paper of the family's; the file, and whether it is new. Raises what `Files.keep` raises."""
    verification = await unit.get(Verification, verification_id)
    async with by_the_family(unit):
        owner = Owner(id=verification.id, area_code=verification.area_code, person_id=verification.applicant_id)
        return await FILES.keep(unit, owner, content, name=name, kind="evidence")


async def object_to_report(unit: UnitOfWork, verification_id: str, words: str) -> Verification:
    """The family says the report is wrong, with papers (MLG 18); the application goes back to the survey. Raises
    EvidenceMissing, VerificationState."""
    verification = await locked(unit, verification_id)
    move(verification.state, "object")
    async with by_the_family(unit):
        if await unit.first(FILES.listing(verification.id).limit(1)) is None:
            raise EvidenceMissing
        verification.objection, verification.objected_by = words, unit.principal.account_id
        verification.objected_at = unit.now
        await step(unit, verification, "object", reason=words)
        await limit(unit, verification, "recheck_limit")
        if verification.application_id:
            unit.if_match = None  # the caller's speaks of the verification
            application = await unit.get(Application, verification.application_id)
            if application.state == "OVER_LIMIT":
                await surveying.object_to_check(unit, application.id, words)
    return verification


async def recheck(unit: UnitOfWork, verification_id: str, ask: Sequence[str], papers: Sequence[Paper]) -> Verification:
    """Check again what was objected to: sources are asked once more, or corrected by the papers. The other lines
    stand. Raises NoSuchSource, BadLine, VerificationState."""
    verification = await locked(unit, verification_id)
    if verification.state != "OBJECTED" or verification.round != 1:
        raise VerificationState
    known = {str(one["source"]): one for one in asking.sources_in_force(unit, verification)}
    named = [*ask, *(paper.source for paper in papers)]
    if not named or len(set(named)) != len(named) or not set(named) <= set(known):
        raise NoSuchSource(field="ask")
    verification.round = 2
    outdated = (col(VerificationLine.verification_id) == verification.id) & col(VerificationLine.source).in_(named)
    await unit.execute(update(VerificationLine).where(outdated).values(is_current=False))
    await asking.ask(unit, verification, [known[source] for source in ask])
    for paper in papers:
        row = asking.new_source(unit, verification, known[paper.source])
        unit.add(row)
        await asking.enter_paper(unit, verification, row, paper.lines, paper.document)
    await asking.settle(unit, verification)
    return verification


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def listing(
    *, state: str | None = None, household_id: str | None = None, application_id: str | None = None
) -> Select[Any]:
    """Verifications of the caller's rows."""
    statement = select(Verification)
    if state is not None:
        statement = statement.where(col(Verification.state) == state)
    if household_id is not None:
        statement = statement.where(col(Verification.household_id) == household_id)
    if application_id is not None:
        statement = statement.where(
            col(Verification.application_id) == application_id, col(Verification.application_id) != ""
        )
    return statement


def lines(verification_id: str) -> Select[Any]:
    """The lines that stand, of the caller's rows: a resident's own."""
    return select(VerificationLine).where(
        col(VerificationLine.verification_id) == verification_id, col(VerificationLine.is_current)
    )


def steps(verification_id: str) -> Select[Any]:
    """Its history."""
    return select(VerificationStep).where(col(VerificationStep.verification_id) == verification_id)


async def sources_of(unit: UnitOfWork, verification: Verification) -> list[VerificationSource]:
    """How the sources stand, each by its last round."""
    mine = select(VerificationSource).where(col(VerificationSource.verification_id) == verification.id)
    rows = await unit.all(mine.order_by(col(VerificationSource.round), col(VerificationSource.id)))
    return list({row.source: row for row in rows}.values())


async def declared(unit: UnitOfWork, verification: Verification) -> int | None:
    """The monthly income the family was entered with when the report was made; what differs is for the reviewer to
    ask about. None before, and where the caller may not see it."""
    if verification.reported_at is None:
        return None
    told = select(col(Income.monthly_fen)).where(
        col(Income.household_id) == verification.household_id,
        col(Income.from_month) <= month_of(clock.to_business_date(verification.reported_at)),
        col(Income.recorded_at) <= verification.reported_at,
    )
    found = await unit.first(told.order_by(col(Income.from_month).desc(), col(Income.seq).desc()).limit(1))
    return None if found is None else int(found)


def name_of(unit: UnitOfWork, subject: VerificationSubject) -> str:
    """The name in the clear."""
    return unit.vault.open(VerificationSubject, "name", subject.id, subject.name)
