"""A paper on its way through the gateway: up in the largest size, down as the same bytes, too large with a word."""

import os
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared import clock
from tests.journeys.conftest import Scene

pytestmark = [pytest.mark.journey, pytest.mark.plan("A-09", part="evidence as files")]


async def _send(stage: Scene, who: str, path: str, content: Any = None, **headers: str) -> httpx.Response:
    headers["authorization"] = f"Bearer {stage[who].token}"
    return await stage.client.request("GET" if content is None else "POST", path, headers=headers, content=content)


async def test_a_file_of_the_largest_size_passes_the_door_both_ways(stage: Scene) -> None:
    report = {"source": "TOWN", "deathDate": clock.today().isoformat(), "place": "家中"}
    case = await stage["town-clerk"].post("/api/affairs/deaths", report | {"personId": stage.story[0]["personId"]})
    path = f"/api/affairs/deaths/{case['caseId']}/files"
    largest = stage.suite.settings.file_limit_bytes
    scan = b"%PDF-1.7\n" + os.urandom(largest - 9)
    kept = await _send(stage, "town-clerk", path, scan, **{"x-file-name": quote("死亡证明.pdf")})
    assert kept.status_code == 201, kept.text
    got = await _send(stage, "district-officer", f"{path}/{kept.json()['fileId']}")
    assert (got.status_code, got.content) == (200, scan)
    assert got.headers["content-disposition"].endswith(f"filename*=UTF-8''{quote('死亡证明.pdf')}")
    wanted = {
        "content-type": "application/pdf",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox",
        "cache-control": "no-store",
    }
    assert {name: got.headers.get_list(name) for name in wanted} == {name: [value] for name, value in wanted.items()}
    larger = await _send(stage, "town-clerk", path, scan + b"!")
    assert (larger.status_code, larger.json()["code"]) == (413, "file_too_large")
    assert larger.json()["errors"][0]["field"] == "file"
    assert (await _send(stage, "town-clerk-2", path)).status_code == 404
    assert (await _send(stage, "resident", path)).status_code == 403
