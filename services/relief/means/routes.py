"""Means over HTTP."""

from services.relief.law import parameters
from services.relief.means.rules import KINDS, countable_income, property_limits
from services.relief.means.schemas import IncomeResult, IncomesIn, PropertyIn, PropertyResult, PropertyResults
from shared.policy import decide
from shared.web import Router, Unit, permit

router = Router(prefix="/api/relief/means", tags=["收入和财产核算"])


@router.post("/income")
@permit("means", "work_out")
async def work_out_income(body: IncomesIn, unit: Unit) -> IncomeResult:
    """核算家庭月收入：哪些不计入、哪些扣减、就业新增工资豁免、义务人赡养费，逐项说明；不保存。"""
    facts = body.to_facts()
    return IncomeResult.of(decide(countable_income, facts, parameters(), body.on or unit.today, body.area_code))


@router.post("/property")
@permit("means", "work_out")
async def work_out_property(body: PropertyIn, unit: Unit) -> PropertyResults:
    """家庭财产是否符合低保、低边、支出型各自的规定，逐项说明；不保存。"""
    on = body.on or unit.today
    decisions = {kind: decide(property_limits, body.to_facts(kind), parameters(), on, body.area_code) for kind in KINDS}
    return PropertyResults(results=[PropertyResult.of(kind, one) for kind, one in decisions.items()])
