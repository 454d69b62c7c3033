"""Pairings over HTTP."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from services.charity.law import in_force
from services.charity.pairing import rules, service
from services.charity.pairing.schemas import (
    EndIn,
    Kind,
    PairingFigures,
    PairingIn,
    PairingOut,
    State,
    UnmaskedBeneficiary,
)
from services.charity.pairing.tables import Pairing
from shared.china.areas import Level, level
from shared.db.problems import Forbidden
from shared.ids import PersonId, UuidStr
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.paging import PageParameters

router = Router(prefix="/api/charity", tags=["结对帮扶"])


class PairingQuery(PageParameters):
    """The declared filters of the list."""

    person_id: PersonId | None = Field(None, alias="personId")
    state: State | None = None
    kind: Kind | None = None


@router.post("/pairings", status_code=201)
@permit("pairing", "write", "personal")
async def begin_pairing(body: PairingIn, unit: Unit) -> PairingOut:
    """登记结对：须有同意书，未成年人须通过社工联系。"""
    pairing = await service.begin(unit, body.as_new())
    unit.note(subjects=[person_id for person_id, _ in service.sides(pairing)])
    return PairingOut.of(unit, pairing)


@router.get("/pairings")
@permit("pairing", "read", "personal")
async def list_pairings(unit: Unit, query: Annotated[PairingQuery, Query()]) -> Page[PairingOut]:
    """结对登记册，可按人员、状态、类别筛选。"""
    statement = service.listing(person_id=query.person_id, state=query.state, kind=query.kind)
    seen: list[str] = []

    def shown(pairing: Pairing) -> PairingOut:
        seen.append(pairing.beneficiary_id)
        return PairingOut.of(unit, pairing)

    page = await paginate(unit, statement, [Pairing.id], query, shown)
    unit.note(subjects=seen, count=len(page.items))
    return page


@router.get("/pairings/{pairing_id}")
@permit("pairing", "read", "personal")
async def get_pairing(pairing_id: UuidStr, unit: Unit) -> PairingOut:
    """一项结对。"""
    pairing = await unit.get(Pairing, pairing_id)
    unit.note(subjects=[pairing.beneficiary_id])
    return PairingOut.of(unit, pairing)


@router.get("/pairings/{pairing_id}/beneficiary")
@permit("pairing", "unmask", "unmask")
async def unmask_beneficiary(pairing_id: UuidStr, unit: Unit) -> UnmaskedBeneficiary:
    """受助人的完整信息（须说明理由，记入审计）。"""
    pairing = await unit.get(Pairing, pairing_id)
    unit.note(subjects=[pairing.beneficiary_id], count=1)
    return UnmaskedBeneficiary.of(unit, pairing)


@router.post("/pairings/{pairing_id}/end")
@permit("pairing", "write", "personal")
async def end_pairing(pairing_id: UuidStr, body: EndIn, unit: Unit) -> PairingOut:
    """结束结对；撤回同意的，立即结束。"""
    pairing = await service.end(unit, pairing_id, body.reason)
    unit.note(subjects=[person_id for person_id, _ in service.sides(pairing)], detail={"reason": body.reason})
    return PairingOut.of(unit, pairing)


@router.post("/pairings/{pairing_id}/resume")
@permit("pairing", "write", "personal")
async def resume_pairing(pairing_id: UuidStr, unit: Unit) -> PairingOut:
    """恢复一项等待恢复的结对（误报死亡撤销后原名额已给他人的）。"""
    pairing = await service.resume(unit, pairing_id)
    unit.note(subjects=[person_id for person_id, _ in service.sides(pairing)])
    return PairingOut.of(unit, pairing)


@router.get("/pairing-figures")
@permit("pairing_figure", "read")
async def pairing_figures(unit: Unit) -> PairingFigures:
    """本辖区得到结对帮扶的孤困儿童人数与目标。"""
    if not unit.principal.area_code:
        raise Forbidden("no_area", "当前岗位没有辖区，不能查看辖区统计")
    law = in_force(unit.today, unit.principal.area_code)
    children = rules.shown_count(
        await service.paired_children(unit),
        small_cell=law.whole("pairing.small_cell"),
        is_district=level(unit.principal.area_code) <= Level.DISTRICT,
    )
    return PairingFigures(children=children, target=law.whole("pairing.children_target"))
