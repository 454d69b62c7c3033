"""Beginning, ending and looking at pairings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select, text, update
from sqlmodel import col

from services.charity.law import in_force
from services.charity.pairing import rules
from services.charity.pairing.rules import Consent, ConsentUsed, PlaceTaken
from services.charity.pairing.tables import Pairing, PairingParty
from services.charity.people import service as people
from shared.contracts.charity import PairingEnded, PairingStarted
from shared.db.database import on_constraint
from shared.db.principals import Scope
from shared.db.problems import Invalid, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["Consent", "Donor", "NewPairing", "Pairing"]

on_constraint("uq_pairing_place", PlaceTaken)
on_constraint("uq_pairing_consent", ConsentUsed)


@dataclass(frozen=True, slots=True)
class Donor:
    """Who gives: one person or one organisation. The name as it is spoken to the beneficiary."""

    name: str
    person_id: str | None = None
    org_id: str | None = None
    is_anonymous: bool = False


@dataclass(frozen=True, slots=True)
class NewPairing:
    """A pairing as it is entered; text in the clear, it is sealed here."""

    kind: str
    beneficiary_id: str
    beneficiary_name: str
    called: str
    needs: str
    donor: Donor
    consent: Consent | None
    contact_rule: str
    starts_on: date
    ends_on: date


# ── beginning ────────────────────────────────────────────────────────────────────────────────────


async def begin(unit: UnitOfWork, new: NewPairing) -> Pairing:
    """Enter a pairing. The beneficiary must be among the caller's rows; the donor may live anywhere.

    Refuses: unknown or deceased persons, missing or wrong consent, a place that is taken.
    """
    rules.check_parties(new.beneficiary_id, new.donor.person_id, new.donor.org_id)
    rules.check_term(new.starts_on, new.ends_on, unit.today)
    beneficiary = await people.find(unit, new.beneficiary_id)
    if beneficiary is None:
        raise NotFound
    law = in_force(unit.today, beneficiary.area_code)
    age = rules.age_on(beneficiary.birth, unit.today)
    consent = rules.check_consent(new.consent, today=unit.today, age=age, strict_age=law.whole("pairing.strict_age"))
    rules.check_contact(new.contact_rule, age=age, adult_age=law.whole("pairing.adult_age"))
    parties = [person_id for person_id in (new.beneficiary_id, new.donor.person_id) if person_id]
    async with unit.elevated("pairing: lock both parties"):
        locked = await people.lock(unit, parties)
    if new.donor.person_id and new.donor.person_id not in locked:
        raise Invalid("donor_unknown", "没有找到该捐助人", field="donor.personId")
    if any(person.is_deceased for person in locked.values()):
        raise people.PersonDeceased
    if await _is_place_taken(unit, new.beneficiary_id, new.kind):
        raise PlaceTaken
    pairing = Pairing.model_validate(_row(unit, new, consent, beneficiary))
    unit.add(pairing)
    await unit.flush()
    await unit.enter(PairingParty, _party_rows(pairing))
    await announce(unit, [pairing], "")
    return pairing


async def add_many(unit: UnitOfWork, pairings: Sequence[NewPairing]) -> list[str]:
    """Enter many in two statements, all consented and on free places; their ids. Says nothing to anyone (seed)."""
    if not pairings:
        return []
    known = await people.lock(unit, {new.beneficiary_id for new in pairings})
    rows = [_row(unit, new, _consented(new), known[new.beneficiary_id]) for new in pairings]
    await unit.enter(Pairing, rows)
    parties = [party for row in rows for party in _party_rows(Pairing.model_validate(row))]
    await unit.enter(PairingParty, parties)
    return [str(row["id"]) for row in rows]


def _consented(new: NewPairing) -> Consent:
    if new.consent is None:
        raise ValueError("a pairing without consent")
    return new.consent


def _row(unit: UnitOfWork, new: NewPairing, consent: Consent, beneficiary: people.Person) -> dict[str, Any]:
    row_id = uuid7()

    def sealed(field: str, value: str) -> bytes:
        return unit.vault.seal(Pairing, field, row_id, value)

    return {
        "id": row_id,
        "kind": new.kind,
        "state": "RUNNING",
        "beneficiary_id": new.beneficiary_id,
        "beneficiary_birth": beneficiary.birth,
        "beneficiary_name": sealed("beneficiary_name", new.beneficiary_name),
        "called": sealed("called", new.called),
        "needs": sealed("needs", new.needs),
        "area_code": beneficiary.area_code,
        "donor_person_id": new.donor.person_id,
        "donor_org_id": new.donor.org_id,
        "donor_name": sealed("donor_name", new.donor.name),
        "is_anonymous": new.donor.is_anonymous,
        "consent_id": consent.id,
        "consent_on": consent.on,
        "consent_by": consent.by,
        "contact_rule": new.contact_rule,
        "starts_on": new.starts_on,
        "ends_on": new.ends_on,
        "is_waiting": False,
        "ended_on": None,
        "end_reason": "",
        "version": 1,
        "created_at": unit.now,
    }


def _party_rows(pairing: Pairing) -> list[dict[str, Any]]:
    """Both parties' rows: they carry the pairing's area and organisation, so that who sees it sees them."""
    where = {"pairing_id": pairing.id, "area_code": pairing.area_code, "org_id": pairing.donor_org_id}
    return [{**where, "person_id": person_id, "side": side} for person_id, side in sides(pairing)]


def sides(pairing: Pairing) -> list[tuple[str, str]]:
    """The persons in a pairing and their sides."""
    both = [(pairing.beneficiary_id, "BENEFICIARY"), (pairing.donor_person_id, "DONOR")]
    return [(person_id, side) for person_id, side in both if person_id]


# ── ending and coming back ───────────────────────────────────────────────────────────────────────


async def end(unit: UnitOfWork, pairing_id: str, reason: str) -> Pairing:
    """End a pairing today; raises PairingEnded when it has ended."""
    pairing = await unit.get(Pairing, pairing_id, lock=True)
    unit.expect_version(pairing.version)
    if pairing.ended_on is not None:
        raise rules.PairingEnded
    was_running = pairing.state == "RUNNING"
    pairing.ended_on, pairing.end_reason, pairing.state = unit.today, reason, "ENDED"
    pairing.version += 1
    await unit.flush()
    if was_running:
        await announce(unit, [pairing], reason)
    return pairing


async def resume(unit: UnitOfWork, pairing_id: str) -> Pairing:
    """A pairing that waits for its place takes it again."""
    waiting = await unit.get(Pairing, pairing_id)
    async with unit.elevated("pairing: lock both parties"):
        await people.lock(unit, [person_id for person_id, _ in sides(waiting)])
    pairing = await unit.get(Pairing, pairing_id, lock=True)
    unit.expect_version(pairing.version)
    if pairing.state != "WAITING":
        raise rules.PairingNotWaiting
    if await _is_place_taken(unit, pairing.beneficiary_id, pairing.kind):
        raise PlaceTaken
    pairing.state, pairing.is_waiting = "RUNNING", False
    pairing.version += 1
    await unit.flush()
    await announce(unit, [pairing], "")
    return pairing


async def _is_place_taken(unit: UnitOfWork, beneficiary_id: str, kind: str) -> bool:
    return bool(
        await unit.first(
            select(col(Pairing.id)).where(
                col(Pairing.beneficiary_id) == beneficiary_id,
                col(Pairing.kind) == kind,
                col(Pairing.state) == "RUNNING",
            )
        )
    )


async def announce(unit: UnitOfWork, pairings: Iterable[Pairing], ended_for: str) -> None:
    """Tell others: these run now, or (with a reason) no longer."""
    for pairing in pairings:
        for person_id, side in sides(pairing):
            facts: dict[str, Any] = {
                "pairing_id": pairing.id,
                "person_id": person_id,
                "side": side,
                "kind": pairing.kind,
            }
            event = PairingEnded(**facts, reason=ended_for) if ended_for else PairingStarted(**facts)
            unit.emit(event, area_code=pairing.area_code)


_LAPSE = text(
    "with due as (select id, state from pairing where state <> 'ENDED' and ends_on < :today order by id"
    " limit :limit for update skip locked)"
    " update pairing p set state = 'ENDED', ended_on = p.ends_on, end_reason = 'TERM', version = p.version + 1"
    " from due where p.id = due.id returning p.id, due.state"
)


async def lapse(unit: UnitOfWork, limit: int = 1000) -> int:
    """End those whose term is over, one batch; how many."""
    ended = (await unit.execute(_LAPSE, {"today": unit.today, "limit": limit})).all()
    ran = [row.id for row in ended if row.state == "RUNNING"]
    await announce(
        unit, await unit.all(select(Pairing).where(col(Pairing.id).in_(ran)).order_by(col(Pairing.id))), "TERM"
    )
    return len(ended)


async def move(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The beneficiary's pairings follow her to another area."""
    own = select(col(Pairing.id)).where(col(Pairing.beneficiary_id) == person_id)
    party = update(PairingParty).where(col(PairingParty.pairing_id).in_(own)).values(area_code=area_code)
    await unit.execute(party.execution_options(synchronize_session=False))
    await unit.execute(update(Pairing).where(col(Pairing.beneficiary_id) == person_id).values(area_code=area_code))


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


def listing(*, person_id: str | None, state: str | None, kind: str | None) -> Select[Any]:
    """Pairings by the declared filters; rows come from the caller's scope."""
    statement = select(Pairing)
    if person_id:
        own = select(col(PairingParty.pairing_id)).where(col(PairingParty.person_id) == person_id)
        statement = statement.where(col(Pairing.id).in_(own))
    if state:
        statement = statement.where(col(Pairing.state) == state)
    if kind:
        statement = statement.where(col(Pairing.kind) == kind)
    return statement


async def paired_children(unit: UnitOfWork) -> int:
    """Children with a running pairing among the caller's rows, each once (专栏4.2)."""
    adult = in_force(unit.today, unit.principal.area_code).whole("pairing.adult_age")
    statement = select(func.count(func.distinct(col(Pairing.beneficiary_id)))).where(
        col(Pairing.state) == "RUNNING", col(Pairing.beneficiary_birth) > rules.born_by(unit.today, adult)
    )
    return int(await unit.session.scalar(statement) or 0)


def is_for_eyes_of_donor(unit: UnitOfWork, pairing: Pairing) -> bool:
    """The caller is the donor: she learns what the beneficiary is called and needs, and no more."""
    who = unit.principal
    return who.scope is Scope.ORG or (who.scope is Scope.PERSON and who.person_id != pairing.beneficiary_id)


def opened(unit: UnitOfWork, pairing: Pairing, field: str) -> str:
    """A sealed field in the clear."""
    return unit.vault.open(Pairing, field, pairing.id, getattr(pairing, field))
