"""Close relatives of elders, kept from both sides: they may report a death and see a care plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.eldercare.elders.rules import INVERSE
from services.eldercare.elders.tables import Relative
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class Kin:
    """`relative_id` is `kind` of `person_id`."""

    person_id: str
    relative_id: str
    kind: str
    version: int = 0


async def relate(unit: UnitOfWork, relations: Iterable[Kin]) -> None:
    """Enter relations, each from both sides; an older version changes nothing."""
    both = [
        side
        for one in relations
        for side in (one, Kin(one.relative_id, one.person_id, INVERSE.get(one.kind, one.kind), one.version))
    ]
    if not both:
        return
    new = insert(table_of(Relative))
    rows = [
        {"person_id": k.person_id, "relative_id": k.relative_id, "kind": k.kind, "version": k.version, "area_code": ""}
        for k in both
    ]
    newer = new.on_conflict_do_update(
        index_elements=["person_id", "relative_id"],
        set_={"kind": new.excluded.kind, "version": new.excluded.version},
        where=table_of(Relative).c.version <= new.excluded.version,
    )
    await unit.execute(newer, rows)
    await adopt_relatives(unit)


async def unrelate(unit: UnitOfWork, relation: Kin) -> None:
    """A relation ended (divorce): both sides go, unless a newer version says otherwise."""
    table = table_of(Relative)
    pairs = ((relation.person_id, relation.relative_id), (relation.relative_id, relation.person_id))
    for person_id, relative_id in pairs:
        await unit.execute(
            delete(table).where(
                table.c.person_id == person_id,
                table.c.relative_id == relative_id,
                table.c.version <= relation.version,
            )
        )


_ADOPT = text(
    "update relative r set area_code = e.area_code from elder e"
    " where e.person_id = r.person_id and r.area_code = '' and (:person_id = '' or r.person_id = :person_id)"
)


async def adopt_relatives(unit: UnitOfWork, person_id: str = "") -> None:
    """Relations heard before the elder was known get her area."""
    await unit.execute(_ADOPT, {"person_id": person_id})


async def relatives_of(unit: UnitOfWork, person_id: str) -> list[Relative]:
    """The relatives the caller may see."""
    return await unit.all(
        select(Relative).where(col(Relative.person_id) == person_id).order_by(col(Relative.relative_id)).limit(50)
    )


async def is_relative(unit: UnitOfWork, person_id: str, relative_id: str) -> bool:
    """Whether the one is a close relative of the elder."""
    return bool(
        await unit.first(
            select(literal(1)).where(col(Relative.person_id) == person_id, col(Relative.relative_id) == relative_id)
        )
    )
