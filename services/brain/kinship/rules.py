"""Kinds of close relatives (近亲属, CC 1045) and what each is seen from the other side."""

from enum import StrEnum


class Kind(StrEnum):
    """`relative` is this of `person`."""

    SPOUSE = "SPOUSE"
    PARENT = "PARENT"
    CHILD = "CHILD"
    SIBLING = "SIBLING"
    GRANDPARENT = "GRANDPARENT"
    GRANDCHILD = "GRANDCHILD"


_OTHER_SIDE = {
    Kind.SPOUSE: Kind.SPOUSE,
    Kind.PARENT: Kind.CHILD,
    Kind.CHILD: Kind.PARENT,
    Kind.SIBLING: Kind.SIBLING,
    Kind.GRANDPARENT: Kind.GRANDCHILD,
    Kind.GRANDCHILD: Kind.GRANDPARENT,
}


def other_side(kind: Kind) -> Kind:
    """What the person is of her relative."""
    return _OTHER_SIDE[kind]
