"""Death cases on the wire."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema

from services.affairs.cases.service import CaseState
from services.affairs.deaths.evidence import NewEvidence
from services.affairs.deaths.service import DeathCase, DeathEvidence, DeathRevocation, DeathSource, Ground
from shared.db.unit import UnitOfWork
from shared.ids import PersonId, UuidStr
from shared.security.masking import IdNumber, IdNumberIn
from shared.web import Wire
from shared.web.wire import LongText, ShortText

SourceKind = Literal["FAMILY", "VILLAGE", "TOWN", "HOSPITAL", "FUNERAL_HOME", "HOTLINE"]
_KINDS = (
    *("medical_certificate", "health_statement", "police_statement", "court_declaration", "foreign_certificate"),
    *("cremation_certificate", "police_deregistration", "placement_certificate", "seen_alive"),
)
EvidenceKind = Annotated[
    Literal[
        "medical_certificate",
        "health_statement",
        "police_statement",
        "court_declaration",
        "foreign_certificate",
        "cremation_certificate",
        "police_deregistration",
        "placement_certificate",
        "seen_alive",
    ],
    BeforeValidator(lambda kind: kind.lower() if isinstance(kind, str) else kind),
    WithJsonSchema({"type": "string", "enum": [*_KINDS, "SEEN_ALIVE"]}),
]
"""The kinds of the definition, and SEEN_ALIVE; upper or lower case."""


# ── what comes in ────────────────────────────────────────────────────────────────────────────────


class ReportIn(Wire):
    """A report of a death by `personId` or `idNumber`. `sourceUnit` names the hospital, or the funeral home a counter
    takes it down for; `causeCaseId` the mistaken case that led to this one."""

    person_id: PersonId | None = None
    id_number: IdNumberIn | None = None
    source: SourceKind
    source_unit: ShortText | None = None
    death_date: date
    place: ShortText
    note: LongText | None = None
    cause_case_id: UuidStr | None = None


class EvidenceIn(Wire):
    """A piece of evidence. What a kind must say: see the refusal, it names each missing field.

    `onDate`: cremated, deregistered or placed on; `seenOn`: seen alive on. `fileIds`: files of this case that show it.
    """

    kind: EvidenceKind
    id_number: IdNumberIn | None = None
    certificate_no: ShortText | None = None
    death_date: date | None = None
    on_date: date | None = None
    seen_on: date | None = None
    issued_by: Literal["HOSPITAL", "VILLAGE"] | None = None
    issuer: ShortText | None = None
    note: LongText | None = None
    cause_class: Literal["正常死亡", "非正常死亡", "不明"] | None = None
    placement: Literal["公墓", "骨灰堂", "海葬", "树葬", "花葬", "草坪葬", "其他"] | None = None
    file_ids: Annotated[tuple[UuidStr, ...], Field(max_length=20)] = ()

    def to_new(self) -> NewEvidence:
        """For the use case."""
        values = {name: getattr(self, name) for name in NewEvidence.__slots__}
        return NewEvidence(**values | {"on_date": self.on_date or self.seen_on})


class ConfirmIn(Wire):
    """The date the evidence bears out."""

    death_date: date


class ReasonIn(Wire):
    """Why."""

    reason: LongText


class RevokeIn(Wire):
    """Why the confirmation was wrong, and what shows it (the person came with her card, a hospital's correction)."""

    reason: LongText
    evidence: LongText


# ── what goes out ────────────────────────────────────────────────────────────────────────────────


class CaseItem(Wire):
    """A case in a list; `caseId` repeats `id` under the name every other answer uses."""

    id: str
    case_id: str
    person_id: PersonId
    area_code: str
    state: CaseState
    death_date: date
    opened_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    follow_up_at: datetime | None
    version: int

    @classmethod
    def of(cls, case: DeathCase) -> Self:
        """From the row."""
        return cls(**case_fields(case))


class AssessmentOut(Wire):
    """What the confirmation table says now. `officersNeeded` is 0 while the case cannot be confirmed; `missing` are
    kinds of evidence still asked for; the date to confirm lies in `earliest … latest`."""

    is_confirmable: bool
    officers_needed: int
    officers_confirmed: int
    reasons: list[str]
    missing: list[str]
    contradictions: list[str]
    earliest: date | None
    latest: date | None

    @classmethod
    def of(cls, ground: Ground) -> Self:
        """From what the case rests on."""
        found = ground.assessment
        return cls(
            is_confirmable=found.is_confirmable,
            officers_needed=found.officers,
            officers_confirmed=len(ground.confirmations),
            reasons=list(found.reasons),
            missing=list(found.missing),
            contradictions=list(found.contradictions),
            earliest=found.earliest,
            latest=found.latest,
        )


class SourceOut(Wire):
    """A report. `reporterErrors`: mistaken deaths this reporter has reported before."""

    id: str
    kind: str
    unit_id: str
    reporter_id: str
    death_date: date
    place: str
    note: str
    reported_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str
    is_mistaken: bool
    reporter_errors: int

    @classmethod
    def of(cls, source: DeathSource, errors: Mapping[str, int]) -> Self:
        """From the row."""
        return cls(**fields_of(cls, source) | {"reporter_errors": errors.get(source.reporter_id, 0)})


class EvidenceOut(Wire):
    """A piece of evidence. `matches`: its ID number is the person's; null when it names none."""

    id: str
    kind: str
    id_number: IdNumber | None
    has_certificate_no: bool
    matches: bool | None
    issuer: str
    death_date: date | None
    on_date: date | None
    note: str
    file_ids: list[str]
    given_by: str
    given_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str

    @classmethod
    def of(cls, unit: UnitOfWork, row: DeathEvidence) -> Self:
        """From the row; the number is masked at serialisation."""
        number = unit.vault.open(DeathEvidence, "id_number", row.id, row.id_number) if row.id_number else None
        shown = {"id_number": number, "has_certificate_no": row.certificate_no is not None}
        return cls(**fields_of(cls, row) | shown)


class RevocationOut(Wire):
    """A request to undo the case, to be decided by `dueAt`."""

    id: str
    state: Literal["REQUESTED", "APPROVED", "DECLINED"]
    reason: str
    evidence: str
    requested_by: str
    requested_at: datetime
    due_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str

    @classmethod
    def of(cls, row: DeathRevocation) -> Self:
        """From the row."""
        return cls(**fields_of(cls, row))


class CaseOut(CaseItem):
    """A case. What it rests on is shown to the staff of its area only."""

    cause_case_id: str | None
    assessment: AssessmentOut | None = None
    sources: list[SourceOut] = Field(default_factory=list)
    evidence: list[EvidenceOut] = Field(default_factory=list)
    revocations: list[RevocationOut] = Field(default_factory=list)


class ReportAccepted(Wire):
    """The case the report opened (201) or joined (200)."""

    case_id: str
    person_id: PersonId
    state: CaseState
    is_new: bool


class EvidenceAccepted(Wire):
    """The evidence, and how the case stands with it."""

    evidence_id: str
    case_id: str
    matches: bool | None
    state: CaseState
    assessment: AssessmentOut


class Standing(Wire):
    """How the case stands after something was withdrawn."""

    case_id: str
    state: CaseState
    assessment: AssessmentOut


class ConfirmOut(Wire):
    """200: confirmed. 202: `officersNeeded` different officers must say so, `officersConfirmed` have."""

    case_id: str
    state: CaseState
    death_date: date
    is_confirmed: bool
    officers_needed: int
    officers_confirmed: int
    reasons: list[str]
    missing: list[str]


class DecisionOut(Wire):
    """How the case stands after a decision."""

    case_id: str
    state: CaseState
    revocation: RevocationOut | None = None


def case_fields(case: DeathCase) -> dict[str, Any]:
    """The row as a list shows it."""
    return fields_of(CaseItem, case) | {"case_id": case.id}


def fields_of(wire: type[Wire], row: Any) -> dict[str, Any]:
    """The columns of a row that the answer has under the same name."""
    return {name: getattr(row, name) for name in wire.model_fields if hasattr(row, name)}
