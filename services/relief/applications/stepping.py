"""One transition of a locked application: the state, its history, whoever acts and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from services.relief.applications.rules import move
from services.relief.applications.tables import Application, ApplicationStep
from services.relief.filings import service as filings
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork


async def locked(unit: UnitOfWork, application_id: str) -> Application:
    """The application under lock, for somebody who may handle it. Raises FiledRelative for those named in its
    declarations; NotFound outside the caller's rows."""
    application = await unit.get(Application, application_id, lock=True)
    unit.expect_version(application.version)
    await filings.refuse_parties(unit, application.household_id)
    return application


@asynccontextmanager
async def by_the_family(unit: UnitOfWork) -> AsyncIterator[None]:
    """A resident acts on what is hers, and the office's rows follow from it: its limits, its notices."""
    async with AsyncExitStack() as stack:
        if unit.principal.scope is Scope.PERSON:
            await stack.enter_async_context(unit.elevated("application: by the family"))
        yield


async def step(
    unit: UnitOfWork, application: Application, action: str, *, reason: str = "", evidence: str = ""
) -> None:
    """Take it on. Raises WrongState."""
    before, after = application.state, move(application.state, action)
    application.state = after
    application.version += 1
    unit.add(
        ApplicationStep(
            application_id=application.id,
            household_id=application.household_id,
            area_code=application.area_code,
            action=action,
            from_state=before,
            to_state=after,
            actor=unit.principal.account_id,
            post=unit.principal.role.value,
            at=unit.now,
            reason=reason,
            evidence=evidence,
        )
    )
    await unit.flush()


def withdraw_opinion(application: Application) -> None:
    """What was proposed is proposed no longer."""
    application.opinion, application.kind, application.amount_fen = "", "", None
