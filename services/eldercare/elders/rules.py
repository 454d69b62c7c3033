"""Age, the life status, the classes the law speaks of."""

from __future__ import annotations

from datetime import date

INVERSE = {
    "SPOUSE": "SPOUSE",
    "PARENT": "CHILD",
    "CHILD": "PARENT",
    "SIBLING": "SIBLING",
    "GRANDPARENT": "GRANDCHILD",
    "GRANDCHILD": "GRANDPARENT",
}
"""If A is `kind` of B, B is `INVERSE[kind]` of A (近亲属, CC 1045)."""


def birthday(birth: date, age: int) -> date:
    """The day a person completes an age; 29 February counts as 1 March where the year has none (CC 259 by analogy)."""
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:
        return date(birth.year + age, 3, 1)


def born_by(on: date, age: int) -> date:
    """The latest birth date of people who have completed `age` on a day."""
    try:
        return on.replace(year=on.year - age)
    except ValueError:
        return date(on.year - age, 2, 28)


def age_on(birth: date, on: date) -> int:
    """Completed years."""
    years = on.year - birth.year
    return years if birthday(birth, years) <= on else years - 1
