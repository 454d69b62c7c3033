"""Papers over HTTP."""

from typing import Annotated, Literal

from fastapi import Query, Response

from services.relief.papers import service
from shared.ids import UuidStr
from shared.security.masking import Grade
from shared.web import Page, PageQuery, Router, Unit, paginate, permit
from shared.web.files import FILE_ANSWER, FILE_BODY, FileContent, FileItem, FileKept, FileName, file_answer

router = Router(prefix="/api/relief/applications/{application_id}/files", tags=["申请材料"])

Paper = Literal["SIGNED_FORM", "AUTHORISATION", "CERTIFICATE", "AGREEMENT", "SURVEY_PHOTO", "OTHER"]


@router.post("", status_code=201, openapi_extra=FILE_BODY)
@permit("application_file", "add", "personal", takes_file=True)
async def add_application_file(
    application_id: UuidStr,
    unit: Unit,
    name: FileName,
    content: FileContent,
    response: Response,
    kind: Annotated[Paper, Query()] = "OTHER",
) -> FileKept:
    """上传材料：请求体即文件（PDF、JPEG、PNG）；家庭签署和提交的材料本人可见，入户照片等仅工作人员可见。"""
    file, is_new = await service.add(unit, application_id, content, name=name, kind=kind)
    response.status_code = 201 if is_new else 200
    return FileKept(file_id=file.id, media_type=file.media_type, size=file.size, is_new=is_new)


@router.get("")
@permit("application_file", "read", "personal")
async def list_application_files(application_id: UuidStr, unit: Unit, page: PageQuery) -> Page[FileItem]:
    """申请材料，按上传先后。"""
    statement = await service.listing(unit, application_id)
    found = await paginate(unit, statement, [service.StoredFile.id], page, lambda file: FileItem.of(unit, file))
    unit.note(count=len(found.items))
    return found


@router.get("/{file_id}", response_class=Response, responses=FILE_ANSWER)
@permit("application_file", "read", "personal", reveal=Grade.L4)
async def get_application_file(application_id: UuidStr, file_id: UuidStr, unit: Unit) -> Response:
    """下载一份材料。"""
    file, content = await service.read(unit, application_id, file_id)
    return file_answer(unit, file, content)
