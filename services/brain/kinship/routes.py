"""Relatives over HTTP."""

from datetime import date

from sqlmodel import col

from services.brain.kinship import service
from services.brain.kinship.rules import Kind
from services.brain.kinship.tables import Kinship
from services.brain.people.service import get_person, ids_of, names_of
from shared.db.problems import NotFound
from shared.ids import PersonId, UuidStr
from shared.security.masking import Grade, PersonName
from shared.web import Page, PageQuery, Router, Unit, Wire, paginate, permit
from shared.web.wire import ShortText


class KinOut(Wire):
    """`relativeId` is `kind` of the person; the name only where the relative is within the caller's rows."""

    id: str
    person_id: str
    relative_id: str
    relative_name: PersonName | None
    kind: Kind
    from_date: date
    to_date: date | None
    version: int


class RelateIn(Wire):
    """`relativeId` is `kind` of the person in the path."""

    relative_id: PersonId
    kind: Kind
    from_date: date


class EndIn(Wire):
    """The day the relation ended, and why it is entered."""

    to_date: date
    reason: ShortText


router = Router(prefix="/api/brain", tags=["亲属关系"])


@router.get("/people/{person_id}/kin")
@permit("kinship", "read", "personal")
async def list_kin(person_id: PersonId, unit: Unit, page: PageQuery) -> Page[KinOut]:
    """近亲属关系，含已终止的。"""
    await get_person(unit, person_id)
    found = await paginate(unit, service.kin_of(await ids_of(unit, person_id)), [col(Kinship.id)], page, _out)
    names = await names_of(unit, [item.relative_id for item in found.items])
    items = [item.model_copy(update={"relative_name": names.get(item.relative_id)}) for item in found.items]
    unit.note(subjects=[person_id], count=len(items))
    return found.model_copy(update={"items": items})


@router.post("/people/{person_id}/kin", status_code=201)
@permit("kinship", "change", "personal", reveal=Grade.L3)
async def relate(person_id: PersonId, body: RelateIn, unit: Unit) -> KinOut:
    """登记近亲属关系，双方各见一条。"""
    await get_person(unit, person_id)
    unit.note(subjects=[person_id, body.relative_id])
    new = service.NewKinship(person_id=person_id, **body.model_dump())
    async with unit.elevated("relate two people"):
        row = await service.relate(unit, new)
    return _out(row)


@router.post("/people/{person_id}/kin/{relation_id}/end")
@permit("kinship", "change", "personal", reveal=Grade.L3)
async def end_relation(person_id: PersonId, relation_id: UuidStr, body: EndIn, unit: Unit) -> KinOut:
    """终止近亲属关系。"""
    row = await unit.get(Kinship, relation_id)
    if row.person_id != person_id:
        raise NotFound
    unit.note(subjects=[person_id, row.relative_id], reason=body.reason)
    async with unit.elevated("end a relation"):
        row = await service.end_relation(unit, relation_id, body.to_date)
    return _out(row)


def _out(row: Kinship) -> KinOut:
    return KinOut.of_row(row, relative_name=None)
