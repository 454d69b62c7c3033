"""Effects are undone exactly, unless somebody changed the value since."""

from datetime import date
from typing import Any

from shared import effects
from tests.kernel.conftest import SYSTEM, Toy
from tests.kernel.toy.tables import Bed

PERSON: dict[str, Any] = {"person_id": "p1", "area_code": "330903100001"}


async def test_annulling_restores_a_scalar_and_leaves_a_tombstone(toy: Toy) -> None:
    await toy.beds("b1")
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        bed = await unit.get(Bed, "b1", lock=True)
        await effects.change(unit, bed, "taken_by", "p1", cause="case", **PERSON)
        for _ in range(2):
            await effects.record(
                unit,
                cause="case",
                kind="end",
                object_kind="benefit",
                object_id="x",
                from_date=date(2026, 3, 1),
                **PERSON,
            )
        assert len(await effects.live(unit, "benefit", "x")) == 1
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        assert not await effects.is_annulled(unit, "case")
        annulled = await effects.annul(unit, "case", Bed)
        assert len(annulled.effects) == 2
        assert annulled.conflicts == []
    assert await toy.scalar("select taken_by from bed") is None
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        assert await effects.is_annulled(unit, "case")
        assert await effects.live(unit, "benefit", "x") == []
        assert (await effects.annul(unit, "case", Bed)).effects == []


async def test_a_scalar_that_was_changed_since_is_left_to_a_human(toy: Toy) -> None:
    await toy.beds("b1")
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        bed = await unit.get(Bed, "b1", lock=True)
        await effects.change(unit, bed, "taken_by", "p1", cause="case", **PERSON)
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        (await unit.get(Bed, "b1", lock=True)).taken_by = "p2"
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        conflict = (await effects.annul(unit, "case", Bed)).conflicts[0]
        assert (conflict.before, conflict.after, conflict.now) == (None, "p1", "p2")
    assert await toy.scalar("select taken_by from bed") == "p2"
