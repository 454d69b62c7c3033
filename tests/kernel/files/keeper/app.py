"""The keeper's table of contents: a box takes files and gives them out; a label is an ordinary body."""

from pathlib import Path

from starlette.responses import Response

from shared.files import DatabaseStore, Files, Owner
from shared.service import ServiceSpec
from shared.web import Router, Unit, Wire, permit
from shared.web.files import FILE_ANSWER, FILE_BODY, FileContent, FileKept, FileName, file_answer

FILES = Files("box", DatabaseStore())
AREA, HOUSE, PERSON = "330903100201", "org-home", "p1" + "a" * 26

router = Router(prefix="/api/keeper/boxes", tags=["boxes"])


class Label(Wire):
    text: str


def owner(box_id: str) -> Owner:
    return Owner(id=box_id, area_code=AREA, org_id=HOUSE, person_id=PERSON)


@router.post("/{box_id}/files", status_code=201, openapi_extra=FILE_BODY)
@permit("box", "fill", "personal", takes_file=True)
async def fill(box_id: str, unit: Unit, name: FileName, content: FileContent, response: Response) -> FileKept:
    file, is_new = await FILES.keep(unit, owner(box_id), content, name=name, kind="thing")
    response.status_code = 201 if is_new else 200
    return FileKept(file_id=file.id, media_type=file.media_type, size=file.size, is_new=is_new)


@router.get("/{box_id}/files/{file_id}", response_class=Response, responses=FILE_ANSWER)
@permit("box", "look", "personal")
async def look(box_id: str, file_id: str, unit: Unit) -> Response:
    return file_answer(unit, *await FILES.read(unit, box_id, file_id))


@router.post("/{box_id}/label")
@permit("box", "label")
async def label(box_id: str, body: Label) -> Label:
    return body


SPEC = ServiceSpec(name="keeper", title="箱", folder=Path(__file__).parent, rooms=[router])
