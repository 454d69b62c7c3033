"""One transition of a locked verification, and the limit it runs under."""

from __future__ import annotations

from datetime import timedelta

from services.relief.filings import service as filings
from services.relief.law import in_force
from services.relief.verification.rules import move
from services.relief.verification.tables import Verification, VerificationStep
from shared import clock
from shared.china import working_days
from shared.db.unit import UnitOfWork
from shared.events import set_timer

DUE = "relief.verification-due"
"""Timer: the limit that ran is over."""


async def locked(unit: UnitOfWork, verification_id: str) -> Verification:
    """The verification under lock, for somebody who may handle the family's affairs."""
    verification = await unit.get(Verification, verification_id, lock=True)
    unit.expect_version(verification.version)
    await filings.refuse_parties(unit, verification.household_id)
    return verification


async def step(unit: UnitOfWork, verification: Verification, action: str, *, reason: str = "") -> None:
    """Take it on. Raises VerificationState."""
    before, after = verification.state, move(verification.state, action)
    verification.state = after
    verification.version += 1
    unit.add(
        VerificationStep(
            verification_id=verification.id,
            household_id=verification.household_id,
            area_code=verification.area_code,
            action=action,
            from_state=before,
            to_state=after,
            actor=unit.principal.account_id,
            post=unit.principal.role.value,
            at=unit.now,
            reason=reason,
        )
    )
    await unit.flush()


async def limit(unit: UnitOfWork, verification: Verification, law: str) -> None:
    """Another limit runs from now."""
    days = in_force(unit.today, verification.area_code).whole(f"verification.{law}")
    verification.due_on = working_days.add(unit.today, days).date
    verification.overdue_at = None
    await unit.flush()
    at = clock.start_of_day(verification.due_on + timedelta(days=1))
    await set_timer(unit, DUE, f"{verification.id}/{law}", at, {"verification": verification.id})


async def look_at_limit(unit: UnitOfWork, verification_id: str) -> bool:
    """The timer has gone off; whether the verification is overdue by it."""
    verification = await unit.get(Verification, verification_id, lock=True)
    if verification.due_on is None or unit.today <= verification.due_on or verification.overdue_at is not None:
        return False
    verification.overdue_at = unit.now
    await unit.flush()
    return True
