"""Who may follow whose course: everyone her own, close relatives what is meant for the family."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import delete
from sqlmodel import col, select

from services.brain.people.tables import Person, Sight
from shared.db.principals import Scope
from shared.db.problems import NotFound
from shared.db.unit import UnitOfWork

Audience = Literal["own", "family"]


def audience(kind: Audience, person_id: str) -> str:
    """The name rows carry: for the person alone, or for her family too."""
    return f"{kind}:{person_id}"


async def see_oneself(unit: UnitOfWork, person_ids: Sequence[str]) -> None:
    """Everyone sees both of her own audiences. Runs in a system unit."""
    kinds: tuple[Audience, ...] = ("own", "family")
    rows = [{"viewer_id": one, "audience": audience(kind, one)} for one in person_ids for kind in kinds]
    if rows:
        await unit.enter(Sight, rows, skip_known=True)


async def see_family(unit: UnitOfWork, pairs: Sequence[tuple[str, str]]) -> None:
    """(viewer, person): let close relatives see what is meant for the family. Runs in a system unit."""
    rows = [{"viewer_id": viewer, "audience": audience("family", person)} for viewer, person in pairs]
    if rows:
        await unit.enter(Sight, rows, skip_known=True)


async def unsee_family(unit: UnitOfWork, viewer_id: str, person_id: str) -> None:
    """They are no relatives any more. Runs in a system unit."""
    await unit.execute(
        delete(Sight).where(col(Sight.viewer_id) == viewer_id, col(Sight.audience) == audience("family", person_id))
    )


async def join_sight(unit: UnitOfWork, keep_id: str, drop_id: str) -> None:
    """Two ids are one person: who saw the one sees the other, and she sees both. Runs in a system unit."""
    kinds: tuple[Audience, ...] = ("own", "family")
    for kind in kinds:
        one, other = audience(kind, keep_id), audience(kind, drop_id)
        seen = await unit.all(select(Sight.viewer_id).where(col(Sight.audience).in_([one, other])).distinct())
        rows = [{"viewer_id": viewer, "audience": named} for viewer in sorted(seen) for named in (one, other)]
        await unit.enter(Sight, rows, skip_known=True)


async def may_follow(unit: UnitOfWork, person_id: str) -> None:
    """Raise `NotFound` unless the person is within the caller's rows or, for a person, within her sight."""
    if unit.principal.scope is Scope.PERSON:
        seen = select(Sight.audience).where(
            col(Sight.viewer_id) == unit.principal.person_id, col(Sight.audience) == audience("family", person_id)
        )
        if await unit.first(seen) is None:
            raise NotFound
        return
    await unit.get(Person, person_id)
