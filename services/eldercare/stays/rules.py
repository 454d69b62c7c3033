"""The states of a stay (state machine 15) and what a check-in needs."""

from __future__ import annotations

from collections.abc import Mapping

from shared.db.problems import Conflict


class StayInWrongState(Conflict):
    code = "stay_state"
    detail = "入住当前状态不允许此操作"


class ElderHasBed(Conflict):
    code = "elder_has_bed"
    detail = "该老人已有床位"


class NotAssessed(Conflict):
    code = "not_assessed"
    detail = "入住前须完成老年人能力评估"


LIVE = ("RESERVED", "CHECKED_IN", "ON_LEAVE", "HOSPITAL")
PRESENT = ("CHECKED_IN", "ON_LEAVE", "HOSPITAL")
"""States in which the bed is occupied."""

STEPS: Mapping[tuple[str, str], str] = {
    ("check_in", "RESERVED"): "CHECKED_IN",
    ("leave", "CHECKED_IN"): "ON_LEAVE",
    ("hospital", "CHECKED_IN"): "HOSPITAL",
    ("return", "ON_LEAVE"): "CHECKED_IN",
    ("return", "HOSPITAL"): "CHECKED_IN",
    ("check_out", "CHECKED_IN"): "CHECKED_OUT",
    ("check_out", "ON_LEAVE"): "CHECKED_OUT",
    ("check_out", "HOSPITAL"): "CHECKED_OUT",
    ("cancel", "RESERVED"): "CANCELLED",
    ("lapse", "RESERVED"): "CANCELLED",
    ("die", "RESERVED"): "CANCELLED",
    ("die", "CHECKED_IN"): "DECEASED",
    ("die", "ON_LEAVE"): "DECEASED",
    ("die", "HOSPITAL"): "DECEASED",
}

_CARE = ("SELF", "ASSISTED", "CARE_3", "CARE_2", "SPECIAL")


def stepped(state: str, action: str) -> str:
    """The state after an action; StayInWrongState when it is not allowed now."""
    try:
        return STEPS[action, state]
    except KeyError:
        raise StayInWrongState from None


def care_level(ability_level: int) -> str:
    """Care level by ability: 0 自理, 1 介助, 2 介护三级, 3 介护二级, 4 特级 (domain §3.2, assumed)."""
    return _CARE[ability_level]
