"""What every service that writes to people does when someone died: the kernel subscribes for it."""

from __future__ import annotations

from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.db.unit import UnitOfWork
from shared.events import Envelope
from shared.notices.service import lift, stop


async def stop_for_the_dead(unit: UnitOfWork, event: DeathConfirmed, envelope: Envelope) -> None:
    """No greeting to the dead."""
    await stop(unit, event.person_id, event.death_case_id)


async def lift_for_the_living(unit: UnitOfWork, event: DeathRevoked, envelope: Envelope) -> None:
    """The report was wrong; also when this is heard before the confirmation."""
    await lift(unit, event.death_case_id, person_id=event.person_id)
