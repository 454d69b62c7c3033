"""Who gets what: the rules of both schemes, and the states of a subsidy."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from shared.db.problems import Conflict, Forbidden
from shared.money import format_yuan
from shared.policy import Law, Outcome, Reasons, RuleBook

LONGEVITY = "longevity"
CARE = "care_subsidy"

TITLES = {LONGEVITY: "高龄津贴", CARE: "养老服务补贴"}

BOOK = RuleBook("eldercare")


class SubsidyInWrongState(Conflict):
    code = "subsidy_state"
    detail = "补贴当前状态不允许此操作"


class AlreadyGranted(Conflict):
    code = "already_granted"
    detail = "该老人已享受或正在办理此项补贴"


class NotEligible(Conflict):
    code = "not_eligible"
    detail = "不符合补贴条件"


class SamePerson(Forbidden):
    code = "same_person"
    detail = "审批人不能与确认人为同一人"


STEPS: Mapping[tuple[str, str], str] = {
    ("confirm", "CANDIDATE"): "CONFIRMED",
    ("refuse", "CANDIDATE"): "ENDED",
    ("refuse", "CONFIRMED"): "ENDED",
    ("activate", "CONFIRMED"): "ACTIVE",
    ("suspend", "ACTIVE"): "SUSPENDED",
    ("resume", "SUSPENDED"): "ACTIVE",
    ("end", "ACTIVE"): "ENDED",
    ("end", "SUSPENDED"): "ENDED",
}


def stepped(state: str, action: str) -> str:
    """The state after an action; SubsidyInWrongState when it is not allowed now."""
    try:
        return STEPS[action, state]
    except KeyError:
        raise SubsidyInWrongState from None


class Age(BaseModel):
    """Completed years on the last day of the month."""

    age: int


@BOOK.rule("eldercare.longevity", version=1, title="高龄津贴", facts=Age)
def longevity(facts: Age, law: Law, why: Reasons) -> Outcome:
    """By age bands; the month of the birthday counts."""
    band = law.table("longevity.amounts").band("age", facts.age)
    amount = int(band["amount"]) if band else 0
    sentence = (
        f"当月年满{facts.age}周岁，每月{format_yuan(amount)}元"
        if band
        else f"当月年满{facts.age}周岁，未到高龄津贴起始年龄"
    )
    why.because("longevity.age", sentence, result=amount, source="ZJ-EL 27", age=facts.age)
    return Outcome("granted", amount) if band else Outcome("refused")


class CareFacts(BaseModel):
    """What 养老服务补贴 looks at."""

    relief_class: str
    ability_level: int | None
    has_dementia: bool
    age: int


@BOOK.rule("eldercare.care_subsidy", version=1, title="养老服务补贴", facts=CareFacts)
def care_subsidy(facts: CareFacts, law: Law, why: Reasons) -> Outcome:
    """低保 and 低边 elders who are disabled, demented or very old, by their assessed level (ZJ-EC 36)."""
    is_poor = facts.relief_class in ("MINIMUM", "MARGINAL")
    sentence = "属于低保或低边家庭" if is_poor else "不属于低保、低边家庭"
    why.because("care.poor", sentence, result=is_poor, source="ZJ-EC 36", relief_class=facts.relief_class)
    if not is_poor:
        return Outcome("refused")
    if facts.ability_level is None:
        why.because("care.assessed", "尚未进行能力评估", result=False, source="ZJ-EC 35")
        return Outcome("refused")
    in_need = facts.ability_level >= 1 or facts.has_dementia or facts.age >= law.whole("elders.very_old")
    words = "属于失能、失智或高龄老年人" if in_need else "不属于失能、失智或高龄老年人"
    why.because("care.need", words, result=in_need, source="ZJ-EC 36", age=facts.age, level=facts.ability_level)
    band = law.table("care_subsidy.amounts").row("level", facts.ability_level) if in_need else None
    if band is None:
        return Outcome("refused")
    amount = int(band["amount"])
    words = f"能力等级{facts.ability_level}级，每月服务额度{format_yuan(amount)}元"
    why.because("care.amount", words, result=amount, source="ZJ-EC 36", level=facts.ability_level)
    return Outcome("granted", amount)
