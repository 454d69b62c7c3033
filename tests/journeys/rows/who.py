"""Who knocks at the routes: principals of every role, placed inside, above, beside and outside the story's village.

What a principal may see is said here once more in plain words, on purpose without the kernel's own range functions:
this is the oracle the answers are held against.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.db.principals import Role
from suite.seed.places import DISTRICT, OTHER_TOWN, STORY_TOWN, STORY_VILLAGE

SIBLING = "330903100202"
COMMITTEE = "330903001901"
NEIGHBOUR = "330902000000"
"""Another district, whose code is next to ours."""

PEOPLE = frozenset({Role.RESIDENT, Role.AGENT, Role.VOLUNTEER})
HOUSES = frozenset(
    {
        *(Role.INSTITUTION_ADMIN, Role.CARER, Role.ORG_ADMIN, Role.CHARITY_FINANCE, Role.FUNERAL_STAFF),
        Role.THIRD_PARTY_SURVEYOR,
    }
)
ROLES = tuple(role for role in Role if role is not Role.SYSTEM)


def significant(area: str) -> str:
    """The digits all places inside an area begin with."""
    for end, start in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if area[start:end].strip("0"):
            return area[:end] if end < 12 else area
    return area[:2]


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the oracle reads it: whose area, whose house, which persons it is for."""

    id: str
    area: str = ""
    org: str = ""
    viewers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Who:
    """A principal. Of the three attributes only one counts for its role; the others are set to lead astray."""

    role: Role
    area: str = ""
    org: str = ""
    person: str = ""

    def sees(self, row: Row) -> bool:
        """Whether the row is this principal's to see. Nobody sees what belongs to no one."""
        if self.role in PEOPLE:
            return self.person != "" and self.person in row.viewers
        if self.role in HOUSES:
            return self.org != "" and row.org == self.org
        return self.area != "" and row.area.startswith(significant(self.area))

    def __str__(self) -> str:
        key = self.person if self.role in PEOPLE else self.org if self.role in HOUSES else self.area
        return f"{self.role}({key or 'nothing'})"


@dataclass(frozen=True, slots=True)
class Places:
    """The organisations and persons of the story principals are made of."""

    home: str
    other_home: str
    elder: str
    wife: str
    daughter: str
    stranger: str

    def positions(self, role: Role) -> Sequence[Who]:
        """A role in every place: inside, above, below, beside, outside, and with an attribute that is empty. Of persons
        and houses the first three say most: oneself, another, nobody."""
        if role in PEOPLE:
            persons = (self.elder, self.stranger, "", self.daughter, self.wife, f"p1{'z' * 26}")
            return [Who(role, area=DISTRICT, org=self.home, person=person) for person in persons]
        if role in HOUSES:
            houses = (self.home, self.other_home, "", "no-such-house")
            return [Who(role, area=DISTRICT, org=house, person=self.elder) for house in houses]
        areas = (
            STORY_VILLAGE,
            OTHER_TOWN,
            STORY_TOWN,
            SIBLING,
            DISTRICT,
            COMMITTEE,
            "",
            NEIGHBOUR,
            f"{STORY_VILLAGE}01",
        )
        return [Who(role, area=area, org=self.home, person=self.elder) for area in areas]

    def beside(self, role: Role, row: Row) -> Sequence[Who]:
        """The same role where it does not see the row."""
        return [who for who in self.positions(role) if not who.sees(row)]
