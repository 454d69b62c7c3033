"""Words to whoever was helped or refused. They name no facts."""

from __future__ import annotations

from services.relief.temporary.tables import TemporaryCase
from shared import notices
from shared.db.unit import UnitOfWork
from shared.notices.service import Channel

PAID, REFUSED = "relief.temporary-paid", "relief.temporary-refused"


async def tell_paid(unit: UnitOfWork, case: TemporaryCase) -> None:
    """Money or goods have been handed over; of an urgent case the papers are still to come."""
    words = "您申请的临时救助款物已经发放。"
    if case.papers_due_on is not None:
        words += f"请在{case.papers_due_on.isoformat()}前到乡镇（街道）补齐手续。"
    await _tell(unit, case, PAID, words)


async def tell_refused(unit: UnitOfWork, case: TemporaryCase) -> None:
    """In the app, and on paper."""
    words = "您申请的临时救助未予批准，理由、法律依据以及申请行政复议、提起行政诉讼的期限见书面决定。"
    await _tell(unit, case, REFUSED, words, "PAPER")
    await _tell(unit, case, REFUSED, words)


async def _tell(unit: UnitOfWork, case: TemporaryCase, template: str, words: str, channel: Channel = "IN_APP") -> None:
    await notices.send(
        unit,
        person_id=case.person_id,
        template=template,
        text=words,
        area_code=case.area_code,
        case_id=case.id,
        channel=channel,
    )
