"""Fieldwork over HTTP."""

from typing import Annotated, Literal

from fastapi import Query, Response

from services.relief.fieldwork import service
from services.relief.fieldwork.schemas import (
    ContractIn,
    ContractOut,
    CoverageOut,
    FieldVisitIn,
    FieldVisitOut,
    ReportIn,
    ResampleIn,
    ResampleOut,
)
from services.relief.fieldwork.service import FILES, FieldResample, FieldVisit, SurveyContract
from services.relief.filters import Filters
from shared.files import StoredFile
from shared.ids import UuidStr
from shared.security.masking import Grade
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.files import FILE_ANSWER, FILE_BODY, FileContent, FileItem, FileKept, FileName, file_answer

router = Router(prefix="/api/relief", tags=["第三方入户调查"])


class ContractQuery(Filters):
    """The declared filters of the list."""

    warned: bool | None = None


class FieldVisitQuery(Filters):
    """The declared filters of the list."""

    state: Literal["ASSIGNED", "SUBMITTED"] | None = None
    household_id: UuidStr | None = None


class ResampleQuery(Filters):
    """The declared filters of the list."""

    is_open: bool | None = None


@router.get("/survey-contracts")
@permit("survey_contract", "read")
async def list_survey_contracts(unit: Unit, query: Annotated[ContractQuery, Query()]) -> Page[ContractOut]:
    """委托合同；warned=true 为已被警告的。"""
    rows = service.contracts(warned=query.warned)
    return await paginate(unit, rows, [SurveyContract.id], query, ContractOut.model_validate)


@router.post("/survey-contracts", status_code=201)
@permit("survey_contract", "make")
async def make_survey_contract(body: ContractIn, unit: Unit) -> ContractOut:
    """登记委托合同。"""
    row = await service.make_contract(unit, body.to_contract())
    unit.note(case_id=row.id)
    return ContractOut.model_validate(row)


@router.post("/survey-contracts/{contract_id}/end")
@permit("survey_contract", "make")
async def end_survey_contract(contract_id: UuidStr, unit: Unit) -> ContractOut:
    """终止委托。"""
    unit.note(case_id=contract_id)
    return ContractOut.model_validate(await service.end_contract(unit, contract_id))


@router.get("/field-visits")
@permit("field_visit", "read", "personal")
async def list_field_visits(unit: Unit, query: Annotated[FieldVisitQuery, Query()]) -> Page[FieldVisitOut]:
    """委托的入户调查；第三方人员只看到本机构的。"""
    rows = service.visits(state=query.state, household_id=query.household_id)
    page = await paginate(unit, rows, [FieldVisit.id], query, lambda row: FieldVisitOut.of(unit, row))
    unit.note(count=len(page.items))
    return page


@router.post("/field-visits", status_code=201)
@permit("field_visit", "assign", "personal")
async def assign_field_visit(body: FieldVisitIn, unit: Unit) -> FieldVisitOut:
    """委托第三方对一户入户调查。"""
    return _out(unit, await service.assign(unit, body.contract_id, body.household_id))


@router.get("/survey-coverage")
@permit("field_visit", "count")
async def count_surveyed(unit: Unit) -> CoverageOut:
    """入户核查覆盖率（目标 100%）：享受待遇的家庭中，近十二个月内由乡镇（街道）、区或第三方入户的比例。"""
    return CoverageOut.of(await service.coverage(unit))


@router.get("/field-visits/{field_visit_id}")
@permit("field_visit", "read", "personal")
async def get_field_visit(field_visit_id: UuidStr, unit: Unit) -> FieldVisitOut:
    """一次入户调查。"""
    return _out(unit, await unit.get(FieldVisit, field_visit_id))


@router.post("/field-visits/{field_visit_id}/photos", status_code=201, openapi_extra=FILE_BODY)
@permit("field_visit", "submit", "personal", takes_file=True)
async def add_field_photo(
    field_visit_id: UuidStr, unit: Unit, name: FileName, content: FileContent, response: Response
) -> FileKept:
    """上传现场照片。"""
    file, is_new = await service.keep_photo(unit, field_visit_id, content, name)
    response.status_code = 201 if is_new else 200
    unit.note(case_id=field_visit_id)
    return FileKept(file_id=file.id, media_type=file.media_type, size=file.size, is_new=is_new)


@router.get("/field-visits/{field_visit_id}/photos")
@permit("field_visit", "read", "personal")
async def list_field_photos(field_visit_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[FileItem]:
    """现场照片。"""
    visit = await unit.get(FieldVisit, field_visit_id)
    unit.note(subjects=[visit.applicant_id], case_id=field_visit_id)
    rows = FILES.listing(field_visit_id)
    return await paginate(unit, rows, [StoredFile.id], query, lambda file: FileItem.of(unit, file))


@router.get("/field-visits/{field_visit_id}/photos/{file_id}", response_class=Response, responses=FILE_ANSWER)
@permit("field_visit", "read", "personal", reveal=Grade.L4)
async def get_field_photo(field_visit_id: UuidStr, file_id: UuidStr, unit: Unit) -> Response:
    """一张现场照片。"""
    visit = await unit.get(FieldVisit, field_visit_id)
    unit.note(subjects=[visit.applicant_id], case_id=field_visit_id)
    return file_answer(unit, *await FILES.read(unit, field_visit_id, file_id))


@router.post("/field-visits/{field_visit_id}/submit")
@permit("field_visit", "submit", "personal")
async def submit_field_visit(field_visit_id: UuidStr, body: ReportIn, unit: Unit) -> FieldVisitOut:
    """提交调查：两人以上、家庭签字、现场照片及拍摄地点。"""
    return _out(unit, await service.submit(unit, field_visit_id, body.to_report()))


@router.get("/field-resamples")
@permit("field_resample", "read")
async def list_field_resamples(unit: Unit, query: Annotated[ResampleQuery, Query()]) -> Page[ResampleOut]:
    """每月抽取的复查。"""
    rows = service.resamples(is_open=query.is_open)
    return await paginate(unit, rows, [FieldResample.id], query, ResampleOut.of)


@router.post("/field-resamples/{resample_id}/look")
@permit("field_resample", "do", "personal")
async def look_again(resample_id: UuidStr, body: ResampleIn, unit: Unit) -> ResampleOut:
    """复查：与原调查比较；一个季度不一致超过规定比例的，对合同作出警告。"""
    row = await service.look_again(
        unit, resample_id, body.to_form(), body.finding, has_taken_place=body.has_taken_place
    )
    unit.note(case_id=resample_id)
    return ResampleOut.of(row)


def _out(unit: Unit, row: FieldVisit) -> FieldVisitOut:
    unit.note(subjects=[row.applicant_id], case_id=row.id)
    return FieldVisitOut.of(unit, row)
