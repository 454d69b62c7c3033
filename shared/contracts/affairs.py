"""What affairs publishes: the death case and its tasks (events 46–49)."""

from datetime import date

from shared.events.contract import Event


class DeathReported(Event, type="affairs.death.reported.v1"):
    """A case is open; others may show a soft flag and must not stop anything."""

    death_case_id: str
    person_id: str
    source: str


class DeathConfirmed(Event, type="affairs.death.confirmed.v1"):
    """The person is dead: every service reacts and answers with its settled event."""

    death_case_id: str
    person_id: str
    death_date: date
    confirmed_by: list[str]
    certificate_id: str | None = None


class DeathRevoked(Event, type="affairs.death.revoked.v1"):
    """The report was wrong: every service undoes what the case caused."""

    death_case_id: str
    person_id: str
    reason: str
    by: list[str]


class DeathTaskChanged(Event, type="affairs.death.task-changed.v1"):
    """A task of the matter moved."""

    death_case_id: str
    person_id: str
    task_id: str
    title: str
    state: str
    department: str
