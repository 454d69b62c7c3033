"""Keeping what the rules said, so that anyone concerned can ask why."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlmodel import col

from services.relief.applications.tables import Application, ApplicationResult
from services.relief.law import parameters
from shared.db.unit import UnitOfWork
from shared.policy import Decision
from shared.policy.service import Made, keep_many


async def keep_results(
    unit: UnitOfWork, application: Application, stage: str, decisions: Mapping[str, Decision]
) -> dict[str, str]:
    """Keep each kind's decision under the application; their ids by kind."""
    made = [Made(decision, application.applicant_id) for decision in decisions.values()]
    ids = dict(zip(decisions, await keep_many(unit, made, parameters()), strict=True))
    before = select(func.coalesce(func.max(col(ApplicationResult.round)), 0)).where(
        col(ApplicationResult.application_id) == application.id, col(ApplicationResult.stage) == stage
    )
    number = int(await unit.first(before)) + 1
    rows = [
        {
            "application_id": application.id,
            "household_id": application.household_id,
            "area_code": application.area_code,
            "stage": stage,
            "round": number,
            "kind": kind,
            "outcome": decision.outcome,
            "amount_fen": decision.amount_fen,
            "decision_id": ids[kind],
            "at": unit.now,
        }
        for kind, decision in decisions.items()
    ]
    await unit.enter(ApplicationResult, rows)
    return ids
