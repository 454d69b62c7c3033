"""Who acts, and which rows that opens.

A principal is one account acting in one post. Its role decides the row scope: staff see the range of their
area, institution staff their organisation, residents what is theirs. Reactions and schedules act as a named
system principal.
"""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """The database roles a unit of work can run as; the values are PostgreSQL role names."""

    AREA = "puyou_scope_area"
    ORG = "puyou_scope_org"
    PERSON = "puyou_scope_person"
    SYSTEM = "puyou_scope_system"


class Role(StrEnum):
    """Roles of domain.md §1.3."""

    RESIDENT = "RESIDENT"
    AGENT = "AGENT"
    VILLAGE_CLERK = "VILLAGE_CLERK"
    GRID_WORKER = "GRID_WORKER"
    TOWN_CLERK = "TOWN_CLERK"
    TOWN_LEADER = "TOWN_LEADER"
    DISTRICT_OFFICER = "DISTRICT_OFFICER"
    DISTRICT_REVIEWER = "DISTRICT_REVIEWER"
    DISTRICT_DIRECTOR = "DISTRICT_DIRECTOR"
    FINANCE_OFFICER = "FINANCE_OFFICER"
    THIRD_PARTY_SURVEYOR = "THIRD_PARTY_SURVEYOR"
    ASSESSOR = "ASSESSOR"
    INSTITUTION_ADMIN = "INSTITUTION_ADMIN"
    CARER = "CARER"
    HOTLINE_OPERATOR = "HOTLINE_OPERATOR"
    RESPONDER = "RESPONDER"
    SOCIAL_WORKER = "SOCIAL_WORKER"
    VOLUNTEER = "VOLUNTEER"
    ORG_ADMIN = "ORG_ADMIN"
    CHARITY_FINANCE = "CHARITY_FINANCE"
    REGISTRAR = "REGISTRAR"
    FUNERAL_STAFF = "FUNERAL_STAFF"
    CHILD_SUPERVISOR = "CHILD_SUPERVISOR"
    CHILD_DIRECTOR = "CHILD_DIRECTOR"
    LAW_OFFICER = "LAW_OFFICER"
    LEGAL_REVIEWER = "LEGAL_REVIEWER"
    AUDITOR = "AUDITOR"
    SECURITY_ADMIN = "SECURITY_ADMIN"
    SYSTEM_ADMIN = "SYSTEM_ADMIN"
    SYSTEM = "SYSTEM"


_PERSON_ROLES = {Role.RESIDENT, Role.AGENT, Role.VOLUNTEER}
_ORG_ROLES = {
    *(Role.INSTITUTION_ADMIN, Role.CARER, Role.ORG_ADMIN, Role.CHARITY_FINANCE, Role.FUNERAL_STAFF),
    Role.THIRD_PARTY_SURVEYOR,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """One account in one post. `lo`/`hi` is the half-open area range `lo <= area_code < hi`."""

    account_id: str
    role: Role
    lo: str = ""
    hi: str = ""
    area_code: str = ""
    org_id: str = ""
    person_id: str = ""
    session_id: str = ""
    name: str = ""

    @property
    def scope(self) -> Scope:
        """The database role this principal's units run as."""
        if self.role is Role.SYSTEM:
            return Scope.SYSTEM
        if self.role in _PERSON_ROLES:
            return Scope.PERSON
        return Scope.ORG if self.role in _ORG_ROLES else Scope.AREA


def system_principal(name: str) -> Principal:
    """The named actor behind reactions, schedules and sign-in, e.g. `eldercare.reactions`."""
    return Principal(account_id=f"system:{name}", role=Role.SYSTEM, name=name)
