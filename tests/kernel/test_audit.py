"""The audit log end to end: written with the change, sealed, exported, verified by a program of its own."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import ProgrammingError

from shared import clock
from shared.db.principals import Role
from tests.kernel.conftest import Toy
from tools import verify_audit


async def test_an_export_verifies_and_a_changed_one_does_not(toy: Toy, tmp_path: Path) -> None:
    await toy.beds("b1", "b2")
    clerk = toy.headers(Role.TOWN_CLERK)
    claims = [
        toy.client.post(f"/api/toy/beds/b{1 + number % 2}/claims", json={"personId": f"p{number}"}, headers=clerk)
        for number in range(20)
    ]
    await asyncio.gather(*claims)
    await toy.client.get("/api/toy/beds/b1", headers=clerk)
    await toy.client.get("/api/toy/beds", headers={"authorization": "Bearer nonsense"})
    seal = toy.runtime.loops["seal"]
    while await seal.work():
        pass
    clock.shift(timedelta(days=1))
    await toy.client.get("/api/toy/beds/b2", headers=toy.headers(Role.TOWN_CLERK))
    while await seal.work():
        pass
    auditor = toy.headers(Role.AUDITOR)
    export = tmp_path / "export.jsonl"
    export.write_text((await toy.client.get("/api/toy/operations/audit/export", headers=auditor)).text, "utf-8")
    keys = tmp_path / "keys.json"
    keys.write_text((await toy.client.get("/api/toy/operations/audit/keys", headers=auditor)).text, "utf-8")
    assert verify_audit.main([str(export), str(keys)]) == 0

    lines = export.read_text("utf-8").splitlines()
    rows = [json.loads(line)["row"] for line in lines if '"kind":"row"' in line]
    assert {row["outcome"] for row in rows} == {"done", "refused"}
    assert {"bed_taken", "token_invalid"} <= {row["code"] for row in rows}
    reading = [row for row in rows if row["action"] == "toy:get_bed"]
    assert len(reading) == 2
    changed = [line.replace("token_invalid", "token_expired") for line in lines]
    assert changed != lines
    export.write_text("\n".join(changed) + "\n", "utf-8")
    assert verify_audit.main([str(export), str(keys)]) == 1


async def test_the_log_can_only_grow(toy: Toy) -> None:
    await toy.beds("b1")
    for attempt in ("update kernel.audit set outcome = 'done'", "delete from kernel.audit"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            await toy.scalar(attempt)
