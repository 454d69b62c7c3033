"""The person file: registering, finding, correcting, moving and merging.

Reads run under the caller's rows. Verbs that reach beyond them say so; their routes elevate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func
from sqlmodel import col, select

from services.brain.people.codes import LifeStatus, MaritalStatus, Registration
from services.brain.people.sight import see_oneself
from services.brain.people.tables import Person, PersonAlias
from shared.china import areas, resident_id
from shared.contracts.brain import PersonMoved, PersonRegistered, PersonUpdated
from shared.db.database import on_constraint
from shared.db.kept import Kept
from shared.db.problems import Conflict, Invalid, NotFound
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.security.person_key import PersonKey, random_person_id

_ALIASES = (
    select(PersonAlias.alias_id)
    .where(col(PersonAlias.person_id) == bindparam("person_id"))
    .order_by(col(PersonAlias.alias_id))
)
_KEPT_ALIASES = Kept(_ALIASES)
_FILE = Kept(
    table_of(Person)
    .select()
    .add_columns(func.array(_ALIASES.scalar_subquery()).label("aliases"))
    .where(col(Person.id) == bindparam("person_id"))
)


class PersonExists(Conflict):
    code = "person_exists"
    detail = "该公民身份号码已建立档案"


class FileClosed(Conflict):
    code = "person_file_closed"
    detail = "该档案已并入另一档案，不能再变更"


on_constraint("pk_person", PersonExists)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person to register. With an ID number, birth and sex are its own; without one they are given.

    `person_id` is for persons whose id is known already (a newborn registered elsewhere); mostly left out.
    """

    name: str
    area_code: str
    id_number: str | None = None
    birth: date | None = None
    sex: int | None = None
    registration: Registration = Registration.REGISTERED
    marital_status: MaritalStatus = MaritalStatus.NOT_STATED


async def register_people(unit: UnitOfWork, key: PersonKey, new: Sequence[NewPerson]) -> list[str]:
    """Register people, set-based; their ids in the same order. Runs in a system unit.

    Raises `PersonExists` for a number on file, NumberError for a wrong one.
    """
    rows = [_row(unit, key, one) for one in new]
    if not rows:
        return []
    await unit.enter(Person, rows)
    ids = [str(row["id"]) for row in rows]
    await see_oneself(unit, ids)
    for row in rows:
        event = PersonRegistered(person_id=row["id"], area_code=row["area_code"], birth=row["birth"], sex=row["sex"])
        unit.emit(event, area_code=row["area_code"])
    return ids


async def register_person(unit: UnitOfWork, key: PersonKey, new: NewPerson) -> str:
    """Register one person; the id. Raises `PersonExists`, also when the number is an alias of another file."""
    if new.id_number:
        derived = key.id_for(new.id_number)
        if await resolve(unit, derived) != derived:
            raise PersonExists(field="idNumber")
    return (await register_people(unit, key, [new]))[0]


async def find_by_number(unit: UnitOfWork, key: PersonKey, number: str) -> Person:
    """The file whose paper says this number; else the one it led to before. `NotFound` outside the caller's rows."""
    indexes = unit.vault.indexes("id_number", number)
    found: Person | None = await unit.first(
        select(Person).where(col(Person.number_index).in_(indexes), col(Person.merged_into).is_(None))
    )
    return found or await unit.get(Person, await resolve(unit, key.id_for(number)))


async def resolve(unit: UnitOfWork, person_id: str) -> str:
    """The id of the file that counts for this id; itself when it is no alias."""
    for _ in range(8):  # merged, and merged again
        alias = await unit.session.get(PersonAlias, person_id)
        if alias is None:
            break
        person_id = alias.person_id
    return person_id


async def open_file(unit: UnitOfWork, person_id: str) -> Person:
    """A file under lock that may be changed. Raises `NotFound`, `FileClosed`, and on `If-Match` the conflict."""
    person = await unit.get(Person, person_id, lock=True)
    if person.merged_into is not None:
        raise FileClosed
    unit.expect_version(person.version)
    return person


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What changes in a file; None stays as it is."""

    name: str | None = None
    sex: int | None = None
    registration: Registration | None = None
    marital_status: MaritalStatus | None = None


async def correct(unit: UnitOfWork, person_id: str, correction: Correction) -> Person:
    """Correct fields of a file; equal values change nothing."""
    person = await open_file(unit, person_id)
    changed = []
    if correction.name is not None and correction.name != name_of(unit, person):
        person.name = unit.vault.seal(Person, "name", person.id, correction.name)
        changed.append("name")
    for field in ("sex", "registration", "marital_status"):
        value = getattr(correction, field)
        if value is not None and str(value) != str(getattr(person, field)):
            setattr(person, field, value if field == "sex" else str(value))
            changed.append(field)
    if changed:
        await updated(unit, person, changed)
    return person


async def move(unit: UnitOfWork, person_id: str, to_area: str, on_date: date) -> Person:
    """The registered area changes, perhaps out of the caller's rows (a system verb)."""
    person = await open_file(unit, person_id)
    to_area = areas.full(to_area)
    if to_area == person.area_code:
        raise Invalid("same_area", "迁入地与现登记地相同", field="toArea")
    if not person.birth <= on_date <= unit.today:
        raise Invalid("move_date", "迁移日期应在出生之后、今天之前（含今天）", field="onDate")
    event = PersonMoved(person_id=person.id, from_area=person.area_code, to_area=to_area, on_date=on_date)
    person.area_code = to_area
    person.version += 1
    person.updated_at = unit.now
    aliases = await unit.all(select(PersonAlias).where(col(PersonAlias.person_id) == person.id).with_for_update())
    for alias in aliases:
        alias.area_code = to_area
    unit.emit(event, area_code=to_area)
    await unit.flush()
    return person


async def updated(unit: UnitOfWork, person: Person, changed: Sequence[str], *, alias_id: str | None = None) -> None:
    """Count the version and tell the others; life and marital status and a new alias travel in the event."""
    person.version += 1
    person.updated_at = unit.now
    event = PersonUpdated(
        person_id=person.id,
        changed=list(changed),
        version=person.version,
        life_status=person.life_status if "life_status" in changed else None,
        marital_status=person.marital_status if "marital_status" in changed else None,
        alias_id=alias_id,
    )
    unit.emit(event, area_code=person.area_code)
    await unit.flush()


@cache
def people_on_file(*, within_area: bool, of_status: bool) -> Any:
    """The statement that lists open files: of an area (`lo`, `hi`), of a life status (`life_status`)."""
    statement = select(Person).where(col(Person.merged_into).is_(None))
    if within_area:
        statement = statement.where(col(Person.area_code) >= bindparam("lo"), col(Person.area_code) < bindparam("hi"))
    if of_status:
        statement = statement.where(col(Person.life_status) == bindparam("life_status"))
    return statement


async def file_of(unit: UnitOfWork, person_id: str) -> Any:
    """The file to be shown, not changed, with the person's other ids as `aliases`. `NotFound` outside the rows."""
    rows = await unit.fetch(_FILE, {"person_id": person_id})
    if not rows:
        raise NotFound
    return rows[0]


async def aliases_of(unit: UnitOfWork, person_id: str) -> list[str]:
    """The other ids of a person."""
    return [row.alias_id for row in await unit.fetch(_KEPT_ALIASES, {"person_id": person_id})]


async def ids_of(unit: UnitOfWork, person_id: str) -> list[str]:
    """The person's id and all others under which something of hers may stand."""
    return [person_id, *await aliases_of(unit, person_id)]


async def names_of(unit: UnitOfWork, person_ids: Sequence[str]) -> dict[str, str]:
    """Names of those of these people who are within the caller's rows."""
    people: list[Person] = await unit.all(select(Person).where(col(Person.id).in_(person_ids)))
    return {person.id: name_of(unit, person) for person in people}


async def life_of(unit: UnitOfWork, person_ids: Sequence[str]) -> dict[str, LifeStatus]:
    """Life status of those of these people who have a file within the unit's rows."""
    people: list[Person] = await unit.all(select(Person).where(col(Person.id).in_(person_ids)))
    return {person.id: LifeStatus(person.life_status) for person in people}


async def lock_people(unit: UnitOfWork, person_ids: Sequence[str]) -> dict[str, Person]:
    """Lock these files, smallest id first."""
    return {person.id: person for person in await unit.lock(Person, person_ids)}


async def get_person(unit: UnitOfWork, person_id: str) -> Person:
    """The file, or `NotFound` outside the caller's rows."""
    return await unit.get(Person, person_id)


async def area_of(unit: UnitOfWork, person_id: str) -> str | None:
    """Where the person is registered; None when she has no file within the unit's rows."""
    return await unit.first(select(Person.area_code).where(col(Person.id) == person_id))  # type: ignore[no-any-return]


async def must_exist(unit: UnitOfWork, person_id: str, *, field: str) -> Person:
    """The file, or a refusal that names the field."""
    person = await unit.session.get(Person, person_id)
    if person is None:
        raise Invalid("person_not_found", "没有找到该人员的档案", field=field)
    return person


def name_of(unit: UnitOfWork, person: Person) -> str:
    """The name in the clear."""
    return unit.vault.open(Person, "name", person.id, person.name)


def number_of(unit: UnitOfWork, person: Person) -> str | None:
    """The ID number in the clear; None where there is none."""
    return unit.vault.open(Person, "id_number", person.id, person.id_number) if person.id_number else None


def _row(unit: UnitOfWork, key: PersonKey, one: NewPerson) -> dict[str, Any]:
    sealed = index = None
    if one.id_number:
        checked = resident_id.parse(one.id_number, today=unit.today)
        person_id, birth, sex = key.id_for(checked), checked.birth, int(checked.sex)
        sealed = unit.vault.seal(Person, "id_number", person_id, checked.number)
        index = unit.vault.index("id_number", checked.number)
    elif one.birth is None or one.sex is None:
        raise Invalid("birth_and_sex_required", "没有公民身份号码时，须填写出生日期和性别", field="birth")
    else:
        person_id, birth, sex = random_person_id(), one.birth, one.sex
    return {
        "id": person_id,
        "area_code": areas.full(one.area_code),
        "name": unit.vault.seal(Person, "name", person_id, one.name),
        "id_number": sealed,
        "number_index": index,
        "sex": sex,
        "birth": birth,
        "registration": one.registration.value,
        "marital_status": one.marital_status.value,
        "life_status": LifeStatus.ALIVE.value,
        "version": 1,
        "registered_at": unit.now,
        "updated_at": unit.now,
    }
