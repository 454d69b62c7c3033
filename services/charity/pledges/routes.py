"""Pledges over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field, StringConstraints

from services.charity.pledges import service
from services.charity.pledges.tables import Pledge
from shared.ids import PersonId, UuidStr
from shared.money import MoneyFen, PositiveMoneyFenIn
from shared.web import Page, Router, Unit, Wire, paginate, permit
from shared.web.paging import PageParameters

router = Router(prefix="/api/charity/pledges", tags=["认捐"])

OrgId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class PledgeIn(Wire):
    """认捐：捐助方为个人或单位二选一，月份写当月任意一天。"""

    beneficiary_id: PersonId
    donor_person_id: PersonId | None = None
    donor_org_id: OrgId | None = None
    amount: PositiveMoneyFenIn
    from_month: date
    to_month: date


class PledgeOut(Wire):
    """一项认捐。"""

    id: str
    beneficiary_id: str
    donor_person_id: str | None
    donor_org_id: str | None
    amount: MoneyFen = Field(validation_alias="amount_fen", description="每月金额")
    from_month: date
    to_month: date
    is_stopped: bool
    withdrawn_on: date | None
    version: int


class PledgeQuery(PageParameters):
    """The declared filters of the list."""

    person_id: PersonId | None = Field(None, alias="personId")


@router.post("", status_code=201)
@permit("pledge", "write", "personal")
async def promise_pledge(body: PledgeIn, unit: Unit) -> PledgeOut:
    """登记认捐。"""
    pledge = await service.promise(
        unit,
        service.NewPledge(
            beneficiary_id=body.beneficiary_id,
            amount_fen=body.amount,
            from_month=body.from_month,
            to_month=body.to_month,
            donor_person_id=body.donor_person_id,
            donor_org_id=body.donor_org_id,
        ),
    )
    unit.note(subjects=[pledge.beneficiary_id])
    return PledgeOut.model_validate(pledge)


@router.get("")
@permit("pledge", "read", "personal")
async def list_pledges(unit: Unit, query: Annotated[PledgeQuery, Query()]) -> Page[PledgeOut]:
    """认捐清单，可按捐助人或受助人筛选。"""
    page = await paginate(unit, service.listing(query.person_id), [Pledge.id], query, PledgeOut.model_validate)
    unit.note(subjects=sorted({item.beneficiary_id for item in page.items}), count=len(page.items))
    return page


@router.post("/{pledge_id}/withdraw")
@permit("pledge", "write", "personal")
async def withdraw_pledge(pledge_id: UuidStr, unit: Unit) -> PledgeOut:
    """撤回认捐。"""
    pledge = await service.withdraw(unit, pledge_id)
    unit.note(subjects=[pledge.beneficiary_id])
    return PledgeOut.model_validate(pledge)
