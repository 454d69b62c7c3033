"""The answer every reacting service gives, so that nothing hangs for people who had nothing to stop (event 64)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.events.contract import Event

SERVICES = ("brain", "eldercare", "relief", "charity")


class SettledEffect(BaseModel):
    """One thing done for one task of the matter. `kind` e.g. end_entitlement, `object` its id."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    task: str
    kind: str
    object: str
    outcome: Literal["done", "nothing_to_do", "needs_human"]
    reason: str = ""


class DeathSettled(Event):
    """What a service did after a confirmed death."""

    death_case_id: str
    person_id: str
    effects: list[SettledEffect]


class DeathUnsettled(Event):
    """What a service undid after a revocation."""

    death_case_id: str
    person_id: str
    effects: list[SettledEffect]


class BrainDeathSettled(DeathSettled, type="brain.death.settled.v1"):
    """See DeathSettled."""


class BrainDeathUnsettled(DeathUnsettled, type="brain.death.unsettled.v1"):
    """See DeathUnsettled."""


class EldercareDeathSettled(DeathSettled, type="eldercare.death.settled.v1"):
    """See DeathSettled."""


class EldercareDeathUnsettled(DeathUnsettled, type="eldercare.death.unsettled.v1"):
    """See DeathUnsettled."""


class ReliefDeathSettled(DeathSettled, type="relief.death.settled.v1"):
    """See DeathSettled."""


class ReliefDeathUnsettled(DeathUnsettled, type="relief.death.unsettled.v1"):
    """See DeathUnsettled."""


class CharityDeathSettled(DeathSettled, type="charity.death.settled.v1"):
    """See DeathSettled."""


class CharityDeathUnsettled(DeathUnsettled, type="charity.death.unsettled.v1"):
    """See DeathUnsettled."""
