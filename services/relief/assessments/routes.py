"""Assessments over HTTP."""

from services.relief.assessments.schemas import AssessmentIn, AssessmentOut, ResultOut
from services.relief.benefits.recognition import assess, recognised_as, temporary_hint
from services.relief.benefits.rules import TITLES
from shared.web import Router, Unit, permit
from shared.web.policy import reasons_of

router = Router(prefix="/api/relief/assessments", tags=["评估"])


@router.post("")
@permit("assessment", "make")
async def assess_family(body: AssessmentIn, unit: Unit) -> AssessmentOut:
    """按 特困 → 低保 → 低边 → 刚性支出 的顺序评估一个家庭，逐项说明理由；不保存。"""
    on = body.on or unit.today
    decisions = assess(body.to_family(on), on, body.area_code)
    results = [
        ResultOut.model_validate(
            {
                "kind": kind,
                "title": TITLES[kind],
                "is_granted": decision.outcome == "granted",
                "amount": decision.amount_fen,
                "reasons": reasons_of(decision),
            }
        )
        for kind, decision in decisions.items()
    ]
    return AssessmentOut.model_validate(
        {
            "recognised_as": recognised_as(decisions) or None,
            "temporary_hint": temporary_hint(decisions),
            "on": on,
            "results": results,
        }
    )
