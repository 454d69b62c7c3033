"""Words to the family when it is its turn, or when it has been decided. They name no facts: those are in the letter."""

from __future__ import annotations

from services.relief.applications.tables import Application
from services.relief.benefits.rules import TITLES
from shared import notices
from shared.db.unit import UnitOfWork
from shared.notices.service import Channel

CORRECTION, DECIDED = "relief.application-correction", "relief.application-decided"

_CONTEST = (
    "理由、法律依据以及申请行政复议、提起行政诉讼的期限见书面决定，书面决定由乡镇（街道）送达，也可以在申请页面查看。"
)


async def ask_for_papers(unit: UnitOfWork, application: Application) -> None:
    """Something is missing."""
    await _tell(unit, application, CORRECTION, "您家的救助申请需要补正材料，内容已一次性列明，请在申请页面查看并补交。")


async def tell_decision(unit: UnitOfWork, application: Application) -> None:
    """Granted: in the app. Refused or ended: on paper as well (MLG 21)."""
    if application.state == "APPROVED":
        words = f"您家的救助申请已经确认，类别为{TITLES[application.kind]}，核定理由可以在申请页面逐条查看。"
        await _tell(unit, application, DECIDED, words)
        return
    ending = "不予确认" if application.state == "REJECTED" else "终止审核"
    await _tell(unit, application, DECIDED, f"您家的救助申请{ending}。{_CONTEST}", "PAPER")
    await _tell(unit, application, DECIDED, f"您家的救助申请{ending}。{_CONTEST}")


async def _tell(
    unit: UnitOfWork, application: Application, template: str, words: str, channel: Channel = "IN_APP"
) -> None:
    await notices.send(
        unit,
        person_id=application.applicant_id,
        template=template,
        text=words,
        area_code=application.area_code,
        case_id=application.id,
        channel=channel,
    )
