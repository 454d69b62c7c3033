"""What relief publishes."""

from datetime import date

from shared.events.contract import Event


class BenefitAdjusted(Event, type="relief.benefit.adjusted.v1"):
    """A household's monthly benefit changed (event 12); amounts in fen."""

    case_id: str
    household_id: str
    old: int
    new: int
    from_month: date
    reason: str
    seq: int

    def subject(self) -> str:
        """The benefit case."""
        return self.case_id


class BenefitClosed(Event, type="relief.benefit.closed.v1"):
    """A benefit case ended (event 13)."""

    case_id: str
    household_id: str
    reason: str
    on_date: date

    def subject(self) -> str:
        """The benefit case."""
        return self.case_id


class StandardChanged(Event, type="relief.standard.changed.v1"):
    """A standard has a new value (event 24), in fen."""

    kind: str
    value: int
    from_date: date

    def subject(self) -> str:
        """The kind of standard."""
        return self.kind


class ApplicationSubmitted(Event, type="relief.application.submitted.v1"):
    """A family has handed in its application (event 10); again after a correction it is not told."""

    app_id: str
    household_id: str
    person_id: str
    kind: str

    def subject(self) -> str:
        """The application."""
        return self.app_id


class ApplicationDecided(Event, type="relief.application.decided.v1"):
    """An application was decided (event 11): `result` APPROVED or REJECTED; of an approval the kind, the first month
    and the fen of each month. `from_month` is the catalogue's `from`."""

    app_id: str
    household_id: str
    person_id: str
    result: str
    kind: str
    from_month: date | None
    amount: int
    case_id: str

    def subject(self) -> str:
        """The application."""
        return self.app_id


class SpotCheckFailed(Event, type="relief.spotcheck.failed.v1"):
    """The district found a town's decision wrong (event 22): `finding` CORRECT or REVOKE."""

    check_id: str
    app_id: str
    town: str
    finding: str

    def subject(self) -> str:
        """The application."""
        return self.app_id


class WarningRaised(Event, type="relief.warning.raised.v1"):
    """A family calls for action, or calls again with a higher level or new facts (event 15; once for each `round`).
    `facts` are codes; whatever concerns health is HEALTH."""

    warn_id: str
    household_id: str
    level: str
    facts: list[str]
    round: int

    def subject(self) -> str:
        """The warning."""
        return self.warn_id


class WarningClosed(Event, type="relief.warning.closed.v1"):
    """It is dealt with and its ground is gone (event 16); no `disposal` where it had been raised in error."""

    warn_id: str
    household_id: str
    disposal: str

    def subject(self) -> str:
        """The warning."""
        return self.warn_id


class MedicalBurdenExceeded(Event, type="relief.medical-burden.exceeded.v1"):
    """What a person paid herself in twelve months reached a step (event 17); fen. `window`: day of the first step."""

    person_id: str
    household_id: str
    amount: int
    window: date
    step: int


class VisitCompleted(Event, type="relief.visit.completed.v1"):
    """A visit counts (event 18); `needs` are codes."""

    visit_id: str
    household_id: str
    needs: list[str]

    def subject(self) -> str:
        """The visit."""
        return self.visit_id
