"""When a visit counts, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt

from shared.db.problems import Conflict, Invalid

SECTIONS = ("LIVING", "HEALTH", "INCOME", "HOUSING", "CHILDREN", "SAFETY")
NEEDS = ("FOOD", "MEDICAL", "CARE", "HOUSING", "SCHOOL", "WORK", "COMPANY", "OTHER")
MET = ("SELF", "FAMILY", "NOBODY")
RUNNING = ("PLANNED", "ASSIGNED", "CHECKED_IN", "REJECTED_QC")
_EARTH_M = 6_371_000


class VisitDone(Conflict):
    code = "visit_done"
    detail = "该走访已完成"


class VisitOver(Conflict):
    code = "visit_over"
    detail = "该走访已过期或已取消"


class NeedsCheckIn(Conflict):
    code = "needs_check_in"
    detail = "探访须签到并提交问卷，不能直接登记完成"


class CheckedInFirst(Invalid):
    code = "checked_in_first"
    detail = "请先签到，或随提交一并上传签到"


class CheckedInOutside(Invalid):
    code = "checked_in_outside"
    detail = "签到时间应在探访时段内，且不晚于现在"


class HelperHasMany(Conflict):
    code = "helper_has_many"
    detail = "该帮扶人结对的家庭已达上限"


class PairKnown(Conflict):
    code = "pair_known"
    detail = "该帮扶人与该家庭已结对"


class PairEnded(Conflict):
    code = "pair_ended"
    detail = "该结对已结束"


class ProjectEnded(Conflict):
    code = "project_ended"
    detail = "该帮扶项目已结束"


class ProjectTerm(Invalid):
    code = "project_term"
    detail = "截止日期早于起始日期"


@dataclass(frozen=True, slots=True)
class Point:
    """A place, in degrees."""

    latitude: float
    longitude: float


def distance(one: Point, other: Point) -> int:
    """Metres between two places along the earth, up to whole ones."""
    north, south = radians(one.latitude), radians(other.latitude)
    half = (
        sin((north - south) / 2) ** 2 + cos(north) * cos(south) * sin(radians(one.longitude - other.longitude) / 2) ** 2
    )
    return -int(-2 * _EARTH_M * asin(sqrt(min(1.0, half))) // 1)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A visit as it comes in: metres from the family's home, None where one of the two places is not known."""

    checked_in_at: datetime
    submitted_at: datetime
    distance_m: int | None
    remote_reason: str
    met: str
    answered: int
    by_phone: bool = False


def faults(visit: Submitted, *, max_distance_m: int, within: timedelta) -> list[str]:
    """Why it does not count, all of it; nothing where it counts (domain §2.11)."""
    found = []
    if visit.met == "NOBODY":
        found.append("NOT_MET")
    is_near = visit.distance_m is not None and visit.distance_m <= max_distance_m
    if not is_near and not visit.remote_reason and not visit.by_phone:
        found.append("TOO_FAR" if visit.distance_m is not None else "PLACE_UNKNOWN")
    if visit.answered < 1:
        found.append("NO_ANSWER")
    if visit.submitted_at - visit.checked_in_at > within:
        found.append("SUBMITTED_LATE")
    return found
