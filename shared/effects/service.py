"""Recording and annulling effects."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel

from shared.db.unit import UnitOfWork
from shared.effects.tables import AnnulledCause, Effect
from shared.ids import uuid7

_SCALAR = "change"


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
    values = {
        "id": uuid7(),
        "cause": cause,
        "kind": kind,
        "object_kind": object_kind,
        "object_id": object_id,
        "person_id": person_id,
        "area_code": area_code,
        "org_id": org_id,
        "from_date": from_date,
        "payload": payload or {},
        "created_at": unit.now,
    }
    await unit.execute(insert(Effect.__table__).values(**values).on_conflict_do_nothing())  # type: ignore[attr-defined]


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
    table = row.__table__  # type: ignore[attr-defined]
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
    tombstone = insert(AnnulledCause.__table__).values(cause=cause, annulled_at=unit.now)  # type: ignore[attr-defined]
    await unit.execute(tombstone.on_conflict_do_nothing())
    effects = await unit.all(
        select(Effect).where(Effect.cause == cause, Effect.annulled_at.is_(None)).order_by(Effect.id).with_for_update()  # type: ignore[arg-type, union-attr, attr-defined]
    )
    found = Annulled(effects)
    by_name = {table.__table__.name: table for table in tables}  # type: ignore[attr-defined]
    for effect in found.of_kind(_SCALAR):
        table_name, column = effect.object_kind.split(".")
        conflict = await _restore(unit, by_name[table_name], column, effect)
        if conflict:
            found.conflicts.append(conflict)
    await unit.execute(
        update(Effect)
        .where(Effect.cause == cause, Effect.annulled_at.is_(None))  # type: ignore[arg-type, union-attr]
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
    return bool(await unit.first(select(AnnulledCause.cause).where(AnnulledCause.cause == cause)))  # type: ignore[arg-type]


async def live(unit: UnitOfWork, object_kind: str, object_id: str) -> list[Effect]:
    """The effects that count on one object now."""
    return await unit.all(
        select(Effect)
        .where(Effect.object_kind == object_kind, Effect.object_id == object_id, Effect.annulled_at.is_(None))  # type: ignore[arg-type, union-attr]
        .order_by(Effect.id)  # type: ignore[arg-type]
    )


async def _lock_cause(unit: UnitOfWork, cause: str) -> None:
    await unit.execute(text("select pg_advisory_xact_lock(7089, hashtext(:cause))"), {"cause": cause})


def _identity(row: SQLModel) -> Any:
    return row.__mapper__.primary_key_from_instance(row)[0]  # type: ignore[attr-defined]
