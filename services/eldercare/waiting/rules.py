"""Who comes first: the priority list of domain §3.2."""

from __future__ import annotations

from dataclasses import dataclass

WRONGED = 0
"""Lost the bed to a mistaken death report (domain §10 c)."""
DESTITUTE = 1
MUST_ADMIT = 2
ISLANDER = 3
IN_TURN = 4

REASONS = {
    WRONGED: "误报死亡撤销，原床位已另行安排",
    DESTITUTE: "特困老年人",
    MUST_ADMIT: "低保、低边家庭失能、失智、高龄、独居老年人或计划生育特殊家庭老年人",
    ISLANDER: "海岛居住且长期需要医疗照护",
    IN_TURN: "按登记先后",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What the order of priority looks at."""

    relief_class: str
    ability_level: int | None
    has_dementia: bool
    age: int
    lives_alone: bool
    is_special_family: bool
    is_islander_with_medical_need: bool


def priority(need: Need, *, very_old: int, disabled_level: int) -> int:
    """1 特困; 2 poor and disabled, demented, very old or alone, and special families (ZJ-EC 19); 3 islanders with long
    medical need; 4 all others."""
    if need.relief_class == "DESTITUTE":
        return DESTITUTE
    in_need = (
        (need.ability_level or 0) >= disabled_level or need.has_dementia or need.age >= very_old or need.lives_alone
    )
    if need.is_special_family or (need.relief_class in ("MINIMUM", "MARGINAL") and in_need):
        return MUST_ADMIT
    return ISLANDER if need.is_islander_with_medical_need else IN_TURN
