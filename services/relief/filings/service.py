"""Making declarations, asking whether both are there, and how many families have both. Lock order: household first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select, text, update
from sqlmodel import col

from services.relief.benefits.service import BenefitCase
from services.relief.filings.rules import (
    CARD,
    KINDS,
    FiledRelative,
    FilingsMissing,
    NothingToVisit,
    TooFewVisitors,
    VisitDate,
    check,
    missing,
)
from services.relief.filings.tables import Filing, FilingParty
from services.relief.households import reading
from services.relief.households import service as households
from services.relief.households.reading import has_living
from services.relief.households.service import Member
from services.relief.law import in_force
from shared.china import areas
from shared.db.principals import Scope
from shared.db.problems import Invalid
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["Filing", "FilingParty"]


class DeclaredInFuture(Invalid):
    code = "date_in_future"
    detail = "日期晚于今天"


class NoSuchMember(Invalid):
    code = "not_a_member"
    detail = "应为该家庭在册成员"


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody to be named; the name in the clear, it is sealed here."""

    member_id: str
    name: str
    duty: str
    relation: str
    unit_name: str
    person_id: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the family declares."""

    kind: str
    is_positive: bool
    declared_by: str
    declared_on: date
    parties: Sequence[Party] = ()
    agreement_no: str = ""
    agreement_on: date | None = None


async def declare(unit: UnitOfWork, household_id: str, new: Declaration) -> Filing:
    """File a declaration with the district; it takes the place of the earlier one of its kind. Raises
    PartiesDoNotFit, NotOnDuty, AgreementMissing, NoSuchMember, DeclaredInFuture."""
    has_agreement = bool(new.agreement_no) and new.agreement_on is not None
    duties = [party.duty for party in new.parties]
    check(new.kind, is_positive=new.is_positive, duties=duties, has_agreement=has_agreement)
    if max(new.declared_on, new.agreement_on or new.declared_on) > unit.today:
        raise DeclaredInFuture(field="declaredOn")
    household = await households.lock(unit, household_id)
    await refuse_parties(unit, household_id)
    members = await reading.members_of(unit, household_id)
    if new.declared_by not in {member.person_id for member in members}:
        raise NoSuchMember(field="declaredBy")
    if not {party.member_id for party in new.parties} <= {member.id for member in members}:
        raise NoSuchMember(field="parties")
    earlier = (col(Filing.household_id) == household_id) & (col(Filing.kind) == new.kind) & col(Filing.is_current)
    await unit.execute(update(Filing).where(earlier).values(is_current=False))
    filing = Filing(
        id=uuid7(),
        household_id=household_id,
        area_code=household.area_code,
        kind=new.kind,
        is_positive=new.is_positive,
        agreement_no=new.agreement_no if new.kind == CARD else "",
        agreement_on=new.agreement_on if new.kind == CARD else None,
        declared_by=new.declared_by,
        declared_on=new.declared_on,
        filed_by=unit.principal.account_id,
        filed_at=unit.now,
    )
    unit.add(filing)
    await unit.flush()
    if new.parties:
        rows = [_party_row(unit, filing, party) for party in new.parties]
        await unit.enter(FilingParty, rows)
    return filing


async def carry_over(unit: UnitOfWork, household_id: str, to: Member) -> None:
    """What a family has declared holds for a member set apart, as far as it is about her; `to` is her new row."""
    earlier = {member.id for member in await reading.members_of(unit, household_id) if member.person_id == to.person_id}
    current = select(Filing).where(col(Filing.household_id) == household_id, col(Filing.is_current))
    filings = await unit.all(current.order_by(col(Filing.id)))
    parties = await parties_of(unit, [filing.id for filing in filings])
    for filing in filings:
        hers = [party for party in parties.get(filing.id, []) if party.member_id in earlier]
        copied = {name: getattr(filing, name) for name in _DECLARED}
        row = Filing(id=uuid7(), household_id=to.household_id, is_positive=bool(hers), **copied)
        unit.add(row)
        await unit.flush()
        named = [Party(to.id, name_of(unit, one), one.duty, one.relation, one.unit_name, one.person_id) for one in hers]
        if named:
            await unit.enter(FilingParty, [_party_row(unit, row, party) for party in named])


_DECLARED = (
    "area_code",
    "kind",
    "agreement_no",
    "agreement_on",
    "declared_by",
    "declared_on",
    "filed_by",
    "filed_at",
)


async def enter_many(unit: UnitOfWork, families: Sequence[tuple[str, str, str]]) -> None:
    """Both declarations of many families that have nothing to declare: household, area, who signed. For what was filed
    elsewhere before."""
    rows = [
        {
            "id": uuid7(),
            "household_id": household_id,
            "area_code": area_code,
            "kind": kind,
            "is_positive": False,
            "is_current": True,
            "agreement_no": "",
            "visit_finding": "",
            "declared_by": person_id,
            "declared_on": unit.today,
            "filed_by": unit.principal.account_id,
            "filed_at": unit.now,
        }
        for household_id, area_code, person_id in families
        for kind in KINDS
    ]
    if rows:
        await unit.enter(Filing, rows)


def _party_row(unit: UnitOfWork, filing: Filing, party: Party) -> dict[str, Any]:
    party_id = uuid7()
    return {
        "id": party_id,
        "filing_id": filing.id,
        "household_id": filing.household_id,
        "area_code": filing.area_code,
        "member_id": party.member_id,
        "name": unit.vault.seal(FilingParty, "name", party_id, party.name),
        "person_id": party.person_id,
        "duty": party.duty,
        "relation": party.relation,
        "unit_name": party.unit_name,
    }


async def visit(unit: UnitOfWork, filing_id: str, on: date, names: Sequence[str], finding: str) -> Filing:
    """The district was at the house of a family that has declared something. Raises NothingToVisit, TooFewVisitors,
    VisitDate."""
    filing = await unit.get(Filing, filing_id, lock=True)
    await refuse_parties(unit, filing.household_id)
    if not filing.is_positive or not filing.is_current or filing.visited_on is not None:
        raise NothingToVisit
    known = list(dict.fromkeys(names))
    if len(known) < in_force(unit.today, filing.area_code).whole("applications.surveyors"):
        raise TooFewVisitors(field="visitors")
    if not filing.declared_on <= on <= unit.today:
        raise VisitDate(field="visitedOn")
    _visited(unit, filing, on, known, finding)
    await unit.flush()
    return filing


async def visited_for_review(unit: UnitOfWork, household_id: str, on: date, names: Sequence[str], finding: str) -> None:
    """The district was at the house of an applicant: what is declared has been looked into with that."""
    for filing in await unit.all(unvisited().where(col(Filing.household_id) == household_id).with_for_update()):
        _visited(unit, filing, on, names, finding)
    await unit.flush()


def _visited(unit: UnitOfWork, filing: Filing, on: date, names: Sequence[str], finding: str) -> None:
    filing.visited_on, filing.visit_finding = on, finding
    filing.visitors = unit.vault.seal(Filing, "visitors", filing.id, "\n".join(names))


def unvisited() -> Select[Any]:
    """Declarations of the caller's rows whose house the district has still to see."""
    waits = (col(Filing.is_current), col(Filing.is_positive), col(Filing.visited_on).is_(None))
    return select(Filing).where(*waits)


def listing(household_id: str) -> Select[Any]:
    """All declarations of a household."""
    return select(Filing).where(col(Filing.household_id) == household_id)


async def parties_of(unit: UnitOfWork, filing_ids: Iterable[str]) -> dict[str, list[FilingParty]]:
    """Who is named, by filing."""
    found: dict[str, list[FilingParty]] = {}
    named = select(FilingParty).where(col(FilingParty.filing_id).in_(list(filing_ids)))
    for party in await unit.all(named.order_by(col(FilingParty.filing_id), col(FilingParty.id))):
        found.setdefault(party.filing_id, []).append(party)
    return found


def name_of(unit: UnitOfWork, party: FilingParty) -> str:
    """The name in the clear."""
    return unit.vault.open(FilingParty, "name", party.id, party.name)


async def require_both(unit: UnitOfWork, household_id: str) -> None:
    """Raise FilingsMissing, naming what is not declared."""
    made = select(col(Filing.kind)).where(col(Filing.household_id) == household_id, col(Filing.is_current))
    if gaps := missing(await unit.all(made)):
        raise FilingsMissing.of(gaps)


async def has_something(unit: UnitOfWork, household_id: str) -> bool:
    """Whether a relative on duty or a kept card is declared: the district then visits the house (MLG 20)."""
    declared = select(col(Filing.id)).where(
        col(Filing.household_id) == household_id, col(Filing.is_current), col(Filing.is_positive)
    )
    return await unit.first(declared.limit(1)) is not None


async def refuse_parties(unit: UnitOfWork, household_id: str) -> None:
    """Raise FiledRelative when somebody of the office is named in a declaration in force, or is of the family."""
    own = unit.principal.person_id
    if not own or unit.principal.scope is Scope.PERSON:
        return
    if own in {member.person_id for member in await reading.members_of(unit, household_id)}:
        raise FiledRelative
    named = (
        select(col(FilingParty.id))
        .join(Filing, col(Filing.id) == col(FilingParty.filing_id))
        .where(col(FilingParty.household_id) == household_id, col(Filing.is_current), col(FilingParty.person_id) == own)
    )
    if await unit.first(named):
        raise FiledRelative


def without(today: date) -> Select[Any]:
    """Running benefits of the caller's rows whose families have not made both declarations."""
    made = (
        select(func.count())
        .select_from(Filing)
        .where(col(Filing.household_id) == col(BenefitCase.household_id), col(Filing.is_current))
        .scalar_subquery()
    )
    runs = (col(BenefitCase.state) == "ACTIVE") & has_living(col(BenefitCase.household_id), today)
    return select(BenefitCase).where(runs, made < len(KINDS))


async def made_by(unit: UnitOfWork, household_ids: Sequence[str]) -> dict[str, list[str]]:
    """The kinds of declarations in force, by household."""
    found: dict[str, list[str]] = {household_id: [] for household_id in household_ids}
    current = select(Filing).where(col(Filing.household_id).in_(household_ids), col(Filing.is_current))
    for filing in await unit.all(current):
        found[filing.household_id].append(filing.kind)
    return found


@dataclass(frozen=True, slots=True)
class Coverage:
    """Running benefits of an area, and how many of their families have made both declarations."""

    area_code: str
    running: int
    filed: int
    relatives: int
    cards: int
    unvisited: int


async def coverage(unit: UnitOfWork) -> list[Coverage]:
    """Of the caller's rows, by town."""
    rows = await unit.rows(_COVERAGE, {"today": unit.today})
    return [
        Coverage(areas.full(row.town), row.running, row.filed, row.relatives, row.cards, row.unvisited) for row in rows
    ]


_COVERAGE = text("""
    select left(c.area_code, 9) as town, count(*) as running,
        count(*) filter (where f.kinship is not null and f.card is not null) as filed,
        count(*) filter (where f.kinship) as relatives, count(*) filter (where f.card) as cards,
        count(*) filter (where f.unvisited) as unvisited
    from benefit_case c
    left join (
        select household_id, bool_or(is_positive) filter (where kind = 'KINSHIP') as kinship,
            bool_or(is_positive) filter (where kind = 'CARD') as card,
            bool_or(is_positive and visited_on is null) as unvisited
        from filing where is_current group by household_id
    ) f on f.household_id = c.household_id
    where c.state = 'ACTIVE' and exists (
        select from member m
        where m.household_id = c.household_id and (m.valid_to is null or m.valid_to >= cast(:today as date))
        and not exists (select from kernel.effect e where e.object_kind = 'member' and e.kind = 'end_share'
            and e.object_id = m.id and e.annulled_at is null)
    )
    group by 1 order by 1
""")
