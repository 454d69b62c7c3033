"""Code sets of the person file (domain §1.4)."""

from enum import StrEnum


class Registration(StrEnum):
    """Household registration: 户籍, 常住, 临时."""

    REGISTERED = "REGISTERED"
    RESIDENT = "RESIDENT"
    TEMP = "TEMP"


class LifeStatus(StrEnum):
    """Whether the person lives, as far as is confirmed."""

    ALIVE = "ALIVE"
    DECEASED = "DECEASED"


class MaritalStatus(StrEnum):
    """GB/T 2261.2."""

    NEVER = "10"
    MARRIED = "20"
    FIRST = "21"
    REMARRIED = "22"
    RESTORED = "23"
    WIDOWED = "30"
    DIVORCED = "40"
    NOT_STATED = "90"

    @property
    def is_married(self) -> bool:
        """Any of the codes 20 to 23."""
        return self.value.startswith("2")


class AliasReason(StrEnum):
    """Why another id means this person."""

    MERGED = "MERGED"
    NEW_NUMBER = "NEW_NUMBER"
