"""Declarations over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.benefits.service import BenefitCase
from services.relief.filings import service
from services.relief.filings.rules import missing
from services.relief.filings.schemas import CoverageOut, FilingIn, FilingOut, FilingVisitIn, UnfiledItem, filings_out
from services.relief.filings.service import Filing
from services.relief.filters import Filters
from services.relief.households.service import Household
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief", tags=["两项备案"])


@router.post("/households/{household_id}/filings", status_code=201)
@permit("filing", "declare", "personal")
async def declare_filing(household_id: UuidStr, body: FilingIn, unit: Unit) -> FilingOut:
    """近亲属备案、银行卡备案：有或无都要申报，登记即报区民政局；新的申报取代旧的。"""
    filing = await service.declare(unit, household_id, body.to_declaration())
    unit.note(subjects=[filing.declared_by], case_id=household_id)
    parties = await service.parties_of(unit, [filing.id])
    return FilingOut.of(unit, filing, parties.get(filing.id, []))


@router.get("/households/{household_id}/filings")
@permit("filing", "read", "personal")
async def list_filings(household_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[FilingOut]:
    """家庭的两项备案，含已被取代的，按登记先后。"""
    household = await unit.get(Household, household_id)
    page: Page[Filing] = await paginate(unit, service.listing(household_id), [Filing.id], query, lambda row: row)
    parties = await service.parties_of(unit, [filing.id for filing in page.items])
    unit.note(subjects=[household.applicant_id], case_id=household_id, count=len(page.items))
    items = filings_out(unit, page.items, parties)
    return Page[FilingOut](items=items, next_cursor=page.next_cursor, total=page.total)


@router.get("/filings/missing")
@permit("filing", "chase", "personal")
async def list_unfiled(unit: Unit, query: Annotated[Filters, Query()]) -> Page[UnfiledItem]:
    """正在享受待遇而两项备案不齐的家庭，供乡镇（街道）补办。"""
    page: Page[BenefitCase] = await paginate(
        unit, service.without(unit.today), [BenefitCase.id], query, lambda row: row
    )
    made = await service.made_by(unit, [case.household_id for case in page.items])
    unit.note(subjects=[case.applicant_id for case in page.items], count=len(page.items))
    items = [UnfiledItem.of_row(case, case_id=case.id, missing=missing(made[case.household_id])) for case in page.items]
    return Page[UnfiledItem](items=items, next_cursor=page.next_cursor, total=page.total)


@router.get("/filings/to-visit")
@permit("filing", "visit", "personal")
async def list_filings_to_visit(unit: Unit, query: Annotated[Filters, Query()]) -> Page[FilingOut]:
    """申报“有”而区民政局尚未入户核查的备案。"""
    page: Page[Filing] = await paginate(unit, service.unvisited(), [Filing.id], query, lambda row: row)
    parties = await service.parties_of(unit, [filing.id for filing in page.items])
    unit.note(subjects=[filing.declared_by for filing in page.items], count=len(page.items))
    items = filings_out(unit, page.items, parties)
    return Page[FilingOut](items=items, next_cursor=page.next_cursor, total=page.total)


@router.post("/filings/{filing_id}/visit")
@permit("filing", "visit", "personal")
async def visit_filing(filing_id: UuidStr, body: FilingVisitIn, unit: Unit) -> FilingOut:
    """登记区民政局对有近亲属任职、银行卡代管的家庭的入户核查（两人以上）。"""
    filing = await service.visit(unit, filing_id, body.visited_on, body.visitors, body.finding)
    unit.note(subjects=[filing.declared_by], case_id=filing_id)
    parties = await service.parties_of(unit, [filing.id])
    return FilingOut.of(unit, filing, parties.get(filing.id, []))


@router.get("/filings/coverage")
@permit("filing", "count")
async def count_filings(unit: Unit) -> CoverageOut:
    """两项备案率（目标 100%）：正在享受待遇的家庭中两项申报齐全的比例，按乡镇（街道）。"""
    return CoverageOut.of(await service.coverage(unit))
