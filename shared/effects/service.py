"""Recording and annulling effects."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import inspect, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, select

from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.effects.tables import AnnulledCause, Effect
from shared.ids import uuid7

_SCALAR = "change"
_RECORD = (
    "insert into kernel.effect (id, cause, kind, object_kind, object_id, person_id, area_code, org_id, from_date,"
    " payload, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing"
)
_IS_ANNULLED = "select exists (select from kernel.annulled_cause where cause = $1)"


@dataclass(frozen=True, slots=True)
class ScalarConflict:
    """A scalar that somebody changed since: a human task shows the three values."""

    effect: Effect
    column: str
    before: Any
    after: Any
    now: Any


@dataclass(slots=True)
class Annulled:
    """What withdrawing a cause did: all its effects, and the scalars that could not be put back."""

    effects: list[Effect] = field(default_factory=list)
    conflicts: list[ScalarConflict] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Effect]:
        """The annulled effects of one kind."""
        return [effect for effect in self.effects if effect.kind == kind]


async def record(
    unit: UnitOfWork,
    *,
    cause: str,
    kind: str,
    object_kind: str,
    object_id: str,
    person_id: str,
    area_code: str,
    from_date: date,
    org_id: str = "",
    payload: dict[str, Any] | None = None,
) -> None:
    """Record one effect. Recording the same (cause, kind, object) again changes nothing."""
    await unit.flush()
    await unit.driver.execute(
        _RECORD,
        uuid7(),
        cause,
        kind,
        object_kind,
        object_id,
        person_id,
        area_code,
        org_id,
        from_date,
        json.dumps(payload or {}, ensure_ascii=False),
        unit.now,
    )


async def change(
    unit: UnitOfWork,
    row: SQLModel,
    column: str,
    after: Any,
    *,
    cause: str,
    person_id: str,
    area_code: str,
    org_id: str = "",
) -> None:
    """Change a scalar of a locked row and remember what it was. JSON values only (text, numbers, booleans, null)."""
    before = getattr(row, column)
    if before == after:
        return
    table = table_of(type(row))
    await record(
        unit,
        cause=cause,
        kind=_SCALAR,
        object_kind=f"{table.name}.{column}",
        object_id=str(_identity(row)),
        person_id=person_id,
        area_code=area_code,
        org_id=org_id,
        from_date=unit.today,
        payload={"before": before, "after": after},
    )
    setattr(row, column, after)
    await unit.flush()


async def annul(unit: UnitOfWork, cause: str, *tables: type[SQLModel]) -> Annulled:
    """Withdraw a cause: annul its live effects, put scalars of `tables` back where they still hold what we wrote,
    and leave a tombstone so that a late confirmation does nothing."""
    await _lock_cause(unit, cause)
    tombstone = insert(table_of(AnnulledCause)).values(cause=cause, annulled_at=unit.now)
    await unit.execute(tombstone.on_conflict_do_nothing())
    effects = await unit.all(
        select(Effect)
        .where(col(Effect.cause) == cause, col(Effect.annulled_at).is_(None))
        .order_by(col(Effect.id))
        .with_for_update()
    )
    found = Annulled(effects)
    by_name = {table_of(table).name: table for table in tables}
    for effect in found.of_kind(_SCALAR):
        table_name, column = effect.object_kind.split(".")
        conflict = await _restore(unit, by_name[table_name], column, effect)
        if conflict:
            found.conflicts.append(conflict)
    await unit.execute(
        update(Effect)
        .where(col(Effect.cause) == cause, col(Effect.annulled_at).is_(None))
        .values(annulled_at=unit.now)
        .execution_options(synchronize_session=False)
    )
    return found


async def _restore(unit: UnitOfWork, model: type[SQLModel], column: str, effect: Effect) -> ScalarConflict | None:
    row = await unit.session.get(model, effect.object_id, with_for_update=True, populate_existing=True)
    now = getattr(row, column, None)
    if row is not None and now == effect.payload["after"]:
        setattr(row, column, effect.payload["before"])
        await unit.flush()
        return None
    return ScalarConflict(effect, column, effect.payload["before"], effect.payload["after"], now)


async def is_annulled(unit: UnitOfWork, cause: str) -> bool:
    """True when the cause was withdrawn, also before its confirmation arrived (domain §10 g).

    Takes a transaction lock on the cause, so a confirmation and its withdrawal cannot pass each other.
    """
    await _lock_cause(unit, cause)
    return bool(await unit.driver.fetchval(_IS_ANNULLED, cause))


async def live(unit: UnitOfWork, object_kind: str, object_id: str) -> list[Effect]:
    """The effects that count on one object now."""
    return await unit.all(
        select(Effect)
        .where(
            col(Effect.object_kind) == object_kind,
            col(Effect.object_id) == object_id,
            col(Effect.annulled_at).is_(None),
        )
        .order_by(col(Effect.id))
    )


async def _lock_cause(unit: UnitOfWork, cause: str) -> None:
    await unit.flush()
    await unit.driver.execute("select pg_advisory_xact_lock(7089, hashtext($1))", cause)


def _identity(row: SQLModel) -> Any:
    return inspect(type(row)).primary_key_from_instance(row)[0]
