"""What a person has, as the town clerk and the district officer see it through the gateway: before, after, and back."""

from dataclasses import dataclass, field
from typing import Any

from suite.story.people import Cast


@dataclass(frozen=True, slots=True)
class Holdings:
    """One person's bed, orders, device, money, pairing, points, and her spouse's status."""

    life: str
    spouse: str
    bed: str
    stays: tuple[str, ...]
    open_orders: int
    devices: tuple[str, ...]
    subsidies: tuple[str, ...] = field(default=())
    share_ended: bool = False
    case_state: str = ""
    pairings: tuple[str, ...] = ()
    points: int = 0
    points_frozen: bool = False
    to_recover_fen: int = 0

    def told(self) -> str:
        """One line."""
        return (
            f"床位 {self.bed}，订单 {self.open_orders}，设备 {'、'.join(self.devices)}，补贴 {len(self.subsidies)} 项，"
            f"低保 {self.case_state}，结对 {'、'.join(self.pairings)}，积分 {self.points}"
        )

    def is_over(self) -> bool:
        """Nothing runs any more."""
        return (
            self.life == "DECEASED"
            and self.spouse == "30"
            and self.bed == "MAINTENANCE"
            and self.stays == ("DECEASED",)
            and self.open_orders == 0
            and set(self.devices) == {"TO_RETRIEVE"}
            and all(one.endswith("止") for one in self.subsidies)
            and self.share_ended
            and set(self.pairings) == {"STOPPED"}
            and self.points_frozen
        )


async def look_at(cast: Cast, person: dict[str, Any]) -> Holdings:
    """Ask every service."""
    person_id = person["personId"]
    clerk, officer = cast["town-clerk"], cast["district-officer"]
    bed = await clerk.get(f"/api/eldercare/beds/{person['bedId']}")
    elder = await clerk.get(f"/api/eldercare/elders/{person_id}")
    file = await clerk.get(f"/api/brain/people/{person_id}")
    kin = (await clerk.get(f"/api/brain/people/{person_id}/kin"))["items"]
    spouse = next(one["relativeId"] for one in kin if one["kind"] == "SPOUSE")
    spouse_file = await clerk.get(f"/api/brain/people/{spouse}")
    case = await _relief_case(clerk, person["householdId"])
    member = next(one for one in case["members"] if one["personId"] == person_id)
    pairings = (await clerk.get("/api/charity/pairings", personId=person_id))["items"]
    points = await clerk.get(f"/api/charity/people/{person_id}/points")
    return Holdings(
        life=file["lifeStatus"],
        spouse=spouse_file["maritalStatus"],
        bed=bed["status"],
        stays=tuple(stay["state"] for stay in elder["stays"]),
        open_orders=sum(order["state"] not in ("CANCELLED", "VOID") for order in elder["orders"]),
        devices=tuple(device["state"] for device in elder["devices"]),
        subsidies=tuple(
            f"{one['scheme']} {one['lastMonth']}止" if one["lastMonth"] else one["scheme"] for one in elder["subsidies"]
        ),
        share_ended=not member["isCounted"],
        case_state=case["state"],
        pairings=tuple(one["state"] for one in pairings),
        points=points["balance"],
        points_frozen=points["isFrozen"],
        to_recover_fen=await _to_recover(officer, person_id, case),
    )


async def _relief_case(clerk: Any, household_id: str) -> dict[str, Any]:
    cases = (await clerk.get("/api/relief/cases", householdId=household_id))["items"]
    found: dict[str, Any] = await clerk.get(f"/api/relief/cases/{cases[0]['id']}")
    return found


async def _to_recover(officer: Any, person_id: str, case: dict[str, Any]) -> int:
    """Proposed recoveries of the person and of her household's benefit, in fen."""
    total = 0
    for service, whose in (("eldercare", person_id), ("relief", case["payeeId"])):
        found = await officer.get(f"/api/{service}/payments/recoveries", personId=whose, state="PROPOSED")
        total += sum(round(float(one["amount"]) * 100) for one in found["items"])
    return total
