"""States of a delegation, and what a quarter's errors do to it."""

from __future__ import annotations

from decimal import Decimal

from shared.db.problems import Conflict, Invalid


class DelegationExists(Conflict):
    code = "delegation_exists"
    detail = "该乡镇（街道）此类救助的审批权限已下放或已暂停"


class DelegationState(Conflict):
    code = "delegation_state"
    detail = "当前状态不允许此操作"


class NotATown(Invalid):
    code = "not_a_town"
    detail = "审批权限只能下放到乡镇（街道）"


class StartsInPast(Invalid):
    code = "starts_in_past"
    detail = "下放日期不能早于今天"


def consequence(errors: int, drawn: int, warning: Decimal, suspension: Decimal) -> str:
    """WARN, SUSPEND or "": over 5 % of a quarter's checks is a warning, over 10 % suspends (§2.5). `drawn` counts the
    checks still open too: a rate that is over with them is over whatever they find."""
    if drawn == 0:
        return ""
    rate = Decimal(errors) / drawn
    return "SUSPEND" if rate > suspension else "WARN" if rate > warning else ""
