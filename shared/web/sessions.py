"""Sessions that must be refused although their token is still valid; told by brain, checked when a unit opens."""

from sqlalchemy.dialects.postgresql import insert

from shared.contracts.brain import SessionRevoked
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events.contract import Envelope
from shared.security.tables import RevokedSession


async def revoke_session(unit: UnitOfWork, event: SessionRevoked, _envelope: Envelope) -> None:
    """Refuse this session from now on."""
    row = {"session_id": event.session_id, "until": event.until}
    await unit.execute(insert(table_of(RevokedSession)).values(**row).on_conflict_do_nothing())
