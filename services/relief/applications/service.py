"""What the town does with an application at the counter, and what can be read of it. Who applies is in `intake`, the
survey in `surveying`, the opinion in `reviewing`, the notice in `publishing`, the decision in `deciding`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from services.relief.applications import limits, telling
from services.relief.applications.rules import CorrectedOnce, move
from services.relief.applications.stepping import by_the_family, locked, step, withdraw_opinion
from services.relief.applications.tables import Application, ApplicationResult, ApplicationStep
from services.relief.publicity import service as publicity
from shared.db.unit import UnitOfWork

__all__ = ["Application", "ApplicationResult", "ApplicationStep"]


# ── at the counter ───────────────────────────────────────────────────────────────────────────────


async def accept(unit: UnitOfWork, application_id: str) -> Application:
    """The application is complete. The survey is due, and the opinion counts from the receipt."""
    application = await locked(unit, application_id)
    await step(unit, application, "accept")
    application.accepted_by = unit.principal.account_id
    await limits.meet(unit, application, "ACCEPT")
    await limits.start(unit, application, "SURVEY")
    for name in ("OPINION", "WHOLE"):
        await limits.start(unit, application, name, as_of=application.received_at)
    return application


async def ask_correction(unit: UnitOfWork, application_id: str, what: str) -> Application:
    """Something is missing: said once, all at once (MLG 10). Raises CorrectedOnce."""
    application = await locked(unit, application_id)
    move(application.state, "ask_correction")
    if application.correction:
        raise CorrectedOnce
    application.correction = what
    await step(unit, application, "ask_correction", reason=what)
    await telling.ask_for_papers(unit, application)
    await limits.meet(unit, application, "ACCEPT")
    return application


async def withdraw(unit: UnitOfWork, application_id: str, reason: str) -> Application:
    """The family takes it back before it is decided."""
    application = await locked(unit, application_id)
    async with by_the_family(unit):
        await _end(unit, application, "withdraw", reason)
    return application


async def terminate(unit: UnitOfWork, application_id: str, reason: str, legal_basis: str) -> Application:
    """The family does not co-operate (MLG 29): ended in writing, with the ways to contest it."""
    application = await locked(unit, application_id)
    await _end(unit, application, "terminate", reason)
    application.decided_by, application.decided_at = unit.principal.account_id, unit.now
    application.legal_basis = legal_basis
    await limits.start(unit, application, "SERVICE")
    await telling.tell_decision(unit, application)
    return application


async def _end(unit: UnitOfWork, application: Application, action: str, reason: str) -> None:
    await step(unit, application, action, reason=reason)
    application.reason = reason
    withdraw_opinion(application)
    await publicity.close(unit, application.id, "WITHDRAWN")
    await limits.meet(unit, application)


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def listing(
    *, state: str | None = None, household_id: str | None = None, decided_level: str | None = None
) -> Select[Any]:
    """Applications of the caller's rows."""
    statement = select(Application)
    if state is not None:
        statement = statement.where(col(Application.state) == state)
    if household_id is not None:
        statement = statement.where(col(Application.household_id) == household_id)
    if decided_level is not None:
        statement = statement.where(col(Application.decided_level) == decided_level)
    return statement


def steps(application_id: str) -> Select[Any]:
    """Its history."""
    return select(ApplicationStep).where(col(ApplicationStep.application_id) == application_id)


async def results_of(unit: UnitOfWork, application_id: str) -> list[ApplicationResult]:
    """What the rules have said so far, in order; a few rows for each opinion and decision."""
    mine = select(ApplicationResult).where(col(ApplicationResult.application_id) == application_id)
    return await unit.all(mine.order_by(col(ApplicationResult.seq)))
