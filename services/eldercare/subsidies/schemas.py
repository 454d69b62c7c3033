"""Subsidies on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.eldercare.subsidies.service import Filled
from services.eldercare.subsidies.tables import Subsidy
from shared.china.areas import AreaCode
from shared.ids import PersonId, UuidStr
from shared.money import MoneyFen
from shared.payments import Month
from shared.security.masking import BankCardIn, PersonNameIn
from shared.web import Wire
from shared.web.wire import ShortText

SchemeCode = Literal["longevity", "care_subsidy"]
State = Literal["CANDIDATE", "CONFIRMED", "ACTIVE", "SUSPENDED", "ENDED"]


class SubsidyIds(Wire):
    """Several at once."""

    ids: Annotated[list[UuidStr], Field(min_length=1, max_length=200)]


class ApplicationIn(Wire):
    """An application: for whom, for what, from when."""

    person_id: PersonId
    scheme: SchemeCode
    from_month: Month


class SubsidyReason(Wire):
    """Why."""

    reason: ShortText


class SubsidyEnd(Wire):
    """The last month and why."""

    last_month: Month
    reason: ShortText


class AccountIn(Wire):
    """Where the money goes."""

    holder: PersonNameIn
    card: BankCardIn


class RunIn(Wire):
    """Which month, where."""

    month: Month
    area_code: AreaCode


class ProposeIn(Wire):
    """Which month."""

    month: Month


class SubsidyOut(Wire):
    """A subsidy. `state` is ENDED also when a death ends it; `last_month` says with which month."""

    id: str
    person_id: str
    area_code: str
    scheme: SchemeCode
    state: State
    from_month: Month
    last_month: Month | None
    entitlement_id: str | None
    decision_id: str
    reason: str
    version: int

    @classmethod
    def of(cls, row: Subsidy, last_month: date | None, today: date) -> SubsidyOut:
        is_over = last_month is not None and last_month < today.replace(day=1)
        return cls.of_row(row, last_month=last_month, state="ENDED" if is_over else row.state)


class FilledOut(Wire):
    """One batch of a run."""

    scheme: str
    batch_id: str
    added: int
    added_total: MoneyFen

    @classmethod
    def of(cls, filled: Filled) -> FilledOut:
        return cls(scheme=filled.scheme, batch_id=filled.batch_id, added=filled.added, added_total=filled.added_fen)


class RunOut(Wire):
    """The batches of a run."""

    batches: list[FilledOut]


class ProposedOut(Wire):
    """How many candidates were found."""

    proposed: int


class SubsidiesOut(Wire):
    """The subsidies that were worked on."""

    items: list[SubsidyOut]
