"""Words to the family: to sign, and to speak when the report is against it. They name no facts."""

from __future__ import annotations

from collections.abc import Iterable

from services.relief.verification.tables import Verification, VerificationSubject
from shared import notices
from shared.db.unit import UnitOfWork

SIGN, OVER = "relief.verification-sign", "relief.verification-over"


async def ask_to_sign(unit: UnitOfWork, verification: Verification, subjects: Iterable[VerificationSubject]) -> None:
    """Every adult of the family who has not signed."""
    words = "您家的救助申请需要核对家庭经济状况，请在核对页面或到乡镇（街道）窗口签署授权；全部成年成员签署后才会查询。"
    for one in subjects:
        if one.is_adult and one.role == "MEMBER" and one.signed_on is None:
            await _tell(unit, verification, one.person_id, SIGN, words)


async def tell_over(unit: UnitOfWork, verification: Verification) -> None:
    """The report says that the family owns more than is allowed: it may object, with papers (MLG 18)."""
    words = "您家的家庭经济状况核对已有结果，财产状况超出规定。如有异议，请在核对页面查看并提交证明材料，申请复核。"
    await _tell(unit, verification, verification.applicant_id, OVER, words)


async def _tell(unit: UnitOfWork, verification: Verification, person_id: str, template: str, words: str) -> None:
    await notices.send(
        unit,
        person_id=person_id,
        template=template,
        text=words,
        area_code=verification.area_code,
        case_id=verification.id,
    )
