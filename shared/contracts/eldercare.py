"""What eldercare publishes."""

from datetime import date, datetime

from shared.events.contract import Event


class ElderDeathReported(Event, type="eldercare.elder.death-reported.v1"):
    """Someone reports a death (event 31). It stops nothing. `unit_id` groups sources that count once."""

    report_id: str
    person_id: str
    source: str
    unit_id: str
    reporter_id: str
    death_date: date
    place: str
    reported_at: datetime


class ElderDied(Event, type="eldercare.elder.died.v1"):
    """What eldercare closed after a confirmed death (event 32)."""

    person_id: str
    death_date: date
    death_case_id: str
    bed_id: str | None
    orders_cancelled: list[str]
    devices: list[str]


class BedOccupied(Event, type="eldercare.bed.occupied.v1"):
    """An elder moved in."""

    stay_id: str
    bed_id: str
    person_id: str
    bed_type: str


class BedReleased(Event, type="eldercare.bed.released.v1"):
    """A stay ended; `reason` e.g. DECEASED, CHECKED_OUT."""

    stay_id: str
    bed_id: str
    person_id: str
    bed_type: str
    reason: str
