"""What an event is on the wire: a CloudEvents 1.0 envelope around a frozen, versioned payload.

A contract lives in `shared/contracts/<producer>.py`:

    class DeathConfirmed(Event, type="affairs.death.confirmed.v1"):
        death_case_id: str
        person_id: str

Payloads carry person references, never ID numbers, certificate codes or health detail (domain §9).
"""

from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_contracts: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """Base of all payloads. `producer` is the service that may emit it; `*` stands for any service."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    type_: ClassVar[str] = ""

    def __init_subclass__(cls, *, type: str = "", **kwargs: Any) -> None:  # noqa: A002 - the wire's word
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, type: str = "", **kwargs: Any) -> None:  # noqa: A002 - the wire's word
        super().__pydantic_init_subclass__(**kwargs)
        if type:
            cls.type_ = type
            if _contracts.setdefault(type, cls) is not cls:
                raise TypeError(f"two contracts claim {type}")

    @classmethod
    def event_type(cls) -> str:
        """`affairs.death.confirmed.v1`."""
        return cls.type_

    def subject(self) -> str:
        """The unit of order: `personId` for every event about a person."""
        person_id = getattr(self, "person_id", None)
        if not isinstance(person_id, str):
            raise TypeError(f"{self.type_}: pass subject= when emitting, the payload names no person")
        return person_id


def contracts() -> dict[str, type[Event]]:
    """All contracts that have been imported, by type."""
    return dict(_contracts)


def contract_of(event_type: str) -> type[Event] | None:
    """The payload class of a type, None when this process does not know it."""
    return _contracts.get(event_type)


class Envelope(BaseModel):
    """CloudEvents attributes plus data; `areacode`, `causationid` and `traceparent` are our extensions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    dataschema: str = ""
    areacode: str = ""
    causationid: str = ""
    traceparent: str = ""
    data: dict[str, Any]

    @property
    def stream(self) -> str:
        """Producer and subject: what order is kept for."""
        return f"{self.source}|{self.subject}"

    @classmethod
    def read(cls, body: str | bytes) -> Self:
        """Parse a body from the wire; raises pydantic's ValidationError."""
        return cls.model_validate_json(body)
