"""Which kind a family is recognised as: 特困 before 低保 before 低边 before 刚性支出 (R-02). Amounts are in `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_FLOOR

from pydantic import BaseModel

from services.relief.benefits.rules import (
    DIBAO,
    MARGINAL,
    RIGID,
    TEKUN,
    UNPAID,
    DibaoFacts,
    MemberFacts,
    NoStandard,
    TekunFacts,
    dibao,
    tekun,
)
from services.relief.law import BOOK, parameters
from shared.money import format_yuan
from shared.policy import Decision, Law, NoValue, Outcome, Reasons, decide


class Applicant(MemberFacts):
    """One person of the family as recognition sees her. `labour`: FULL, PARTIAL, NONE."""

    labour: str = "FULL"
    has_able_supporter: bool = False


class Family(BaseModel):
    """A family's facts: its monthly income, whether its property stays within the limits of each kind, and what it had
    to spend in the last twelve months on living, treatment, schooling and rehabilitation after all reimbursement."""

    income_fen: int
    members: list[Applicant]
    within_property: bool = True
    within_marginal_property: bool = True
    rigid_spending_fen: int = 0


@BOOK.rule("relief.destitute", version=1, title="特困人员认定", facts=Family)
def destitute(facts: Family, law: Law, why: Reasons) -> Outcome:
    """No labour capacity, no means of living, nobody able who is bound to support (TK 4–8)."""
    standard = law.fen("dibao.standard")
    holds = {
        "无劳动能力": all(one.labour == "NONE" for one in facts.members),
        "无生活来源": facts.income_fen < standard * len(facts.members) and facts.within_property,
        "无法定赡养抚养扶养义务人或义务人无履行能力": not any(one.has_able_supporter for one in facts.members),
    }
    for words, is_so in holds.items():
        why.because(
            "destitute.conditions",
            f"{'符合' if is_so else '不符合'}：{words}",
            result=is_so,
            source="特困人员认定办法第四条",
        )
    if not all(holds.values()):
        return Outcome("refused")
    return tekun.evaluate(TekunFacts(members=[_plain(one) for one in facts.members]), law, why)


@BOOK.rule("relief.marginal", version=1, title="最低生活保障边缘家庭认定", facts=Family)
def marginal(facts: Family, law: Law, why: Reasons) -> Outcome:
    """Income per head up to 1.5 times the standard, the limit included, never above the minimum wage (ZJ-SA 13)."""
    heads, ratio, wage = len(facts.members), law.ratio("marginal.ratio"), law.fen("marginal.minimum_wage")
    by_ratio = int((law.fen("dibao.standard") * ratio).to_integral_value(ROUND_FLOOR))
    limit = min(by_ratio, wage)
    is_within = facts.income_fen <= limit * heads
    beside = f"{ratio}倍为{format_yuan(by_ratio)}元，以最低月工资为限" if wage < by_ratio else f"低保标准的{ratio}倍"
    why.because(
        "marginal.income",
        f"家庭月收入{format_yuan(facts.income_fen)}元，按{heads}人计，"
        f"人均{'不超过' if is_within else '超过'}{format_yuan(limit)}元（{beside}）",
        result=is_within,
        source="浙江省社会救助条例第十三条",
        income_fen=facts.income_fen,
        heads=heads,
    )
    if is_within:
        words = "符合" if facts.within_marginal_property else "不符合"
        why.because(
            "marginal.property",
            f"家庭财产状况{words}规定",
            result=facts.within_marginal_property,
            source="浙江省社会救助条例第十三条",
        )
    return Outcome("granted" if is_within and facts.within_marginal_property else "refused")


@BOOK.rule("relief.rigid", version=1, title="刚性支出困难家庭认定", facts=Family)
def rigid(facts: Family, law: Law, why: Reasons) -> Outcome:
    """Income below last year's local average, property as 低边, and spending that cannot be helped: so large a share of
    the income (RIG 4, 5), before 2025 so large that what is left is below the 低保 standard (ZJ-SA 41)."""
    heads, yearly, spent = len(facts.members), facts.income_fen * 12, facts.rigid_spending_fen
    average = law.fen("rigid.disposable_income")
    by_share = law.text("rigid.method") == "RIGID"
    source = "刚性支出困难家庭认定办法第四条" if by_share else "浙江省社会救助条例第四十一条"
    is_below = heads > 0 and yearly < average * heads
    why.because(
        "rigid.income",
        f"家庭年收入{format_yuan(yearly)}元，按{heads}人计，"
        f"人均{'低于' if is_below else '不低于'}上年度当地居民人均可支配收入{format_yuan(average)}元",
        result=is_below,
        source=source,
        income_fen=facts.income_fen,
        heads=heads,
    )
    words = "符合" if facts.within_marginal_property else "不符合"
    why.because("rigid.property", f"家庭财产状况{words}规定", result=facts.within_marginal_property, source=source)
    is_heavy = _is_heavy_by_share(yearly, spent, law, why) if by_share else _is_left_too_little(facts, law, why)
    return Outcome("granted" if is_below and facts.within_marginal_property and is_heavy else "refused")


def _is_heavy_by_share(yearly: int, spent: int, law: Law, why: Reasons) -> bool:
    share = law.ratio("rigid.spending_ratio")
    is_heavy = spent > 0 and spent >= yearly * share
    why.because(
        "rigid.spending",
        f"近十二个月刚性支出{format_yuan(spent)}元，{'达到' if is_heavy else '未达到'}家庭收入的{share * 100:g}%",
        result=is_heavy,
        source="刚性支出困难家庭认定办法第五条",
        rigid_spending_fen=spent,
    )
    return is_heavy


def _is_left_too_little(facts: Family, law: Law, why: Reasons) -> bool:
    heads, spent, standard = len(facts.members), facts.rigid_spending_fen, law.fen("dibao.standard")
    left = max(0, facts.income_fen * 12 - spent)
    is_little = spent > 0 and left < standard * 12 * heads
    why.because(
        "rigid.level",
        f"扣除近十二个月刚性支出{format_yuan(spent)}元后，"
        f"人均实际生活水平{'低于' if is_little else '不低于'}低保标准每月{format_yuan(standard)}元",
        result=is_little,
        source="浙江省社会救助条例第四十一条",
        rigid_spending_fen=spent,
    )
    return is_little


def recognise(kind: str, family: Family, month: date, area_code: str) -> Decision:
    """Ask the rule of one kind. Raises NoStandard."""
    members = [_plain(one) for one in family.members]
    facts = DibaoFacts(
        income_fen=family.income_fen,
        divisor=max(1, len(members)),
        members=members,
        within_property=family.within_property,
    )
    try:
        if kind == TEKUN:
            return decide(destitute, family, parameters(), month, area_code)
        if kind in UNPAID:
            return decide(marginal if kind == MARGINAL else rigid, family, parameters(), month, area_code)
        return decide(dibao, facts, parameters(), month, area_code)
    except NoValue:
        raise NoStandard from None


ORDER = (TEKUN, DIBAO, MARGINAL, RIGID)
"""In which kinds are asked."""


def assess(family: Family, month: date, area_code: str) -> Mapping[str, Decision]:
    """All kinds in the order they are asked, each with its reasons; the first granted is the family's."""
    return {kind: recognise(kind, family, month, area_code) for kind in ORDER}


def recognised_as(decisions: Mapping[str, Decision]) -> str:
    """The first kind granted, "" when none is."""
    return next((kind for kind, decision in decisions.items() if decision.outcome == "granted"), "")


def temporary_hint(decisions: Mapping[str, Decision]) -> str:
    """What is said to a family that is recognised as nothing: 临时救助 has its own door; "" otherwise."""
    if recognised_as(decisions):
        return ""
    return "未纳入上述各类救助；遇突发急难或刚性支出导致基本生活暂时困难的，可申请临时救助"


def _plain(one: Applicant) -> MemberFacts:
    return MemberFacts(age=one.age, conditions=one.conditions)
