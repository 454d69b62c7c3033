"""Whether a reported death can be true, and whose word it is."""

from __future__ import annotations

from datetime import date

from shared.db.principals import Principal, Role
from shared.db.problems import Invalid


class DeathDateImpossible(Invalid):
    code = "death_date"


def check_death_date(death_date: date, *, birth: date, today: date, oldest_years: int) -> None:
    """Raises DeathDateImpossible naming the field: in the future, before birth, or too long ago."""
    if death_date > today:
        raise DeathDateImpossible("death_date_future", "死亡日期晚于今天", field="deathDate")
    if death_date < birth:
        raise DeathDateImpossible("death_date_before_birth", "死亡日期早于出生日期", field="deathDate")
    if death_date.year < today.year - oldest_years:
        words = f"死亡日期距今超过{oldest_years}年，请核实"
        raise DeathDateImpossible("death_date_too_old", words, field="deathDate")


_SOURCES = {
    Role.VILLAGE_CLERK: "VILLAGE",
    Role.GRID_WORKER: "VILLAGE",
    Role.TOWN_CLERK: "TOWN",
    Role.INSTITUTION_ADMIN: "INSTITUTION",
    Role.RESIDENT: "FAMILY",
}


def source_of(who: Principal, person_id: str) -> tuple[str, str]:
    """`(source, unit)` of a report. Sources of one unit count once: an institution, a village, a town, a family."""
    source = _SOURCES[who.role]
    if source == "INSTITUTION":
        return source, who.org_id
    if source == "FAMILY":
        return source, f"family-{person_id}"
    return source, who.area_code
