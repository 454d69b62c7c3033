"""Delegations over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.benefits.schemas import Kind
from services.relief.delegation import service
from services.relief.delegation.schemas import DelegationIn, DelegationOut, DelegationState, DelegationStep
from services.relief.delegation.service import Delegation
from services.relief.filters import Filters
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief/delegations", tags=["审批权限下放"])


class DelegationQuery(Filters):
    """The declared filters of the list."""

    state: DelegationState | None = None
    kind: Kind | None = None


@router.get("")
@permit("delegation", "read")
async def list_delegations(unit: Unit, query: Annotated[DelegationQuery, Query()]) -> Page[DelegationOut]:
    """各乡镇（街道）各类救助的下放情况。"""
    statement = service.listing(state=query.state, kind=query.kind)
    return await paginate(unit, statement, [Delegation.id], query, DelegationOut.model_validate)


@router.post("", status_code=201)
@permit("delegation", "set")
async def delegate_kind(body: DelegationIn, unit: Unit) -> DelegationOut:
    """下放：自某日起由乡镇（街道）审核确认一类救助，决定即报区民政局备案。"""
    row = await service.delegate(unit, body.area_code, body.kind, body.from_on, body.reason)
    unit.note(case_id=row.id, reason=body.reason[:200])
    return DelegationOut.model_validate(row)


@router.post("/{delegation_id}/steps")
@permit("delegation", "set")
async def step_delegation(delegation_id: UuidStr, body: DelegationStep, unit: Unit) -> DelegationOut:
    """暂停、恢复、收回。"""
    row = await service.step(unit, delegation_id, body.action, body.reason)
    unit.note(case_id=delegation_id, reason=body.reason[:200])
    return DelegationOut.model_validate(row)
