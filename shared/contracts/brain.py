"""What brain publishes: people, organisation, sessions, kinship (events 1–6, 65–67)."""

from datetime import date, datetime

from shared.events.contract import Event


class PersonRegistered(Event, type="brain.person.registered.v1"):
    """A person has a file. `sex`: 1 male, 2 female, 0 unknown (GB/T 2261.1)."""

    person_id: str
    area_code: str
    birth: date
    sex: int


class PersonUpdated(Event, type="brain.person.updated.v1"):
    """Fields of the file changed; values are fetched, not carried, except life and marital status.

    `alias_id`: from now on this id means the person too, it is the one derived from her new ID number.
    """

    person_id: str
    changed: list[str]
    version: int
    life_status: str | None = None
    marital_status: str | None = None
    alias_id: str | None = None


class PersonMoved(Event, type="brain.person.moved.v1"):
    """The registered area changed."""

    person_id: str
    from_area: str
    to_area: str
    on_date: date


class PersonMerged(Event, type="brain.person.merged.v1"):
    """Two files are one person; nothing is re-pointed, the dropped id becomes an alias."""

    keep_id: str
    drop_id: str

    def subject(self) -> str:
        """The file that stays."""
        return self.keep_id


class OrgChanged(Event, type="brain.org.changed.v1"):
    """A unit was founded, renamed, moved or closed."""

    unit_id: str
    change: str
    from_date: date
    version: int

    def subject(self) -> str:
        """The unit."""
        return self.unit_id


class PostChanged(Event, type="brain.post.changed.v1"):
    """An account took up or left a post; open tasks are re-assigned."""

    account_id: str
    old_post: str | None
    new_post: str | None
    seq: int

    def subject(self) -> str:
        """The account."""
        return self.account_id


class SessionRevoked(Event, type="brain.session.revoked.v1"):
    """Refuse this session until its tokens have expired by themselves."""

    session_id: str
    account_id: str
    until: datetime

    def subject(self) -> str:
        """The session."""
        return self.session_id


class PersonCorrected(Event, type="brain.person.corrected.v1"):
    """Records were put under a wrong but valid number; the named ones move."""

    correction_id: str
    from_id: str
    to_id: str
    record_ids: list[str]

    def subject(self) -> str:
        """The person the records were put under."""
        return self.from_id


class KinshipChanged(Event, type="brain.kinship.changed.v1"):
    """`relative_id` is `kind` of `person_id` (SPOUSE, PARENT, CHILD, SIBLING, GRANDPARENT, GRANDCHILD)."""

    relation_id: str
    person_id: str
    relative_id: str
    kind: str
    from_date: date
    to_date: date | None
    version: int
