"""Kinds of units (domain §1.3)."""

from enum import StrEnum


class UnitKind(StrEnum):
    """What a unit is; its level comes from its area."""

    CIVIL_BUREAU = "CIVIL_BUREAU"
    DEPARTMENT = "DEPARTMENT"
    TOWN = "TOWN"
    MGMT_COMMITTEE = "MGMT_COMMITTEE"
    VILLAGE = "VILLAGE"
    INSTITUTION = "INSTITUTION"
    SOCIAL_ORG = "SOCIAL_ORG"
    THIRD_PARTY = "THIRD_PARTY"
    FUNERAL_HOME = "FUNERAL_HOME"
    MARRIAGE_OFFICE = "MARRIAGE_OFFICE"
    RESCUE_STATION = "RESCUE_STATION"
    HOTLINE_CENTRE = "HOTLINE_CENTRE"
