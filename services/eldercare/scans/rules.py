"""Which view a role gets (domain §3.2)."""

from __future__ import annotations

from shared.db.principals import Role

_CARERS = {Role.CARER, Role.INSTITUTION_ADMIN}
_INSPECTORS = {
    Role.TOWN_CLERK,
    Role.TOWN_LEADER,
    Role.DISTRICT_OFFICER,
    Role.DISTRICT_REVIEWER,
    Role.DISTRICT_DIRECTOR,
    Role.LAW_OFFICER,
}


def view_of(role: Role, *, is_theirs: bool, is_family: bool) -> str:
    """PUBLIC: institution and complaint telephone. FAMILY: care plan. CARER: who and what to do. INSPECTOR: contract
    and subsidies. `is_theirs`: the bed is among the caller's rows; `is_family`: the occupant is she or a relative."""
    if role is Role.RESIDENT and is_family:
        return "FAMILY"
    if role in _CARERS and is_theirs:
        return "CARER"
    if role in _INSPECTORS and is_theirs:
        return "INSPECTOR"
    return "PUBLIC"
