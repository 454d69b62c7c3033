"""The sender's table of contents: one route, by which a clerk writes to anybody."""

from pathlib import Path

from shared import notices
from shared.service import ServiceSpec
from shared.web import Router, Unit, Wire, permit

router = Router(prefix="/api/sender", tags=["letters"])


class Letter(Wire):
    person_id: str
    area_code: str
    text: str


@router.post("/letters", status_code=201)
@permit("letter", "write")
async def write(body: Letter, unit: Unit) -> Letter:
    await notices.send(
        unit, person_id=body.person_id, template="sender.letter", text=body.text, area_code=body.area_code
    )
    return body


SPEC = ServiceSpec(name="sender", title="来信", folder=Path(__file__).parent, rooms=[router], sends_notices=True)
