"""The queue over HTTP."""

from services.eldercare.elders import service as elders
from services.eldercare.waiting import service
from services.eldercare.waiting.schemas import SupportFiguresOut, SupportIn, SupportOut, WaitingIn, WaitingOut
from shared.db.problems import Invalid
from shared.ids import PersonId
from shared.web import Page, PageQuery, Router, Unit, paginate, permit

router = Router(prefix="/api/eldercare", tags=["轮候"])


@router.get("/waiting-list")
@permit("waiting", "read", "personal")
async def list_waiting(unit: Unit, page: PageQuery) -> Page[WaitingOut]:
    """床位轮候名单，按法定优先次序和登记先后排列。"""
    found = await paginate(unit, service.queue(), service.QUEUE_ORDER, page, WaitingOut.model_validate)
    unit.note(subjects=[item.person_id for item in found.items], count=len(found.items))
    return found


@router.post("/waiting-list", status_code=201)
@permit("waiting", "write", "personal")
async def join_waiting(body: WaitingIn, unit: Unit) -> WaitingOut:
    """登记轮候；次序由规则确定。"""
    entry = await service.enqueue(unit, await elders.living(unit, body.person_id))
    unit.note(subjects=[entry.person_id])
    return WaitingOut.model_validate(entry)


@router.get("/waiting-list/support-figures")
@permit("waiting", "figures")
async def support_figures(unit: Unit) -> SupportFiguresOut:
    """特困老年人集中供养：有意愿的和已安排的人数。"""
    return SupportFiguresOut.of(await service.support_figures(unit))


@router.post("/waiting-list/{entry_id}/withdraw")
@permit("waiting", "write", "personal")
async def withdraw_waiting(entry_id: str, unit: Unit) -> WaitingOut:
    """退出轮候。"""
    entry = await service.withdraw(unit, entry_id)
    unit.note(subjects=[entry.person_id])
    return WaitingOut.model_validate(entry)


@router.post("/elders/{person_id}/support-choice")
@permit("waiting", "write", "personal")
async def choose_support(person_id: PersonId, body: SupportIn, unit: Unit) -> SupportOut:
    """登记特困老年人的供养意愿；愿意集中供养的即行轮候并限期安排床位。"""
    if body.asked_on > unit.today:
        raise Invalid("date_in_future", "询问日期晚于今天", field="askedOn")
    choice = await service.choose_support(
        unit, person_id, body.support, body.asked_on, cannot_care_for_self=body.cannot_care_for_self
    )
    unit.note(subjects=[person_id])
    return SupportOut.model_validate(choice)
