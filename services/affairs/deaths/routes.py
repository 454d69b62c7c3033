"""Death cases over HTTP."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from services.affairs.cases import service as cases
from services.affairs.cases.service import CaseState
from services.affairs.deaths import deciding, evidence, papers, reporting, revoking, service
from services.affairs.deaths.schemas import (
    AssessmentOut,
    CaseItem,
    CaseOut,
    ConfirmIn,
    ConfirmOut,
    DecisionOut,
    EvidenceAccepted,
    EvidenceIn,
    EvidenceOut,
    ReasonIn,
    ReportAccepted,
    ReportIn,
    RevocationOut,
    RevokeIn,
    SourceOut,
    Standing,
    case_fields,
)
from services.affairs.desk import PersonKeyOf
from shared.db.principals import Scope
from shared.db.problems import Invalid
from shared.ids import PersonId, UuidStr
from shared.security.masking import Grade
from shared.web import Page, PageQuery, Router, Unit, paginate, permit
from shared.web.files import FILE_ANSWER, FILE_BODY, FileContent, FileItem, FileKept, FileName, file_answer
from shared.web.paging import PageParameters
from shared.web.problems import problem_response

router = Router(prefix="/api/affairs/deaths", tags=["死亡个案"])

CaseId = Annotated[UuidStr, Path()]


class CaseQuery(PageParameters):
    """The declared filters of the list."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    person_id: PersonId | None = None
    state: CaseState | None = None
    needs_follow_up: bool | None = None


@router.get("")
@permit("death_case", "read", "personal")
async def list_deaths(unit: Unit, query: Annotated[CaseQuery, Query()]) -> Page[CaseItem]:
    """Death cases of the caller's rows, the newest first; a resident sees those of her relatives."""
    statement = cases.listing(person_id=query.person_id, state=query.state, needs_follow_up=query.needs_follow_up)
    page = await paginate(unit, statement, [cases.DeathCase.id], query, CaseItem.of, descending=True)
    unit.note(subjects=sorted({item.person_id for item in page.items}), count=len(page.items))
    return page


@router.post("", status_code=201)
@permit("death_case", "report", "personal")
async def report_death_case(body: ReportIn, unit: Unit, key: PersonKeyOf, response: Response) -> ReportAccepted:
    """Report a death. It opens a case or joins the one that stands, and stops nothing (domain §10)."""
    if (body.person_id is None) == (body.id_number is None):
        raise Invalid("person_required", "人员标识和公民身份号码须填写其中一项", field="personId")
    person_id = body.person_id or key.id_for(body.id_number or "")
    case, is_new = await reporting.take_down(
        unit,
        person_id,
        source=body.source,
        source_unit=body.source_unit or "",
        death_date=body.death_date,
        place=body.place,
        note=body.note or "",
        cause_case_id=body.cause_case_id,
    )
    response.status_code = 201 if is_new else 200
    return ReportAccepted(case_id=case.id, person_id=case.person_id, state=CaseState(case.state), is_new=is_new)


@router.get("/{case_id}")
@permit("death_case", "read", "personal")
async def get_death(case_id: CaseId, unit: Unit) -> CaseOut:
    """A case with what it rests on; relatives and institutions see how it stands."""
    case = await cases.get(unit, case_id)
    unit.note(subjects=[case.person_id], case_id=case.id)
    plain = CaseOut(**case_fields(case), cause_case_id=case.cause_case_id)
    if unit.principal.scope is not Scope.AREA:
        return plain
    ground = await service.ground(unit, case)
    errors = await service.errors_of(unit, [one.reporter_id for one in ground.sources])
    return plain.model_copy(
        update={
            "assessment": AssessmentOut.of(ground),
            "sources": [SourceOut.of(one, errors) for one in ground.sources],
            "evidence": [EvidenceOut.of(unit, one) for one in ground.evidence],
            "revocations": [RevocationOut.of(one) for one in await service.revocations_of(unit, case.id)],
        }
    )


@router.post("/{case_id}/evidence", status_code=201)
@permit("death_case", "evidence", "personal")
async def give_evidence(case_id: CaseId, body: EvidenceIn, unit: Unit, key: PersonKeyOf) -> EvidenceAccepted:
    """Hand in a paper, or the word of someone who saw the person alive (SEEN_ALIVE)."""
    row, ground = await evidence.give(unit, key, case_id, body.to_new())
    case = await cases.get(unit, case_id)
    return EvidenceAccepted(
        evidence_id=row.id,
        case_id=case.id,
        matches=row.matches,
        state=CaseState(case.state),
        assessment=AssessmentOut.of(ground),
    )


@router.post("/{case_id}/files", status_code=201, openapi_extra=FILE_BODY)
@permit("death_file", "add", "personal", takes_file=True)
async def add_death_file(
    case_id: CaseId, unit: Unit, name: FileName, content: FileContent, response: Response
) -> FileKept:
    """Hand in a paper as a file: the body is the file (PDF, JPEG or PNG). The same bytes again are the same file."""
    file, is_new = await papers.add(unit, case_id, content, name)
    response.status_code = 201 if is_new else 200
    return FileKept(file_id=file.id, media_type=file.media_type, size=file.size, is_new=is_new)


@router.get("/{case_id}/files")
@permit("death_file", "read", "personal")
async def list_death_files(case_id: CaseId, unit: Unit, page: PageQuery) -> Page[FileItem]:
    """The files of a case, oldest first."""
    statement = await papers.listing(unit, case_id)
    found = await paginate(unit, statement, [papers.StoredFile.id], page, lambda file: FileItem.of(unit, file))
    unit.note(count=len(found.items))
    return found


@router.get("/{case_id}/files/{file_id}", response_class=Response, responses=FILE_ANSWER)
@permit("death_file", "read", "personal", reveal=Grade.L4)
async def get_death_file(case_id: CaseId, file_id: Annotated[UuidStr, Path()], unit: Unit) -> Response:
    """One file as a download."""
    file, content = await papers.read(unit, case_id, file_id)
    return file_answer(unit, file, content)


@router.post("/{case_id}/evidence/{evidence_id}/withdraw")
@permit("death_case", "evidence", "personal")
async def withdraw_evidence(
    case_id: CaseId, evidence_id: Annotated[UuidStr, Path()], body: ReasonIn, unit: Unit
) -> Standing:
    """Take back a piece of evidence that turned out wrong; only before the confirmation."""
    ground = await evidence.withdraw(unit, case_id, evidence_id, body.reason)
    return Standing(
        case_id=case_id, state=CaseState((await cases.get(unit, case_id)).state), assessment=AssessmentOut.of(ground)
    )


@router.post("/{case_id}/sources/{source_id}/withdraw")
@permit("death_case", "evidence", "personal")
async def withdraw_source(
    case_id: CaseId, source_id: Annotated[UuidStr, Path()], body: ReasonIn, unit: Unit
) -> Standing:
    """Take back a report that turned out wrong in itself; only before the confirmation."""
    ground = await evidence.withdraw_source(unit, case_id, source_id, body.reason)
    return Standing(
        case_id=case_id, state=CaseState((await cases.get(unit, case_id)).state), assessment=AssessmentOut.of(ground)
    )


@router.post("/{case_id}/confirm", responses={202: {"model": ConfirmOut, "description": "还需另一名经办人员确认"}})
@permit("death_case", "confirm", "personal")
async def confirm_death(case_id: CaseId, body: ConfirmIn, unit: Unit, response: Response) -> ConfirmOut:
    """Confirm the death. Where two officers are needed the first one's word answers 202."""
    decision = await deciding.confirm(unit, case_id, body.death_date)
    if decision.refusal is not None:
        # Answered, not raised: that the case is being verified now must stay.
        unit.note(outcome="refused", code=decision.refusal.code)
        return problem_response(decision.refusal, unit.trace_id)  # type: ignore[return-value]
    response.status_code = 200 if decision.is_confirmed else 202
    found = decision.assessment
    return ConfirmOut(
        case_id=case_id,
        state=CaseState(decision.case.state),
        death_date=body.death_date,
        is_confirmed=decision.is_confirmed,
        officers_needed=found.officers,
        officers_confirmed=len(decision.officers),
        reasons=list(found.reasons),
        missing=list(found.missing),
    )


@router.post("/{case_id}/dismiss")
@permit("death_case", "dismiss", "personal")
async def dismiss_death(case_id: CaseId, body: ReasonIn, unit: Unit) -> DecisionOut:
    """The report was wrong, and nothing was confirmed."""
    case = await deciding.dismiss(unit, case_id, body.reason)
    return DecisionOut(case_id=case.id, state=CaseState(case.state))


@router.post("/{case_id}/revoke", status_code=202)
@permit("death_case", "revoke", "personal")
async def request_revocation(case_id: CaseId, body: RevokeIn, unit: Unit) -> DecisionOut:
    """Ask that a confirmed death be undone; a second person decides."""
    case, asked = await revoking.request(unit, case_id, body.reason, body.evidence)
    return DecisionOut(case_id=case.id, state=CaseState(case.state), revocation=RevocationOut.of(asked))


@router.post("/{case_id}/revoke/approve")
@permit("death_case", "approve", "personal")
async def approve_revocation(case_id: CaseId, unit: Unit) -> DecisionOut:
    """The second person agrees: everything the case caused is undone."""
    case, asked = await revoking.approve(unit, case_id)
    return DecisionOut(case_id=case.id, state=CaseState(case.state), revocation=RevocationOut.of(asked))


@router.post("/{case_id}/revoke/decline")
@permit("death_case", "approve", "personal")
async def decline_revocation(case_id: CaseId, body: ReasonIn, unit: Unit) -> DecisionOut:
    """The second person does not agree: the case stands."""
    case, asked = await revoking.decline(unit, case_id, body.reason)
    return DecisionOut(case_id=case.id, state=CaseState(case.state), revocation=RevocationOut.of(asked))
