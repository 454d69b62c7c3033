"""Complaints about decisions (ZJ-SA 58), and the check of a town's decision that follows one (R-26)."""

from datetime import date

import pytest

from tests.relief.applying import Applying
from tests.relief.families import LIUHENG


async def test_a_complaint_is_answered_in_time_by_somebody_else(town: Applying) -> None:
    relief = town.relief
    await town.to_review()
    path = f"/applications/{town.id}/complaints"
    early = await relief.post(path, town.clerk, {"text": "不公"}, 409)
    assert early["code"] == "not_decided"
    await town.declare()
    await town.do("approve", town.director, {"reason": "同意"})
    made = await relief.post(path, relief.village, {"text": "该户有存款", "name": "示邻居"}, 201)
    assert (made["name"], made["dueOn"]) == ("示*居", "2026-03-25")
    assert (await relief.get("/complaints?isOpen=true", relief.district))["items"][0]["id"] == made["id"]
    resident = relief.resident((await town.see())["applicantId"])
    await relief.get("/complaints", resident, 403)
    answer, words = f"/complaints/{made['id']}/answer", {"answer": "经核查不属实"}
    assert (await relief.post(answer, town.director, words, 403))["code"] == "own_decision"
    await relief.post(answer, relief.district, words)
    assert (await relief.post(answer, relief.district, words, 409))["code"] == "complaint_answered"
    assert (await relief.get("/complaints?isOpen=true", relief.district))["items"] == []
    # the district decided itself: nothing to check
    assert (await relief.get("/spot-checks", relief.district))["items"] == []
    await relief.post(path, resident, {"text": "金额偏低"}, 201)
    await town.wait_until(date(2026, 3, 26))
    assert len((await relief.get("/complaints?isLate=true", relief.district))["items"]) == 1


@pytest.mark.plan("R-26", part="every case somebody has complained of is checked")
async def test_what_is_complained_of_in_a_town_is_checked_once(town: Applying) -> None:
    relief = town.relief
    body = {"areaCode": LIUHENG, "kind": "DIBAO", "fromOn": "2026-03-02", "reason": "下放"}
    await relief.post("/delegations", town.director, body, 201)
    await town.to_review()
    await town.declare()
    await town.do("approve", town.leader, {"reason": "同意"})
    path = f"/applications/{town.id}/complaints"
    for text in ("该户有存款", "该户有车"):
        await relief.post(path, relief.village, {"text": text}, 201)
    (check,) = (await relief.get("/spot-checks", relief.district))["items"]
    assert (check["applicationId"], check["ground"], check["month"], check["dueOn"]) == (
        town.id,
        "COMPLAINT",
        "2026-03",
        "2026-03-31",
    )
    # the month's draw finds it looked at already
    await town.wait_until(date(2026, 4, 1))
    (drawn,) = (await relief.get("/spot-draws", relief.district))["items"]
    assert (drawn["population"], drawn["drawn"]) == (1, 0)
    assert len((await relief.get("/spot-checks", relief.district))["items"]) == 1
