"""The file over HTTP."""

from services.eldercare.elder_file import service
from services.eldercare.elder_file.schemas import ElderFileOut
from shared.ids import PersonId
from shared.security.masking import Grade
from shared.web import Router, Unit, permit

router = Router(prefix="/api/eldercare/elders", tags=["老年人"])


@router.get("/{person_id}")
@permit("elder", "read_file", "personal", reveal=Grade.L3)
async def get_elder_file(person_id: PersonId, unit: Unit) -> ElderFileOut:
    """老年人一人一档：身份、居住、能力、补贴、床位、服务、设备、亲属。"""
    unit.note(subjects=[person_id])
    return await service.compose(unit, person_id)
