"""Who belongs to the family that applies, and who may apply alone (§2.2; MLG 7, 8, N22)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from services.relief.law import BOOK
from shared.china import areas
from shared.china.areas import Level
from shared.policy import Decision, Law, Outcome, Reasons

_SEVEN, _EIGHT = "最低生活保障审核确认办法第七条", "最低生活保障审核确认办法第八条"

Away = Literal["", "CLERGY", "PRISON", "DRUG_ISOLATION", "MISSING", "CONSCRIPT"]
_AWAY = {
    "PRISON": "在监狱服刑",
    "DRUG_ISOLATION": "在强制隔离戒毒场所戒毒",
    "MISSING": "已被宣告失踪",
}


class Relative(BaseModel):
    """One person as the family tells of her. `age`: completed years; `away`: why she is not at home."""

    relation: str
    age: int
    is_independent: bool = True
    is_student: bool = False
    lives_together: bool = True
    has_duty: bool = True
    away: Away = ""
    years_away: int = 0


class Relatives(BaseModel):
    """All who are named, the applicant first."""

    people: list[Relative]


def counts(one: Relative, law: Law) -> tuple[bool, str]:
    """Whether a person counts, and why, in words."""
    if one.away in _AWAY:
        return False, _AWAY[one.away]
    if one.away == "CONSCRIPT" and law.flag("composition.without_conscripts"):
        return False, "现役义务兵"
    if one.away == "CLERGY":
        years = law.whole("composition.clergy_years")
        if one.years_away >= years:
            return False, f"连续{years}年以上脱离家庭、在宗教场所居住的宗教教职人员"
    if one.relation == "SELF":
        return True, "申请人本人"
    if one.relation == "SPOUSE":
        return True, "配偶"
    if one.relation == "CHILD":
        adult = law.whole("supplements.adult_from")
        if one.age < adult:
            return True, "未成年子女"
        if one.is_student:
            return True, "已成年但不能独立生活的子女（在校接受本科及以下学历教育）"
        if not one.is_independent:
            return True, "已成年但不能独立生活的子女"
    if one.has_duty and one.lives_together:
        return True, "具有法定赡养、扶养、抚养义务关系并长期共同居住"
    return False, "没有法定义务关系或者未长期共同居住"


@BOOK.rule("relief.composition", version=1, title="共同生活的家庭成员", facts=Relatives)
def composition(facts: Relatives, law: Law, why: Reasons) -> Outcome:
    """One reason a person, its result whether she counts."""
    for number, one in enumerate(facts.people, 1):
        is_in, words = counts(one, law)
        why.because(
            "composition.member",
            f"第{number}名{'计入' if is_in else '不计入'}共同生活的家庭成员：{words}",
            result=is_in,
            source=_SEVEN,
            relation=one.relation,
            age=one.age,
            away=one.away,
        )
    return Outcome("composed")


def counted(decision: Decision) -> list[bool]:
    """Of a decision on composition: who counts, in order."""
    return [bool(reason.result) for reason in decision.reasons]


def is_here(area_code: str, registered_area: str, *, has_permit: bool, permits_open: bool) -> bool:
    """Whether a family may apply where it lives: in the district it is registered in (MLG 5), or on a residence permit
    where that is open (ZJ-SA 62)."""
    home = areas.at_level(registered_area, Level.DISTRICT)
    return home == areas.at_level(area_code, Level.DISTRICT) or (has_permit and permits_open)


class Single(BaseModel):
    """Somebody who asks to be supported alone. `conditions` as members hold them; severe disability is grade 1 or 2,
    of mind or intellect also 3."""

    age: int
    conditions: list[str] = []
    is_in_marginal_family: bool = False
    is_employed: bool = False
    years_as_clergy: int = 0


@BOOK.rule("relief.alone", version=1, title="单独申请", facts=Single)
def alone(facts: Single, law: Law, why: Reasons) -> Outcome:
    """Any one ground is enough. What the close family earns is then left out; one's own income counts."""
    is_severe, is_ill = (kind in facts.conditions for kind in ("SEVERE_DISABILITY", "CRITICAL_ILLNESS"))
    is_adult = facts.age >= law.whole("supplements.adult_from")
    years = law.whole("composition.clergy_years")
    grounds = (
        (
            facts.is_in_marginal_family and (is_severe or is_ill),
            "低保边缘家庭中的重度残疾人（含三级智力、精神残疾人）或者重病患者",
            _EIGHT,
        ),
        (facts.years_as_clergy >= years, f"脱离家庭、在宗教场所居住{years}年以上的生活困难的宗教教职人员", _EIGHT),
        (
            is_adult and is_severe and not facts.is_employed,
            "依靠家庭供养的成年无业重度残疾人",
            "民政部等2022年10月20日通知一(一)",
        ),
    )
    for holds, words, source in grounds:
        why.because(
            "alone.ground", f"{'符合' if holds else '不符合'}：{words}", result=holds, source=source, age=facts.age
        )
    return Outcome("granted" if any(holds for holds, _, _ in grounds) else "refused")
