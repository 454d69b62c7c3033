"""How a death case stands (domain §8 row 30)."""

from __future__ import annotations

from enum import StrEnum


class CaseState(StrEnum):
    """The matter's states, and two words of the case itself: REVOKING while a revocation waits for its second person,
    REVOKED as soon as it is approved (the matter is undone task by task). A confirmed case is running at once."""

    REPORTED = "REPORTED"
    VERIFYING = "VERIFYING"
    TASKS_RUNNING = "TASKS_RUNNING"
    TASKS_DONE = "TASKS_DONE"
    PLACED = "PLACED"
    CLOSED = "CLOSED"
    DISMISSED = "DISMISSED"
    REVOKING = "REVOKING"
    REVOKED = "REVOKED"


UNCONFIRMED = (CaseState.REPORTED, CaseState.VERIFYING)
ENDED = (CaseState.DISMISSED, CaseState.REVOKED)
