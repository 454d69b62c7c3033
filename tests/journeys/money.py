"""A month's payments of the story's town, from the draft to the bank's answers, as the finance office makes them."""

from typing import Any

from tests.journeys.conftest import Scene

TOWN = "330903100000"
SCHEMES = {"eldercare": ("longevity", "care_subsidy"), "relief": ("dibao", "tekun")}

_STEPS = {"check": "finance-officer", "approve": "district-reviewer", "export": "finance-officer"}
"""Who does what, in order: nobody approves her own."""


async def pay(scene: Scene, service: str, scheme: str, month: str, *, upto: str = "returns") -> str:
    """A batch of the town, as far as `upto`: run, check, approve, export or returns (all paid); its id.

    A batch with nothing in it stops at the check.
    """
    base = f"/api/{service}/payments/batches"
    made = await scene["finance-officer"].post(base, {"scheme": scheme, "month": month, "areaCode": TOWN}, status=201)
    batch_id = str(made["batch"]["id"])
    assert made["done"], "a town's batch is filled by one request"
    if upto == "run":
        return batch_id
    for step, who in _STEPS.items():
        done = await scene[who].post(f"{base}/{batch_id}/{step}")
        if step == upto or (step == "check" and done["batch"]["lines"] == 0):
            return batch_id
    rows = [{"lineId": line["id"], "outcome": "PAID"} for line in await lines_of(scene, service, batch_id)]
    await scene["finance-officer"].post(f"{base}/{batch_id}/returns", {"rows": rows})
    return batch_id


async def pay_everything(scene: Scene, month: str) -> None:
    """Both schemes of both paying services, paid by the bank without exception."""
    for service, schemes in SCHEMES.items():
        for scheme in schemes:
            await pay(scene, service, scheme, month)


async def lines_of(scene: Scene, service: str, batch_id: str, person_id: str = "") -> list[dict[str, Any]]:
    """The lines of a batch, or a person's among them, in the order they were made."""
    found: list[dict[str, Any]] = []
    path, here = f"/api/{service}/payments/batches/{batch_id}/lines", ""
    while True:
        more = {"cursor": here} if here else {}
        page = await scene["finance-officer"].get(path, status=200, limit="100", **more)
        found += [line for line in page["items"] if person_id in ("", line["personId"])]
        if page["nextCursor"] is None:
            return found
        here = page["nextCursor"]
