"""Declarations on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from services.relief.filings import service
from services.relief.filings.rules import TITLES
from services.relief.filings.service import Declaration, Filing, FilingParty, Party
from shared.db.unit import UnitOfWork
from shared.ids import PersonId, UuidStr
from shared.security.masking import PersonName, PersonNameIn
from shared.web import Wire
from shared.web.wire import LongText, ShortText

FilingKind = Literal["KINSHIP", "CARD"]
Duty = Literal["RELIEF_STAFF", "VILLAGE_CADRE", "OTHER"]
Kinship = Literal["SPOUSE", "PARENT", "CHILD", "SIBLING", "GRANDPARENT", "GRANDCHILD", "OTHER"]


class PartyIn(Wire):
    """The relative on duty, or who keeps the card. `personId` where known: she may not handle this family."""

    member_id: UuidStr
    name: PersonNameIn
    duty: Duty
    relation: Kinship
    unit_name: ShortText
    person_id: PersonId | None = None

    def to_party(self) -> Party:
        """As the service takes it."""
        return Party(self.member_id, self.name, self.duty, self.relation, self.unit_name, self.person_id or "")


class FilingIn(Wire):
    """A declaration; whether there is such a relative or keeper or not, it is made."""

    kind: FilingKind
    is_positive: Annotated[bool, Field(description="有近亲属任职／银行卡由他人代管")]
    declared_by: PersonId
    declared_on: date
    parties: Annotated[list[PartyIn], Field(max_length=20)] = []
    agreement_no: Annotated[str, Field(max_length=60)] = ""
    agreement_on: date | None = None

    def to_declaration(self) -> Declaration:
        """As the service takes it."""
        return Declaration(
            self.kind,
            self.is_positive,
            self.declared_by,
            self.declared_on,
            [party.to_party() for party in self.parties],
            self.agreement_no,
            self.agreement_on,
        )


class FilingVisitIn(Wire):
    """The district was at the house."""

    visited_on: date
    visitors: Annotated[list[PersonNameIn], Field(min_length=1, max_length=20)]
    finding: LongText


class PartyOut(Wire):
    """Somebody who is named."""

    member_id: str
    name: PersonName
    duty: Duty
    relation: Kinship
    unit_name: str


class FilingOut(Wire):
    """A declaration as it is filed with the district."""

    id: UuidStr
    household_id: str
    kind: FilingKind
    title: str
    is_positive: bool
    is_current: bool
    agreement_no: str
    agreement_on: date | None
    declared_by: str
    declared_on: date
    filed_at: datetime
    visited_on: date | None
    visit_finding: str
    parties: list[PartyOut]

    @classmethod
    def of(cls, unit: UnitOfWork, filing: Filing, parties: Sequence[FilingParty]) -> FilingOut:
        named = [PartyOut.of_row(party, name=service.name_of(unit, party)) for party in parties]
        return cls.of_row(filing, title=TITLES[filing.kind], parties=named)


class UnfiledItem(Wire):
    """A running benefit whose family has still to declare."""

    case_id: str
    household_id: str
    area_code: str
    applicant_id: str
    missing: list[FilingKind]


class CoverageRow(Wire):
    """A town. `share` is a percentage with two decimals, of running benefits."""

    area_code: str
    running: int
    filed: int
    relatives: int
    cards: int
    unvisited: Annotated[int, Field(description="申报“有”而区民政局尚未入户核查的")]
    share: Annotated[str | None, Field(description="两项备案齐全的比例，百分数；没有待遇时为空")]


class CoverageOut(Wire):
    """X-02: the share of running benefits with both filings, in all and by town."""

    running: int
    filed: int
    share: str | None
    areas: list[CoverageRow]

    @classmethod
    def of(cls, rows: Sequence[service.Coverage]) -> CoverageOut:
        running, filed = sum(row.running for row in rows), sum(row.filed for row in rows)
        return cls(
            running=running,
            filed=filed,
            share=_share(filed, running),
            areas=[CoverageRow.of_row(row, share=_share(row.filed, row.running)) for row in rows],
        )


def _share(part: int, whole: int) -> str | None:
    """Down to two decimals: what is not all is never told as 100.00."""
    if whole == 0:
        return None
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def filings_out(
    unit: UnitOfWork, filings: Sequence[Filing], parties: Mapping[str, Sequence[FilingParty]]
) -> list[FilingOut]:
    """Each with those it names."""
    return [FilingOut.of(unit, filing, parties.get(filing.id, ())) for filing in filings]
