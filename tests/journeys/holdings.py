"""What a person has in every service, asked through the gateway as the clerks would; without ids of rows and versions,
so that before and after can be held against each other."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared import clock
from tests.journeys.conftest import Scene

Holdings = dict[str, Any]

MONTHS_BACK = 6


def month_back(back: int) -> str:
    """`2026-08`: so many months before this one."""
    day = clock.today().replace(day=1)
    for _ in range(back):
        day = (day - timedelta(days=1)).replace(day=1)
    return day.isoformat()[:7]


async def look_at(scene: Scene, person: Mapping[str, str]) -> Holdings:
    """Everything, of one person of the story."""
    person_id = person["personId"]
    return {
        **await _brain(scene, person_id),
        **await _eldercare(scene, person_id, person["bedId"]),
        **await _relief(scene, person_id, person["householdId"]),
        **await _charity(scene, person_id),
    }


async def _brain(scene: Scene, person_id: str) -> Holdings:
    clerk = scene["town-clerk"]
    file = await clerk.get(f"/api/brain/people/{person_id}")
    wife = await clerk.get(f"/api/brain/people/{await spouse_of(scene, person_id)}")
    consents = await clerk.get(f"/api/brain/people/{person_id}/consents")
    return {
        "life": (file["lifeStatus"], file["deathDate"]),
        "spouse": wife["maritalStatus"],
        "consents": sorted((one["purpose"], one["endReason"]) for one in consents["items"]),
    }


async def spouse_of(scene: Scene, person_id: str) -> str:
    """The id of the husband or wife."""
    kin = await scene["town-clerk"].get(f"/api/brain/people/{person_id}/kin")
    return str(next(one["relativeId"] for one in kin["items"] if one["kind"] == "SPOUSE"))


async def _eldercare(scene: Scene, person_id: str, bed_id: str) -> Holdings:
    clerk = scene["town-clerk"]
    elder = await clerk.get(f"/api/eldercare/elders/{person_id}")
    bed = await clerk.get(f"/api/eldercare/beds/{bed_id}")
    return {
        "elder": (elder["lifeStatus"], elder["deathDate"], elder["orgId"], elder["living"]),
        "bed": bed["status"],
        "stays": [(one["bedId"], one["state"], one["endedOn"], one["endReason"]) for one in elder["stays"]],
        "orders": sorted((one["item"], one["slotFrom"], one["state"]) for one in elder["orders"]),
        "devices": sorted((one["serialNo"], one["state"]) for one in elder["devices"]),
        "subsidies": sorted((one["scheme"], one["state"], one["lastMonth"]) for one in elder["subsidies"]),
        "waiting": elder["waiting"] and (elder["waiting"]["priority"], elder["waiting"]["state"]),
        "eldercare_months": await _months(scene, "eldercare", person_id),
        "eldercare_recoveries": await recoveries(scene, "eldercare", person_id),
    }


async def _relief(scene: Scene, person_id: str, household_id: str) -> Holdings:
    case = await relief_case(scene, household_id)
    clerk = scene["town-clerk"]
    rechecks = await clerk.get("/api/relief/rechecks", caseId=case["id"])
    visits = await clerk.get("/api/relief/visits", householdId=household_id, kind="CONDOLENCE")
    return {
        "case": (case["kind"], case["state"], case["monthlyAmount"]),
        "members": sorted((one["personId"], one["isCounted"], one["shareEnds"]) for one in case["members"]),
        "rechecks": [(one["personId"], one["dueOn"], one["doneAt"]) for one in rechecks["items"]],
        "visits": [(one["kind"], one["personId"], one["dueOn"], one["doneAt"]) for one in visits["items"]],
        "relief_months": await _months(scene, "relief", case["payeeId"]),
        "relief_recoveries": await recoveries(scene, "relief", case["payeeId"]),
    }


async def relief_case(scene: Scene, household_id: str) -> dict[str, Any]:
    """The family's case with its members."""
    found = await scene["town-clerk"].get("/api/relief/cases", householdId=household_id)
    case: dict[str, Any] = await scene["town-clerk"].get(f"/api/relief/cases/{found['items'][0]['id']}")
    return case


async def _charity(scene: Scene, person_id: str) -> Holdings:
    clerk = scene["town-clerk"]
    pairings = await clerk.get("/api/charity/pairings", personId=person_id)
    pledges = await clerk.get("/api/charity/pledges", personId=person_id)
    volunteers = await clerk.get("/api/charity/volunteers", personId=person_id)
    points = await clerk.get(f"/api/charity/people/{person_id}/points")
    return {
        "pairings": sorted((one["kind"], one["state"]) for one in pairings["items"]),
        "pledges": sorted((one["amount"], one["isStopped"]) for one in pledges["items"]),
        "volunteer": [one["isOpen"] for one in volunteers["items"]],
        "points": (points["balance"], points["available"], points["isFrozen"]),
    }


async def _months(scene: Scene, service: str, person_id: str) -> dict[tuple[str, str], tuple[str, str, str, str]]:
    """(scheme, month) → due, paid, on the way, to recover; as decimal strings."""
    found = await scene["district-officer"].get(
        f"/api/{service}/payments/people/{person_id}/statement", since=month_back(MONTHS_BACK), until=month_back(0)
    )
    return {
        (one["scheme"], one["month"]): (one["due"], one["paid"], one["onTheWay"], one["toRecover"])
        for one in found["months"]
    }


async def recoveries(scene: Scene, service: str, person_id: str) -> dict[tuple[str, str], str]:
    """(scheme, month) → amount of what is proposed or confirmed to be recovered."""
    found = await scene["district-officer"].get(f"/api/{service}/payments/recoveries", personId=person_id, limit="100")
    return {
        (one["scheme"], one["month"]): one["amount"]
        for one in found["items"]
        if one["state"] in ("PROPOSED", "CONFIRMED")
    }
