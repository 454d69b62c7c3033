"""Where the synthetic Putuo lies: the nine towns of the statistical list, three management committees, 74 villages and
31 communities (plan B-22, B-23). Village names are made up on purpose; the real list is not verified (domain §1.2)."""

from dataclasses import dataclass
from typing import Literal

DISTRICT = "330903000000"
STORY_TOWN = "330903100000"
STORY_VILLAGE = "330903100201"
OTHER_TOWN = "330903003000"
"""The town whose clerk must see nothing of the story."""

Reach = Literal["MAIN", "BRIDGED", "OUTER", "REMOTE"]
"""How a place is reached: by road, by bridge, by ferry, by rare ferry (domain §1.2)."""

Kind = Literal["PROVINCE", "CITY", "DISTRICT", "SUBDISTRICT", "TOWN", "MGMT_COMMITTEE", "COMMUNITY", "VILLAGE"]


@dataclass(frozen=True, slots=True)
class Place:
    """One administrative area."""

    code: str
    name: str
    kind: Kind
    parent: str | None
    reach: Reach


@dataclass(frozen=True, slots=True)
class Town:
    """A town-level unit: share of the population in percent, how many villages and communities it has."""

    code: str
    name: str
    kind: Kind
    share: int
    reach: Reach
    villages: int
    communities: int


TOWNS = (
    Town("330903001000", "沈家门街道", "SUBDISTRICT", 30, "MAIN", 8, 12),
    Town("330903003000", "东港街道", "SUBDISTRICT", 27, "MAIN", 6, 9),
    Town("330903004000", "朱家尖街道", "SUBDISTRICT", 8, "BRIDGED", 10, 2),
    Town("330903005000", "展茅街道", "SUBDISTRICT", 6, "MAIN", 10, 1),
    Town("330903100000", "六横镇", "TOWN", 16, "OUTER", 20, 3),
    Town("330903102000", "虾峙镇", "TOWN", 4, "OUTER", 7, 1),
    Town("330903104000", "桃花镇", "TOWN", 4, "OUTER", 7, 1),
    Town("330903105000", "东极镇", "TOWN", 2, "REMOTE", 4, 0),
    Town("330903106000", "普陀山镇", "TOWN", 3, "OUTER", 2, 2),
)
"""Shares are those assumed in domain §1.2; villages and communities sum to 74 and 31."""

COMMITTEES = (
    Place("330903001901", "登步管委会", "MGMT_COMMITTEE", "330903001000", "OUTER"),
    Place("330903001902", "蚂蚁岛管委会", "MGMT_COMMITTEE", "330903001000", "OUTER"),
    Place("330903004901", "白沙管委会", "MGMT_COMMITTEE", "330903004000", "OUTER"),
)


def villages_of(town: Town) -> list[Place]:
    """Residents' committees take 001–199, village committees 200–399 of the last three digits."""
    stem, short = town.code[:9], town.name.rstrip("镇街道")
    places = [
        Place(f"{stem}{number:03d}", f"{short}示例社区{number:02d}", "COMMUNITY", town.code, town.reach)
        for number in range(1, town.communities + 1)
    ]
    places += [
        Place(f"{stem}{200 + number:03d}", f"{short}示例村{number:02d}", "VILLAGE", town.code, town.reach)
        for number in range(1, town.villages + 1)
    ]
    return places


def all_places() -> list[Place]:
    """Province to village, parents before children."""
    places = [
        Place("330000000000", "浙江省", "PROVINCE", None, "MAIN"),
        Place("330900000000", "舟山市", "CITY", "330000000000", "MAIN"),
        Place(DISTRICT, "普陀区", "DISTRICT", "330900000000", "MAIN"),
    ]
    places += [Place(town.code, town.name, town.kind, DISTRICT, town.reach) for town in TOWNS]
    places += COMMITTEES
    for town in TOWNS:
        places += villages_of(town)
    return places
