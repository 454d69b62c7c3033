"""Keeping decisions and the parameter sets they were made with, and giving their reasons again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.policy.decisions import Decision, RuleBook, Stored, replay
from shared.policy.parameters import ParameterSet
from shared.policy.tables import KeptDecision, KeptParameterSet

_IS_KEPT = text("select exists (select from kernel.parameter_set where digest = :digest)")


async def keep_parameters(unit: UnitOfWork, parameters: ParameterSet) -> None:
    """Keep a set by its digest; once is enough. The service does it at start, under the system's rows."""
    if parameters.hypothetical:
        raise ValueError("a what-if set is not kept")
    values = {"digest": parameters.digest, "content": parameters.content, "kept_at": unit.now}
    await unit.execute(insert(KeptParameterSet).values(**values).on_conflict_do_nothing())


async def kept_parameters(unit: UnitOfWork, digest: str) -> ParameterSet:
    """A set by its digest; NotFound when none was kept, ValueError when it was tampered with."""
    parameters = ParameterSet.from_content((await unit.get(KeptParameterSet, digest)).content)
    if parameters.digest != digest:
        raise ValueError(f"parameter set {digest} was changed after it was kept")
    return parameters


@dataclass(frozen=True, slots=True)
class Made:
    """A decision about a person (of a household: the applicant) to be kept."""

    decision: Decision
    person_id: str
    org_id: str = ""


async def keep(
    unit: UnitOfWork, decision: Decision, parameters: ParameterSet, *, person_id: str, org_id: str = ""
) -> str:
    """Keep a decision about a person (of a household: the applicant); returns its id.

    `parameters` is the set it was made with; it is kept too if it was not yet.
    """
    return (await keep_many(unit, [Made(decision, person_id, org_id)], parameters))[0]


async def keep_many(unit: UnitOfWork, made: Sequence[Made], parameters: ParameterSet) -> list[str]:
    """Keep decisions made with one parameter set; their ids in order."""
    if any(one.decision.parameter_set != parameters.digest for one in made):
        raise ValueError("the decision was made with another parameter set")
    if made and not await unit.first(_IS_KEPT.bindparams(digest=parameters.digest)):
        async with unit.elevated("policy: keep parameter set"):
            await keep_parameters(unit, parameters)
    rows: list[dict[str, Any]] = []
    for one in made:
        stored = one.decision.stored()
        rows.append(
            {
                "id": uuid7(),
                "rule": stored.rule,
                "version": stored.version,
                "facts": dict(stored.facts),
                "parameter_set": stored.parameter_set,
                "decided_for": stored.on,
                "area_code": stored.area,
                "org_id": one.org_id,
                "person_id": one.person_id,
                "outcome": stored.outcome,
                "amount_fen": stored.amount_fen,
                "made_by": unit.principal.account_id,
                "made_at": unit.now,
            }
        )
    if rows:
        await unit.enter(KeptDecision, rows)
    return [row["id"] for row in rows]


async def why(unit: UnitOfWork, book: RuleBook, decision_id: str) -> tuple[KeptDecision, Decision]:
    """A kept decision and its replay, reasons included; NotFound outside the caller's rows."""
    row = await unit.get(KeptDecision, decision_id)
    stored = Stored(
        row.rule,
        row.version,
        row.facts,
        row.parameter_set,
        row.decided_for,
        row.area_code,
        row.outcome,
        row.amount_fen,
    )
    return row, replay(stored, book, await kept_parameters(unit, row.parameter_set))
