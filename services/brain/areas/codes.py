"""Kinds of divisions (domain §1.2)."""

from enum import StrEnum


class AreaKind(StrEnum):
    """A management committee (管委会) has town duties and a village-level code."""

    PROVINCE = "PROVINCE"
    CITY = "CITY"
    DISTRICT = "DISTRICT"
    SUBDISTRICT = "SUBDISTRICT"
    TOWN = "TOWN"
    MGMT_COMMITTEE = "MGMT_COMMITTEE"
    COMMUNITY = "COMMUNITY"
    VILLAGE = "VILLAGE"
    GRID = "GRID"
    MICRO_GRID = "MICRO_GRID"


class Island(StrEnum):
    """How the place is reached: on the main island, by bridge, by ferry, by rare ferry."""

    MAIN = "MAIN"
    BRIDGED = "BRIDGED"
    OUTER = "OUTER"
    REMOTE = "REMOTE"
