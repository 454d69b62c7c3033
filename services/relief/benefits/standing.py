"""Cases as they stand: what is recorded, and what follows from the members and the effects that live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, all_, and_, select, text
from sqlmodel import col

from services.relief.benefits.due import SCHEME_OF
from services.relief.benefits.rates import PAYMENTS
from services.relief.benefits.rules import TEKUN, state_shown
from services.relief.benefits.tables import BenefitCase
from services.relief.households.reading import has_living, live, whole_family
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.payments.due import with_due

CASE, RECHECK = "benefit_case", "recheck"
"""Effect on a case: the family is to be looked at again. Its payload names the re-check, which ends it when done."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A case as it stands: its state as people see it, and what is due in a month, in fen."""

    state: str
    amount_fen: int


_ASKED = """
asked as (
    select cast(a.id as text) as entitlement_id, cast(:month as date) as month
    from unnest(cast(:ids as text[])) a (id)
)"""
_DUE = " select entitlement_id, amount_fen from due"


async def due_in(unit: UnitOfWork, cases: Iterable[BenefitCase], month: date) -> dict[str, int]:
    """Fen due in a month, by case id, whatever was paid."""
    by_scheme: dict[str, dict[str, str]] = {}
    amounts: dict[str, int] = {}
    for case in cases:
        amounts[case.id] = 0
        if case.entitlement_id:
            by_scheme.setdefault(SCHEME_OF[case.kind], {})[case.entitlement_id] = case.id
    for scheme, ids in by_scheme.items():
        statement = text(with_due(PAYMENTS.schemes[scheme].due, _ASKED, _DUE))
        for row in await unit.execute(statement, {"ids": list(ids), "month": month}):
            amounts[ids[row.entitlement_id]] = int(row.amount_fen)
    return amounts


def is_over(state: str) -> bool:
    """Whether a state as shown is an end."""
    return state in ("CLOSED", "ENDED")


def _is_reviewed() -> Any:
    """SQL condition: a re-check is asked for by a live effect and not done."""
    asked = select(Effect).where(
        *live(CASE, RECHECK),
        col(Effect.object_id) == col(BenefitCase.id),
        col(Effect.cause) != all_(col(BenefitCase.answered)),
    )
    return asked.exists()


async def states(unit: UnitOfWork, cases: Iterable[BenefitCase]) -> dict[str, str]:
    """The state of each case as people see it, by id."""
    ids = [case.id for case in cases]
    query = select(
        col(BenefitCase.id),
        col(BenefitCase.kind),
        (col(BenefitCase.state) == "CLOSED").label("is_closed"),
        has_living(col(BenefitCase.household_id), unit.today).label("has_living"),
        _is_reviewed().label("is_reviewed"),
    ).where(col(BenefitCase.id).in_(ids))
    async with whole_family(unit):
        rows = (await unit.execute(query)).all()
    return {
        row.id: state_shown(row.kind, is_closed=row.is_closed, has_living=row.has_living, is_reviewed=row.is_reviewed)
        for row in rows
    }


async def figures(unit: UnitOfWork, cases: Sequence[BenefitCase], month: date) -> dict[str, Figures]:
    """State and amount of the month of cases the caller sees, by id."""
    shown = await states(unit, cases)
    async with whole_family(unit):
        amounts = await due_in(unit, cases, month)
    return {case.id: Figures(shown[case.id], amounts[case.id]) for case in cases}


def listing(
    today: date, *, state: str | None = None, kind: str | None = None, household_id: str | None = None
) -> Select[Any]:
    """Cases of the caller's rows; `state` as people see it."""
    statement = select(BenefitCase)
    if kind is not None:
        statement = statement.where(col(BenefitCase.kind) == kind)
    if household_id is not None:
        statement = statement.where(col(BenefitCase.household_id) == household_id)
    if state is None:
        return statement
    living = and_(col(BenefitCase.state) == "ACTIVE", has_living(col(BenefitCase.household_id), today))
    is_tekun = col(BenefitCase.kind) == TEKUN
    wanted = {
        "CLOSED": and_(~living, ~is_tekun),
        "ENDED": and_(~living, is_tekun),
        "UNDER_REVIEW": and_(living, _is_reviewed()),
        "ACTIVE": and_(living, ~is_tekun, ~_is_reviewed()),
        "IN_SUPPORT": and_(living, is_tekun, ~_is_reviewed()),
    }
    return statement.where(wanted[state])


async def of_household(unit: UnitOfWork, household_id: str, *, lock: bool = False) -> list[BenefitCase]:
    """Its cases, also closed ones."""
    statement = select(BenefitCase).where(col(BenefitCase.household_id) == household_id).order_by(col(BenefitCase.id))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return await unit.all(statement)
