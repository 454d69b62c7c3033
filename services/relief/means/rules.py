"""Countable income and the limits of property, explained. Money in fen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal

from pydantic import BaseModel

from services.relief.law import BOOK
from shared.money import format_yuan
from shared.policy import Law, Outcome, Reason, Reasons

_COUNTED = "最低生活保障审核确认办法第十三条"
_PROPERTY = "最低生活保障审核确认办法第十四条"

INCOMES: Mapping[str, str] = {
    "WAGE": "工资性收入",
    "BUSINESS": "经营净收入",
    "PROPERTY": "财产净收入",
    "TRANSFER": "转移净收入",
    "PENSION": "养老金",
    "PENSION_BASE": "城乡居民基础养老金",
    "PREFERENTIAL_PENSION": "优待抚恤金",
    "FAMILY_PLANNING": "计划生育奖励与扶助金",
    "SCHOLARSHIP": "奖学金",
    "BRAVERY": "见义勇为奖励",
    "RELIEF": "社会救助款物",
    "DISABILITY_SUBSIDY": "残疾人两项补贴",
    "LONGEVITY": "高龄津贴",
}
DEDUCTIONS: Mapping[str, str] = {
    "WORK_COST": "必要的就业成本",
    "DISABILITY_COST": "因残疾刚性支出",
    "ILLNESS_COST": "因重病刚性支出",
}
EXEMPT: Mapping[str, str] = {"": "", "RECIPIENT": "本人为救助对象", "SEVERE_DISABILITY": "本人为重度残疾人"}


class Amount(BaseModel):
    """An income or a cost of the last twelve months."""

    item: str
    yearly_fen: int


class NewJob(BaseModel):
    """A benefit member's new job: what it pays more each month, and the full months since it began."""

    monthly_fen: int
    months_since: int = 0


class Activity(BaseModel):
    """Work without records. `adjustment`: the case's own factor, 1 where nothing is special."""

    activity: str
    labour: str = "FULL"
    adjustment: Decimal = Decimal(1)


class Supporter(BaseModel):
    """Somebody outside the household who is bound to support: the income per head of her own family each month."""

    per_head_fen: int
    age: int
    exempt: str = ""


class Incomes(BaseModel):
    """All a family has coming in."""

    incomes: list[Amount] = []
    deductions: list[Amount] = []
    new_jobs: list[NewJob] = []
    activities: list[Activity] = []
    supporters: list[Supporter] = []


@BOOK.rule("relief.income", version=1, title="家庭月可支配收入核算", facts=Incomes)
def countable_income(facts: Incomes, law: Law, why: Reasons) -> Outcome:
    """What counts of a month: a twelfth of the year's countable income less what is deducted, the part of new wages
    that is not exempt, and what supporters are held to give. Never below nothing; part fen are dropped."""
    yearly = _counted(facts.incomes, law, why) + _by_reference(facts.activities, law, why)
    yearly = max(0, yearly - _deducted(facts.deductions, why))
    if facts.incomes or facts.activities or facts.deductions:
        why.because(
            "income.year",
            f"近十二个月计入收入{format_yuan(yearly)}元，每月{format_yuan(yearly // 12)}元",
            result=yearly // 12,
            source=_COUNTED,
            yearly_fen=yearly,
        )
    monthly = yearly // 12 + _of_new_jobs(facts.new_jobs, law, why) + _of_supporters(facts.supporters, law, why)
    why.because("income.month", f"家庭月收入核算为{format_yuan(monthly)}元", result=monthly, source=_COUNTED)
    return Outcome("counted", monthly)


def _counted(incomes: Iterable[Amount], law: Law, why: Reasons) -> int:
    total = 0
    excluded = law.table("means.not_counted")
    for one in incomes:
        left_out = excluded.row("item", one.item)
        total += 0 if left_out else one.yearly_fen
        why.because(
            "income.item",
            f"{INCOMES[one.item]}{format_yuan(one.yearly_fen)}元{'不计入' if left_out else '计入'}家庭收入",
            result=0 if left_out else one.yearly_fen,
            source=_COUNTED,
            item=one.item,
        )
    return total


def _by_reference(activities: Iterable[Activity], law: Law, why: Reasons) -> int:
    total = 0
    for one in activities:
        reference = law.table("means.activities").row("activity", one.activity)
        labour = law.table("means.labour").row("labour", one.labour)
        assert reference is not None
        assert labour is not None
        exact = int(reference["yearly"]) * Decimal(str(labour["coefficient"])) * one.adjustment
        fen = int(exact.to_integral_value(ROUND_FLOOR))
        total += fen
        why.because(
            "income.reference",
            f"{reference['title']}按参照收入每年{format_yuan(int(reference['yearly']))}元、"
            f"劳动力系数{labour['coefficient']}、个案系数{one.adjustment}，计{format_yuan(fen)}元",
            result=fen,
            source="民政部等2022年10月20日通知一(一)",
            activity=one.activity,
        )
    return total


def _deducted(deductions: Iterable[Amount], why: Reasons) -> int:
    total = 0
    for one in deductions:
        total += one.yearly_fen
        why.because(
            "income.deduction",
            f"扣减{DEDUCTIONS[one.item]}{format_yuan(one.yearly_fen)}元",
            result=-one.yearly_fen,
            source=_COUNTED,
            item=one.item,
        )
    return total


def _of_new_jobs(jobs: Iterable[NewJob], law: Law, why: Reasons) -> int:
    total = 0
    for job in jobs:
        months = law.whole("means.new_job_months")
        multiple = law.ratio("means.new_job_multiple")
        most = int((law.fen("dibao.standard") * multiple).to_integral_value(ROUND_FLOOR))
        exempt = min(job.monthly_fen, most) if job.months_since < months else 0
        total += job.monthly_fen - exempt
        words = f"就业未满{months}个月，其中{format_yuan(exempt)}元（每月不超过低保标准的{multiple}倍）不计入"
        why.because(
            "income.new_job",
            f"新增工资每月{format_yuan(job.monthly_fen)}元，"
            + (words if job.months_since < months else f"就业已满{months}个月，全部计入"),
            result=job.monthly_fen - exempt,
            source="浙江省社会救助条例第五十条",
            months_since=job.months_since,
        )
    return total


def _of_supporters(supporters: Iterable[Supporter], law: Law, why: Reasons) -> int:
    total = 0
    for number, one in enumerate(supporters, 1):
        aged = law.whole("means.supporter_aged_from")
        ground = EXEMPT[one.exempt] or (f"年满{aged}周岁" if one.age >= aged else "")
        fen = 0 if ground else supported(one.per_head_fen, law)
        total += fen
        why.because(
            "income.supporter",
            f"第{number}名义务人家庭人均月收入{format_yuan(one.per_head_fen)}元，"
            + (f"{ground}，免予计算" if ground else f"计赡（扶、抚）养费每月{format_yuan(fen)}元"),
            result=fen,
            source="最低生活保障审核确认办法第十三条；赡（扶、抚）养费计算办法",
            age=one.age,
        )
    return total


def supported(per_head_fen: int, law: Law) -> int:
    """What a supporter is held to give each month: a share of what her income per head exceeds (§2.3)."""
    free = law.fen("dibao.standard") * law.ratio("means.supporter_free_multiple")
    over = max(Decimal(0), per_head_fen - free)
    return int((over * law.ratio("means.supporter_share")).to_integral_value(ROUND_FLOOR))


# ── property ─────────────────────────────────────────────────────────────────────────────────────

KINDS = ("DIBAO", "MARGINAL", "RIGID")
"""Each with limits of its own, the narrowest first. 特困 is held to those of 低保."""
TITLES: Mapping[str, str] = {"DIBAO": "低保", "MARGINAL": "低边", "RIGID": "支出型（刚性支出）"}


class Property(BaseModel):
    """What a family owns, as far as the limits ask: financial assets in all, each home's square metres, each vehicle
    and company."""

    kind: str
    heads: int
    financial_fen: int = 0
    home_areas: list[Decimal] = []
    vehicles: int = 0
    work_vehicles_fen: list[int] = []
    disability_vehicles: int = 0
    ships: int = 0
    living_boats: int = 0
    companies_fen: list[int] = []


@BOOK.rule("relief.property", version=1, title="家庭财产状况", facts=Property)
def property_limits(facts: Property, law: Law, why: Reasons) -> Outcome:
    """Within or over the limits of one kind; each step names what is over (§2.3)."""
    holds = [
        _financial(facts, law, why),
        _homes(facts, law, why),
        _plain(
            why, "property.vehicle", "VEHICLE", facts.vehicles == 0, "除残疾人专用车外没有非生产用机动车", "拥有机动车"
        ),
        _work_vehicles(facts, law, why),
        _plain(why, "property.ship", "SHIP", facts.ships == 0, "除维持生活的小型渔船外，没有船舶", "拥有船舶"),
        _plain(
            why,
            "property.company",
            "COMPANY",
            not any(facts.companies_fen),
            "没有实缴出资的企业",
            "持有实缴出资的企业",
        ),
    ]
    return Outcome("within" if all(holds) else "over")


def over(reasons: Iterable[Reason]) -> list[str]:
    """The items over the limits, of a decision's reasons."""
    return [str(one.inputs["item"]) for one in reasons if one.result is False]


def _financial(facts: Property, law: Law, why: Reasons) -> bool:
    row = law.table("means.financial_multiples").row("kind", facts.kind)
    assert row is not None
    limit = law.fen("dibao.standard") * int(row["multiple"])
    is_within = facts.financial_fen <= limit * max(1, facts.heads)
    why.because(
        "property.financial",
        f"金融资产{format_yuan(facts.financial_fen)}元，按{facts.heads}人计，"
        f"人均{'不超过' if is_within else '超过'}{format_yuan(limit)}元"
        f"（{TITLES[facts.kind]}：低保月标准的{row['multiple']}倍）",
        result=is_within,
        source=_PROPERTY,
        item="FINANCIAL",
        heads=facts.heads,
    )
    return is_within


def _homes(facts: Property, law: Law, why: Reasons) -> bool:
    most = law.whole("means.home_area") * law.ratio("means.home_multiple")
    total = sum(facts.home_areas, Decimal(0))
    is_within = len(facts.home_areas) <= 1 and total <= most
    why.because(
        "property.home",
        f"住房{len(facts.home_areas)}套，共{total:f}平方米，"
        f"{'符合' if is_within else '不符合'}一套且不超过{most:f}平方米的规定",
        result=is_within,
        source=_PROPERTY,
        item="HOME",
    )
    return is_within


def _work_vehicles(facts: Property, law: Law, why: Reasons) -> bool:
    limit = law.fen("means.work_vehicle")
    work = facts.work_vehicles_fen
    is_within = len(work) <= 1 and all(fen <= limit for fen in work)
    why.because(
        "property.work_vehicle",
        f"生产用车{len(work)}辆，{'符合' if is_within else '不符合'}一辆且价值不超过{format_yuan(limit)}元的规定",
        result=is_within,
        source=_PROPERTY,
        item="WORK_VEHICLE",
    )
    return is_within


def _plain(why: Reasons, rule: str, item: str, is_within: bool, good: str, bad: str) -> bool:
    why.because(rule, good if is_within else bad, result=is_within, source=_PROPERTY, item=item)
    return is_within
