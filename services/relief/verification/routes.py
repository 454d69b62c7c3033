"""Verifications over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from services.relief.desk import PersonKeyOf
from services.relief.filters import Filters
from services.relief.verification import service
from services.relief.verification.schemas import (
    AuthorisationIn,
    ClosingIn,
    LineOut,
    PaperIn,
    RecheckIn,
    SourceIn,
    State,
    StepOut,
    VerificationIn,
    VerificationItem,
    VerificationOut,
    WordsIn,
    verification_out,
)
from services.relief.verification.service import FILES, Verification, VerificationLine, VerificationStep
from shared.files import StoredFile
from shared.ids import UuidStr
from shared.security.masking import Grade
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.files import (
    FILE_ANSWER,
    FILE_BODY,
    FileContent,
    FileItem,
    FileKept,
    FileName,
    file_answer,
)

router = Router(prefix="/api/relief/verifications", tags=["家庭经济状况核对"])


class VerificationQuery(Filters):
    """The declared filters of the list."""

    state: State | None = None
    household_id: UuidStr | None = None
    application_id: UuidStr | None = None


class ReportQuery(Filters):
    """Of the report in the clear."""

    reason: Annotated[str, Query(max_length=200, description="查看完整信息的理由")] = ""


@router.get("")
@permit("verification", "read", "personal")
async def list_verifications(unit: Unit, query: Annotated[VerificationQuery, Query()]) -> Page[VerificationItem]:
    """家庭经济状况核对。"""
    statement = service.listing(state=query.state, household_id=query.household_id, application_id=query.application_id)
    page = await paginate(unit, statement, [Verification.id], query, VerificationItem.model_validate)
    unit.note(subjects=[item.applicant_id for item in page.items], count=len(page.items))
    return page


@router.post("", status_code=201)
@permit("verification", "open", "personal")
async def open_verification(body: VerificationIn, unit: Unit, key: PersonKeyOf) -> VerificationOut:
    """发起核对；全部成年成员的授权齐备时一键向所有来源查询。"""
    return await _out(unit, await service.open_verification(unit, body.to_new(key)))


@router.get("/{verification_id}")
@permit("verification", "read", "personal")
async def get_verification(verification_id: UuidStr, unit: Unit) -> VerificationOut:
    """核对的进展：各来源的状态，部分或完整的结果。"""
    return await _out(unit, await unit.get(Verification, verification_id))


@router.post("/{verification_id}/authorisations")
@permit("verification", "sign", "personal")
async def authorise_verification(
    verification_id: UuidStr, body: AuthorisationIn, unit: Unit, key: PersonKeyOf
) -> VerificationOut:
    """签署核对授权：成年人本人签署，未成年人由成年家庭成员代签。"""
    signatures = [one.to_signature(key) for one in body.authorisations]
    return await _out(unit, await service.authorise(unit, verification_id, signatures))


@router.post("/{verification_id}/run")
@permit("verification", "run", "personal")
async def run_verification(verification_id: UuidStr, unit: Unit) -> VerificationOut:
    """一键核对：同时向所有来源查询，各有时限；不可用的来源恢复后自动补齐。"""
    return await _out(unit, await service.run(unit, verification_id))


@router.post("/{verification_id}/withdraw")
@permit("verification", "sign", "personal")
async def withdraw_authorisation(verification_id: UuidStr, body: WordsIn, unit: Unit) -> VerificationOut:
    """报告前撤回授权：停止查询，核对终止。"""
    return await _out(unit, await service.withdraw(unit, verification_id, body.reason))


@router.get("/{verification_id}/lines")
@permit("verification", "read", "personal")
async def list_verification_lines(
    verification_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]
) -> Page[LineOut]:
    """核对结果，数值隐去；居民只看到本人的。"""
    return await _lines(unit, verification_id, query)


@router.get("/{verification_id}/report")
@permit("verification", "reveal", "unmask")
async def get_verification_report(
    verification_id: UuidStr, unit: Unit, query: Annotated[ReportQuery, Query()]
) -> Page[LineOut]:
    """核对结果的完整数值，须说明理由，留痕。"""
    return await _lines(unit, verification_id, query)


async def _lines(unit: Unit, verification_id: str, query: Filters) -> Page[LineOut]:
    verification = await unit.get(Verification, verification_id)
    page = await paginate(
        unit, service.lines(verification_id), [VerificationLine.id], query, lambda row: LineOut.of(unit, row)
    )
    subjects = [verification.applicant_id, *(item.holder_id for item in page.items)]
    unit.note(subjects=subjects, case_id=verification_id, count=len(page.items))
    return page


@router.get("/{verification_id}/steps")
@permit("verification", "read", "personal")
async def list_verification_steps(
    verification_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]
) -> Page[StepOut]:
    """核对的过程。"""
    verification = await unit.get(Verification, verification_id)
    unit.note(subjects=[verification.applicant_id], case_id=verification_id)
    return await paginate(unit, service.steps(verification_id), [VerificationStep.seq], query, StepOut.model_validate)


@router.post("/{verification_id}/ask")
@permit("verification", "run", "personal")
async def ask_source_again(verification_id: UuidStr, body: SourceIn, unit: Unit) -> VerificationOut:
    """再次查询没有结果的来源。"""
    return await _out(unit, await service.ask_again(unit, verification_id, body.source))


@router.post("/{verification_id}/paper")
@permit("verification", "correct", "personal")
async def answer_for_source(verification_id: UuidStr, body: PaperIn, unit: Unit) -> VerificationOut:
    """来源长期不可用时，按其出具的书面证明登记结果。"""
    return await _out(unit, await service.answer_by_hand(unit, verification_id, body.to_paper()))


@router.post("/{verification_id}/close")
@permit("verification", "correct", "personal")
async def close_source(verification_id: UuidStr, body: ClosingIn, unit: Unit) -> VerificationOut:
    """说明理由后不再等待该来源；报告注明缺项。"""
    return await _out(unit, await service.close_source(unit, verification_id, body.source, body.reason))


@router.post("/{verification_id}/objection")
@permit("verification", "object", "personal")
async def object_to_report(verification_id: UuidStr, body: WordsIn, unit: Unit) -> VerificationOut:
    """对核对结果提出异议（须先提交证明材料），十个工作日内复核。"""
    return await _out(unit, await service.object_to_report(unit, verification_id, body.reason))


@router.post("/{verification_id}/recheck")
@permit("verification", "correct", "personal")
async def recheck_verification(verification_id: UuidStr, body: RecheckIn, unit: Unit) -> VerificationOut:
    """复核：再次查询有异议的来源，或按证明材料更正。"""
    return await _out(unit, await service.recheck(unit, verification_id, body.ask, body.papers()))


@router.post("/{verification_id}/files", status_code=201, openapi_extra=FILE_BODY)
@permit("verification", "object", "personal", takes_file=True)
async def add_verification_file(
    verification_id: UuidStr, unit: Unit, name: FileName, content: FileContent, response: Response
) -> FileKept:
    """提交证明材料（PDF、JPEG、PNG）。"""
    file, is_new = await service.keep_file(unit, verification_id, content, name)
    response.status_code = 201 if is_new else 200
    unit.note(case_id=verification_id)
    return FileKept(file_id=file.id, media_type=file.media_type, size=file.size, is_new=is_new)


@router.get("/{verification_id}/files")
@permit("verification", "read", "personal")
async def list_verification_files(
    verification_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]
) -> Page[FileItem]:
    """证明材料。"""
    verification = await unit.get(Verification, verification_id)
    unit.note(subjects=[verification.applicant_id], case_id=verification_id)
    rows = FILES.listing(verification_id)
    return await paginate(unit, rows, [StoredFile.id], query, lambda file: FileItem.of(unit, file))


@router.get("/{verification_id}/files/{file_id}", response_class=Response, responses=FILE_ANSWER)
@permit("verification", "read", "personal", reveal=Grade.L4)
async def get_verification_file(verification_id: UuidStr, file_id: UuidStr, unit: Unit) -> Response:
    """一份证明材料。"""
    verification = await unit.get(Verification, verification_id)
    unit.note(subjects=[verification.applicant_id], case_id=verification_id)
    return file_answer(unit, *await FILES.read(unit, verification_id, file_id))


async def _out(unit: Unit, verification: Verification) -> VerificationOut:
    unit.note(subjects=[verification.applicant_id], case_id=verification.id)
    return await verification_out(unit, verification)
