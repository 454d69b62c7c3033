"""When two ids turn out to mean one person, or one id two. Nothing is re-pointed (design §4). System verbs."""

from collections.abc import Sequence

from services.brain.people.codes import AliasReason
from services.brain.people.service import PersonExists, must_exist, open_file, resolve, updated
from services.brain.people.sight import join_sight
from services.brain.people.tables import Person, PersonAlias
from shared.china import resident_id
from shared.contracts.brain import PersonCorrected, PersonMerged
from shared.db.problems import Conflict, Invalid
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.security.person_key import PersonKey


class SamePerson(Invalid):
    code = "same_person"
    detail = "两个标识是同一份档案"


class BirthDiffers(Conflict):
    code = "birth_differs"
    detail = "两份档案的出生日期不一致，请先核对并更正"


async def merge(unit: UnitOfWork, keep_id: str, drop_id: str) -> Person:
    """Two files are one person: the dropped id becomes an alias, its file is closed."""
    if keep_id == drop_id:
        raise SamePerson(field="dropId")
    people = {person.id: person for person in await unit.lock(Person, [keep_id, drop_id])}
    keep = people.get(keep_id) or await open_file(unit, keep_id)
    drop = people.get(drop_id) or await must_exist(unit, drop_id, field="dropId")
    if keep.merged_into or drop.merged_into:
        raise Conflict("person_file_closed", "其中一份档案已并入另一档案")
    if keep.birth != drop.birth:
        raise BirthDiffers
    drop.merged_into = keep.id
    _alias(unit, drop.id, keep, AliasReason.MERGED)
    await join_sight(unit, keep.id, drop.id)
    keep.version += 1
    keep.updated_at = drop.updated_at = unit.now
    unit.emit(PersonMerged(keep_id=keep.id, drop_id=drop.id), area_code=keep.area_code)
    await unit.flush()
    return keep


async def give_number(unit: UnitOfWork, key: PersonKey, person_id: str, number: str) -> Person:
    """A first or a new number for a file: the id stays, the one derived from the number becomes an alias."""
    person = await open_file(unit, person_id)
    checked = resident_id.parse(number, today=unit.today)
    derived = key.id_for(checked)
    if derived != person.id:
        if await unit.session.get(Person, derived) is not None:
            raise PersonExists(field="idNumber")
        if (owner := await resolve(unit, derived)) == derived:
            _alias(unit, derived, person, AliasReason.NEW_NUMBER)
        elif owner != person.id:
            raise PersonExists(field="idNumber")
    person.id_number = unit.vault.seal(Person, "id_number", person.id, checked.number)
    person.number_index = unit.vault.index("id_number", checked.number)
    person.birth, person.sex = checked.birth, int(checked.sex)
    await updated(unit, person, ["id_number"], alias_id=derived if derived != person.id else None)
    return person


async def correct_records(unit: UnitOfWork, from_id: str, to_id: str, record_ids: Sequence[str]) -> str:
    """Records were put under a wrong but valid number: their owners move the named ones. The correction's id."""
    if from_id == to_id:
        raise SamePerson(field="toId")
    wrong = await open_file(unit, from_id)
    await must_exist(unit, to_id, field="toId")
    correction_id = uuid7()
    event = PersonCorrected(correction_id=correction_id, from_id=from_id, to_id=to_id, record_ids=list(record_ids))
    unit.emit(event, area_code=wrong.area_code)
    return correction_id


def _alias(unit: UnitOfWork, alias_id: str, person: Person, reason: AliasReason) -> None:
    unit.add(
        PersonAlias(
            alias_id=alias_id,
            person_id=person.id,
            reason=reason.value,
            area_code=person.area_code,
            created_at=unit.now,
        )
    )
