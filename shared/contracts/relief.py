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
