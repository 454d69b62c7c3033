"""What a family is due in a month, explained. `due` says the same over many families in SQL; a property test holds
both equal to the fen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Protocol

from pydantic import BaseModel

from services.relief.law import BOOK
from shared.db.problems import Conflict, Invalid
from shared.money import format_yuan, round_up_to_yuan
from shared.policy import Law, Outcome, Reasons, Table

DIBAO, TEKUN, MARGINAL, RIGID = "DIBAO", "TEKUN", "MARGINAL", "RIGID"
TITLES: Mapping[str, str] = {
    DIBAO: "最低生活保障",
    TEKUN: "特困人员供养",
    MARGINAL: "最低生活保障边缘家庭",
    RIGID: "刚性支出困难家庭",
}
UNPAID = frozenset({MARGINAL, RIGID})
"""Recognised without money of their own: other help follows from the recognition."""

GROUNDS: Mapping[str, str] = {
    "SEVERE_DISABILITY": "重度残疾",
    "CRITICAL_ILLNESS": "重病",
    "SINGLE_PARENT_CHILD": "单亲家庭子女",
    "AGED": "老年人",
    "MINOR": "未成年人",
}
CARE_TIERS: Mapping[str, str] = {
    "ABLE": "具备生活自理能力",
    "PARTLY": "部分丧失生活自理能力",
    "FULLY": "完全丧失生活自理能力",
}


# ── states ───────────────────────────────────────────────────────────────────────────────────────


class CaseClosed(Conflict):
    code = "case_closed"
    detail = "该待遇已终止"


class CaseOpen(Conflict):
    code = "case_open"
    detail = "该家庭已有正在享受的待遇"


class NotEligible(Conflict):
    code = "not_eligible"
    detail = "不符合认定条件"


class NothingRecorded(Conflict):
    code = "nothing_recorded"
    detail = "该家庭在该月没有在册成员或者没有登记收入"


class NoStandard(Conflict):
    code = "no_standard"
    detail = "该地区在该月没有执行中的标准"


class FirstMonth(Invalid):
    code = "first_month"
    detail = "起始月份应为本月或下月"


class ClosingMonth(Invalid):
    code = "closing_month"
    detail = "停发月份应为本月或下月"


class NothingPaid(Conflict):
    code = "nothing_paid"
    detail = "该类待遇不发放资金"


class NotAMember(Invalid):
    code = "not_a_member"
    detail = "领款人须为该家庭在册成员"


def state_shown(kind: str, *, is_closed: bool, has_living: bool, is_reviewed: bool) -> str:
    """State machines 2 and 3 as people see them: of what is recorded, and of the deaths that are confirmed now."""
    if is_closed or not has_living:
        return "ENDED" if kind == TEKUN else "CLOSED"
    if is_reviewed:
        return "UNDER_REVIEW"
    return "IN_SUPPORT" if kind == TEKUN else "ACTIVE"


# ── amounts ──────────────────────────────────────────────────────────────────────────────────────


class Values(Protocol):
    """Parameters in force: `Law` in a rule, `InForce` elsewhere."""

    def fen(self, key: str, /) -> int: ...
    def whole(self, key: str, /) -> int: ...
    def ratio(self, key: str, /) -> Decimal: ...
    def table(self, key: str, /) -> Table: ...


def _share(table: Table, column: str, value: str, of_fen: int) -> int:
    row = table.row(column, value)
    share = Decimal(str(row["share"])) if row else Decimal(0)
    return int((of_fen * share).to_integral_value(ROUND_CEILING))


def supplement_of(values: Values, ground: str) -> int:
    """Fen of a class supplement (分类施保)."""
    return _share(values.table("supplements.shares"), "ground", ground, values.fen("dibao.standard"))


def destitute_standard(values: Values) -> int:
    """Fen of 特困 basic living, up to whole yuan."""
    exact = values.fen("dibao.standard") * values.ratio("tekun.ratio")
    return round_up_to_yuan(int(exact.to_integral_value(ROUND_CEILING)))


def care_of(values: Values, tier: str) -> int:
    """Fen of a care tier, up to whole yuan."""
    return round_up_to_yuan(
        _share(values.table("tekun.care_shares"), "tier", tier, values.fen("marginal.minimum_wage"))
    )


class MemberFacts(BaseModel):
    """One counted member: completed years on the first of the month, and what holds for her."""

    age: int
    conditions: list[str] = []


def grounds(member: MemberFacts, values: Values) -> list[str]:
    """What entitles her to a supplement; only the highest is paid."""
    found = [kind for kind in member.conditions if kind in GROUNDS]
    if member.age >= values.whole("supplements.aged_from"):
        found.append("AGED")
    if member.age < values.whole("supplements.adult_from"):
        found.append("MINOR")
    return found


def highest(member: MemberFacts, values: Values) -> tuple[str, int]:
    """The ground that gives most, and its fen; ("", 0) without one."""
    offers = [(ground, supplement_of(values, ground)) for ground in grounds(member, values)]
    return max(offers, key=lambda offer: offer[1], default=("", 0))


def difference(standard_fen: int, income_fen: int, divisor: int, heads: int, supplements_fen: int) -> int:
    """`heads` × (standard − income ÷ divisor) + supplements, exact, then up to whole yuan; nothing where the income
    per head reaches the standard (ZJ-SA 12, MLG 23)."""
    if heads == 0 or income_fen >= standard_fen * divisor:
        return 0
    exact = heads * (standard_fen * divisor - income_fen) + supplements_fen * divisor
    return -(-exact // (divisor * 100)) * 100


_DIFFERENCE = "最低生活保障审核确认办法第二十三条"


class DibaoFacts(BaseModel):
    """A family in a month. `divisor` is the number of members the income was divided by when it was recorded."""

    income_fen: int
    divisor: int
    members: list[MemberFacts]
    within_property: bool = True


@BOOK.rule("relief.dibao", version=1, title="最低生活保障", facts=DibaoFacts)
def dibao(facts: DibaoFacts, law: Law, why: Reasons) -> Outcome:
    """The difference method (补差) with class supplements."""
    heads, standard = len(facts.members), law.fen("dibao.standard")
    is_below = heads > 0 and facts.income_fen < standard * facts.divisor
    why.because(
        "dibao.income",
        f"家庭月收入{format_yuan(facts.income_fen)}元，按{facts.divisor}人计，"
        f"人均{'低于' if is_below else '不低于'}低保标准{format_yuan(standard)}元",
        result=is_below,
        source="浙江省社会救助条例第十二条；最低生活保障审核确认办法第二十三条",
        income_fen=facts.income_fen,
        divisor=facts.divisor,
    )
    if is_below:
        words = "符合" if facts.within_property else "不符合"
        why.because(
            "dibao.property",
            f"家庭财产状况{words}规定",
            result=facts.within_property,
            source="最低生活保障审核确认办法第十四条",
        )
    if not is_below or not facts.within_property:
        return Outcome("refused", 0)
    base = difference(standard, facts.income_fen, facts.divisor, heads, 0)
    why.because(
        "dibao.difference",
        f"补差：{heads}人，每人标准减去人均收入，合计{format_yuan(base)}元（不足1元进至1元）",
        result=base,
        source=_DIFFERENCE,
        heads=heads,
    )
    amount = difference(standard, facts.income_fen, facts.divisor, heads, _supplements(facts.members, law, why))
    why.because(
        "dibao.amount", f"每月{format_yuan(amount)}元", result=amount, source="最低生活保障审核确认办法第二十三条"
    )
    return Outcome("granted", amount)


def _supplements(members: Sequence[MemberFacts], law: Law, why: Reasons) -> int:
    total = 0
    for number, member in enumerate(members, 1):
        ground, fen = highest(member, law)
        if fen:
            total += fen
            why.because(
                "dibao.supplement",
                f"第{number}名成员按{GROUNDS[ground]}增发{format_yuan(fen)}元，一人只取最高一项",
                result=fen,
                source="社会救助暂行办法第十二条",
                age=member.age,
                ground=ground,
            )
    return total


def care_tier(member: MemberFacts) -> str:
    """ABLE, PARTLY or FULLY; the heavier of two."""
    return "FULLY" if "CARE_FULLY" in member.conditions else "PARTLY" if "CARE_PARTLY" in member.conditions else "ABLE"


class TekunFacts(BaseModel):
    """The persons supported in a month."""

    members: list[MemberFacts]


@BOOK.rule("relief.tekun", version=1, title="特困人员供养", facts=TekunFacts)
def tekun(facts: TekunFacts, law: Law, why: Reasons) -> Outcome:
    """Basic living plus care by self-care ability, for each person."""
    basic = destitute_standard(law)
    why.because(
        "tekun.basic",
        f"特困人员基本生活标准为低保标准的{law.ratio('tekun.ratio')}倍，每人每月{format_yuan(basic)}元",
        result=basic,
        source="浙江省社会救助条例第十五条",
    )
    amount = 0
    for number, member in enumerate(facts.members, 1):
        tier = care_tier(member)
        care = care_of(law, tier)
        amount += basic + care
        why.because(
            "tekun.care",
            f"第{number}名对象{CARE_TIERS[tier]}，照料护理标准每月{format_yuan(care)}元",
            result=care,
            source="特困人员认定办法第二十一至二十三条",
            tier=tier,
        )
    why.because("tekun.amount", f"每月{format_yuan(amount)}元", result=amount, source="特困人员认定办法第二十三条")
    return Outcome("granted" if facts.members else "refused", amount)
