"""A new task is a new version of the definition, and no Python."""

from pathlib import Path

import pytest

from services.affairs.matters import service as matters
from services.affairs.matters.vocabulary import vocabulary
from shared.db.principals import Role
from shared.onething import Definitions
from tests.affairs.world import DISTRICT, World

pytestmark = pytest.mark.plan("S-03", part="a new task is a new definition version and no Python")

FOLDER = Path(matters.__file__).parent
NEW_TASK = """
  - id: T27
    title: 慰问家属
    stage: rest
    department: village
    kind: human
    does: 村（社区）上门慰问，了解困难
    start: confirmed
    limit: {amount: 7, unit: DAY}
    result:
      visitedOn: {title: 上门日期, type: date, required: true}
    compensation: {kind: human, title: 说明误报并致歉}
    law: 暂定
"""


async def test_a_second_version_adds_a_task_and_leaves_running_matters_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_case = await world.confirmed()
    first = (FOLDER / "after-death.v1.yaml").read_text(encoding="utf-8")
    (tmp_path / "after-death.v1.yaml").write_text(first, encoding="utf-8")
    second = first.replace("version: 1", "version: 2", 1).replace(
        "  bank: 银行", "  bank: 银行\n  village: 村（社区）", 1
    )
    (tmp_path / "after-death.v2.yaml").write_text(second.rstrip() + "\n" + NEW_TASK, encoding="utf-8")
    monkeypatch.setattr(matters.ONE_THING, "definitions", Definitions.load(tmp_path, vocabulary()))

    body = {"personId": world["cai"], "source": "FAMILY", "deathDate": "2026-03-01", "place": "家中"}
    new_case = (await world.post("/deaths", world.other_town, body, 201))["caseId"]
    paper = {"kind": "medical_certificate", "idNumber": world.numbers["cai"], "deathDate": "2026-03-01"}
    await world.post(f"/deaths/{new_case}/evidence", world.other_town, paper, 201)
    await world.post(f"/deaths/{new_case}/confirm", world.officer(), {"deathDate": "2026-03-01"})

    new, old = (
        await world.get(f"/matters/{new_case}", world.officer()),
        await world.get(f"/matters/{old_case}", world.officer()),
    )
    assert (new["version"], len(new["tasks"])) == (2, 27)
    assert (old["version"], len(old["tasks"])) == (1, 26)
    path = f"/matters/{new_case}/tasks/T27/complete"
    refused = await world.post(path, world.other_town, {"result": {}}, 422)
    assert [error["field"] for error in refused["errors"]] == ["result.visitedOn"]
    await world.post(path, world.other_town, {"result": {"visitedOn": "2026-03-03"}})
    await world.post(f"/matters/{old_case}/tasks/T27/complete", world.town, {"result": {}}, 404)
    listed = await world.get("/tasks?state=DONE&department=village", world.other_town)
    assert [(item["taskId"], item["title"]) for item in listed["items"]] == [("T27", "慰问家属")]
    await world.settled(old_case)
    assert (await world.states(old_case))["T11"] == "DONE"

    # Moving a running matter is a decision of its own, shown first.
    director = world.stand.headers(Role.DISTRICT_DIRECTOR, DISTRICT, account="director")
    path = f"/matters/{old_case}/migration"
    await world.post(path, world.officer(), {"toVersion": 2}, 403)
    assert (await world.post(path, director, {"toVersion": 9}, 422))["code"] == "version_unknown"
    shown = await world.post(path, director, {"toVersion": 2})
    assert (shown["isPossible"], shown["isDone"]) == (True, False)
    assert {"task": "T27", "what": "status", "before": None, "after": "READY"} in shown["changes"]
    assert (await world.get(f"/matters/{old_case}", world.officer()))["version"] == 1
    before = await world.states(old_case)
    await world.post(path, director, {"toVersion": 2, "dryRun": False})
    assert await world.states(old_case) == before | {"T27": "READY"}
    refused = await world.post(path, director, {"toVersion": 2, "dryRun": False}, 409)
    assert refused["code"] == "migration_refused"


async def test_the_published_versions_are_those_matters_hold(world: World) -> None:
    await world.case()
    async with world.stand.unit() as unit:
        await matters.ONE_THING.check_pinned(unit)
