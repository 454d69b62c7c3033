"""Temporary relief over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.desk import PersonKeyOf
from services.relief.filters import Filters
from services.relief.temporary import paying, reserve, service
from services.relief.temporary.schemas import (
    DecisionIn,
    EntryOut,
    Kind,
    OrderIn,
    PapersIn,
    PaymentIn,
    PublishIn,
    RejectionIn,
    RequestOut,
    ReserveIn,
    ReserveOut,
    State,
    StepOut,
    SurveyIn,
    TemporaryIn,
    TemporaryItem,
    TemporaryOut,
    WordsIn,
)
from services.relief.temporary.service import TemporaryCase, TemporaryStep
from services.relief.temporary.tables import Reserve, ReserveEntry, ReserveRequest
from shared.china.areas import AreaCode
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief", tags=["临时救助"])


class TemporaryQuery(Filters):
    """The declared filters of the list."""

    state: State | None = None
    kind: Kind | None = None
    is_late: bool | None = None


class EntryQuery(Filters):
    """The declared filters of the list."""

    area_code: AreaCode | None = None


class RequestQuery(Filters):
    """The declared filters of the list."""

    is_open: bool | None = None


@router.get("/temporary-cases")
@permit("temporary", "read", "personal")
async def list_temporary_cases(unit: Unit, query: Annotated[TemporaryQuery, Query()]) -> Page[TemporaryItem]:
    """临时救助；isLate=true 为决定、款物或手续超期的。"""
    rows = service.listing(state=query.state, kind=query.kind, is_late=query.is_late)
    page = await paginate(unit, rows, [TemporaryCase.id], query, lambda row: TemporaryItem.of(unit, row))
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.post("/temporary-cases", status_code=201)
@permit("temporary", "apply", "personal")
async def apply_for_temporary_relief(body: TemporaryIn, unit: Unit, key: PersonKeyOf) -> TemporaryOut:
    """申请或发现：户籍、常住居民，以及急难发生在本地的其他人员。急难型自此起算时限。"""
    return _out(unit, await service.enter(unit, body.to_case(key)))


@router.get("/temporary-cases/{temporary_id}")
@permit("temporary", "read", "personal")
async def get_temporary_case(temporary_id: UuidStr, unit: Unit) -> TemporaryOut:
    """一件临时救助。"""
    return _out(unit, await unit.get(TemporaryCase, temporary_id))


@router.get("/temporary-cases/{temporary_id}/steps")
@permit("temporary", "read", "personal")
async def list_temporary_steps(temporary_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[StepOut]:
    """办理过程。"""
    case = await unit.get(TemporaryCase, temporary_id)
    unit.note(subjects=[case.person_id], case_id=temporary_id)
    return await paginate(unit, service.steps(temporary_id), [TemporaryStep.seq], query, StepOut.model_validate)


@router.post("/temporary-cases/{temporary_id}/accept")
@permit("temporary", "handle", "personal")
async def accept_temporary_case(temporary_id: UuidStr, unit: Unit) -> TemporaryOut:
    """受理。"""
    return _out(unit, await service.accept(unit, temporary_id))


@router.post("/temporary-cases/{temporary_id}/decide")
@permit("temporary", "decide", "personal")
async def decide_urgent_case(temporary_id: UuidStr, body: DecisionIn, unit: Unit) -> TemporaryOut:
    """急难型先行救助的决定，二十四小时内；限额内由乡镇（街道）决定。"""
    return _out(unit, await service.decide_urgent(unit, temporary_id, body.to_proposal(), body.reason))


@router.post("/temporary-cases/{temporary_id}/survey")
@permit("temporary", "handle", "personal")
async def survey_temporary_case(temporary_id: UuidStr, body: SurveyIn, unit: Unit) -> TemporaryOut:
    """入户调查（两人以上）并提出救助档次。"""
    return _out(unit, await service.survey(unit, temporary_id, body.to_survey()))


@router.post("/temporary-cases/{temporary_id}/publicity")
@permit("temporary", "handle", "personal")
async def publish_temporary_case(temporary_id: UuidStr, body: PublishIn, unit: Unit) -> TemporaryOut:
    """由区民政局审批的公示七日。"""
    return _out(unit, await service.publish(unit, temporary_id, body.place))


@router.post("/temporary-cases/{temporary_id}/approve")
@permit("temporary", "decide", "personal")
async def approve_temporary_case(temporary_id: UuidStr, body: WordsIn, unit: Unit) -> TemporaryOut:
    """批准。"""
    return _out(unit, await service.approve(unit, temporary_id, body.reason))


@router.post("/temporary-cases/{temporary_id}/reject")
@permit("temporary", "decide", "personal")
async def reject_temporary_case(temporary_id: UuidStr, body: RejectionIn, unit: Unit) -> TemporaryOut:
    """不予救助：书面说明理由、依据和救济途径。"""
    return _out(unit, await service.reject(unit, temporary_id, body.reason, body.legal_basis))


@router.post("/temporary-cases/{temporary_id}/pay")
@permit("temporary", "pay", "personal")
async def pay_temporary_case(temporary_id: UuidStr, body: PaymentIn, unit: Unit) -> TemporaryOut:
    """发放款物：乡镇（街道）从备用金支付，区级由区级资金支付；急难型自此补齐手续。"""
    return _out(unit, await paying.pay(unit, temporary_id, body.how))


@router.post("/temporary-cases/{temporary_id}/order")
@permit("temporary", "order", "personal")
async def order_temporary_payment(temporary_id: UuidStr, body: OrderIn, unit: Unit) -> TemporaryOut:
    """已批准的交银行随区级批次一次或分期发放，全部到账后转为已发放；退回的随下一批次补发。"""
    return _out(unit, await paying.order(unit, temporary_id, body.holder, body.card, body.months))


@router.post("/temporary-cases/{temporary_id}/complete")
@permit("temporary", "handle", "personal")
async def complete_temporary_case(temporary_id: UuidStr, body: PapersIn, unit: Unit) -> TemporaryOut:
    """手续齐全，办结。"""
    return _out(unit, await paying.complete(unit, temporary_id, body.papers, body.reason))


@router.get("/reserves")
@permit("reserve", "read")
async def list_reserves(unit: Unit, query: Annotated[Filters, Query()]) -> Page[ReserveOut]:
    """各乡镇（街道）备用金。"""
    return await paginate(unit, reserve.reserves(), [Reserve.area_code], query, ReserveOut.of)


@router.post("/reserves", status_code=201)
@permit("reserve", "fund")
async def open_reserve(body: ReserveIn, unit: Unit) -> ReserveOut:
    """设立备用金。"""
    return ReserveOut.of(await reserve.open_reserve(unit, body.area_code))


@router.get("/reserve-entries")
@permit("reserve", "read")
async def list_reserve_entries(unit: Unit, query: Annotated[EntryQuery, Query()]) -> Page[EntryOut]:
    """备用金和区级资金的收支明细。"""
    return await paginate(unit, reserve.entries(query.area_code), [ReserveEntry.id], query, EntryOut.of)


@router.post("/replenishments", status_code=201)
@permit("reserve", "ask")
async def ask_to_fill_reserve(body: ReserveIn, unit: Unit) -> RequestOut:
    """申请补足备用金；余额低于额度的三成时自动申请。"""
    return RequestOut.of(await reserve.ask_to_fill(unit, body.area_code))


@router.get("/replenishments")
@permit("reserve", "read")
async def list_replenishments(unit: Unit, query: Annotated[RequestQuery, Query()]) -> Page[RequestOut]:
    """补足申请。"""
    rows = reserve.requests(is_open=query.is_open)
    return await paginate(unit, rows, [ReserveRequest.id], query, RequestOut.of)


@router.post("/replenishments/{replenishment_id}/fill")
@permit("reserve", "fund")
async def fill_reserve(replenishment_id: UuidStr, unit: Unit) -> RequestOut:
    """补足到额度。"""
    unit.note(case_id=replenishment_id)
    return RequestOut.of(await reserve.fill(unit, replenishment_id))


def _out(unit: Unit, case: TemporaryCase) -> TemporaryOut:
    unit.note(subjects=[case.person_id], case_id=case.id)
    return TemporaryOut.of(unit, case)
