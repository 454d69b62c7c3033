"""What people do about a death, step by step through the gateway; and what the suite does in between."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from shared import clock
from tests.journeys.conftest import Scene

ANSWERED = ("T11", "T12", "T15", "T21", "T23")
"""The tasks the services answer by themselves."""

WRONG = {"reason": "本人持身份证到镇政府，系同名误报", "evidence": "本人到场核验身份证"}


def days_ago(days: int) -> date:
    """A day of the suite's calendar."""
    return clock.today() - timedelta(days=days)


async def report(
    scene: Scene, person: Mapping[str, str], died_on: date, *, by: str = "village-clerk", place: str = "示例村卫生室"
) -> str:
    """Somebody reports; the id of the case that opens or stands."""
    body = {"deathDate": died_on.isoformat(), "place": place}
    await scene[by].post(f"/api/eldercare/elders/{person['personId']}/death-report", body, status=202)
    await scene.settle()
    return await standing_case(scene, person)


async def standing_case(scene: Scene, person: Mapping[str, str]) -> str:
    """The newest case of a person, as the town sees it."""
    found = await scene["town-clerk"].get("/api/affairs/deaths", personId=person["personId"])
    return str(found["items"][0]["id"])


async def certify(scene: Scene, case_id: str, person: Mapping[str, str], died_on: date) -> None:
    """The town hands in the medical certificate."""
    paper = {"kind": "medical_certificate", "idNumber": person["idNumber"], "deathDate": died_on.isoformat()}
    await scene["town-clerk"].post(f"/api/affairs/deaths/{case_id}/evidence", paper, status=201)


async def confirm(scene: Scene, case_id: str, died_on: date) -> None:
    """The district confirms; nothing is worked off yet."""
    confirmed = await scene["district-officer"].post(
        f"/api/affairs/deaths/{case_id}/confirm", {"deathDate": died_on.isoformat()}
    )
    assert confirmed["isConfirmed"], confirmed


async def confirmed_death(scene: Scene, person: Mapping[str, str], died_on: date) -> str:
    """Reported, certified, confirmed, and every service has answered; the case."""
    case_id = await report(scene, person, died_on)
    await certify(scene, case_id, person, died_on)
    await confirm(scene, case_id, died_on)
    await scene.settle()
    return case_id


async def revoke(scene: Scene, case_id: str) -> None:
    """One officer asks, a second person approves; nothing is worked off yet."""
    await scene["district-officer"].post(f"/api/affairs/deaths/{case_id}/revoke", WRONG, status=202)
    await scene["district-reviewer"].post(f"/api/affairs/deaths/{case_id}/revoke/approve")


async def matter_of(scene: Scene, case_id: str, *, by: str = "town-clerk") -> dict[str, Any]:
    """The matter with its tasks by id."""
    matter: dict[str, Any] = await scene[by].get(f"/api/affairs/matters/{case_id}")
    return {**matter, "tasks": {task["id"]: task for task in matter["tasks"]}}
