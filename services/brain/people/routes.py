"""People over HTTP."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlmodel import col

from services.brain.desk import DeskOf
from services.brain.people import joining, service
from services.brain.people.codes import LifeStatus
from services.brain.people.schemas import (
    CorrectIn,
    CorrectionOut,
    LookUpIn,
    MergeIn,
    MoveIn,
    NumberIn,
    PersonBrief,
    PersonFile,
    RecordsIn,
    RegisterIn,
)
from services.brain.people.tables import Person
from services.brain.reach import require_reach
from shared.china.areas import AreaCode, range_of
from shared.db.unit import UnitOfWork
from shared.ids import PersonId
from shared.security.masking import Grade
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.paging import PageParameters


class PersonQuery(PageParameters):
    """`area` and below, `lifeStatus`."""

    area: AreaCode | None = Field(None, description="只列出该区划及其下级")
    life_status: LifeStatus | None = Field(None, alias="lifeStatus", description="生存状态")


_IN_ORDER = (col(Person.area_code), col(Person.id))

router = Router(prefix="/api/brain", tags=["人员档案"])


@router.get("/people")
@permit("person", "list", "personal")
async def list_people(unit: Unit, query: Annotated[PersonQuery, Query()]) -> Page[PersonBrief]:
    """辖区人员，脱敏。"""
    statement = service.people_on_file(within_area=query.area is not None, of_status=query.life_status is not None)
    given: dict[str, Any] = {"life_status": query.life_status}
    if query.area is not None:
        given["lo"], given["hi"] = range_of(query.area)
    found = await paginate(unit, statement, _IN_ORDER, query, lambda person: _brief(unit, person), given=given)
    unit.note(subjects=[item.person_id for item in found.items], count=len(found.items))
    return found


@router.post("/people", status_code=201)
@permit("person", "register", "personal", reveal=Grade.L3)
async def register_person(body: RegisterIn, unit: Unit, desk: DeskOf) -> PersonFile:
    """建立个人档案。"""
    require_reach(unit, body.area_code)
    async with unit.elevated("register a person"):
        person_id = await service.register_person(unit, desk.person_key, service.NewPerson(**body.model_dump()))
    unit.note(subjects=[person_id])
    return await _file(unit, person_id)


@router.post("/people/look-up")
@permit("person", "look_up", "personal", reveal=Grade.L3)
async def look_up_person(body: LookUpIn, unit: Unit, desk: DeskOf) -> PersonFile:
    """按公民身份号码查找；查找本身记入审计。"""
    person = await service.find_by_number(unit, desk.person_key, body.id_number)
    unit.note(subjects=[person.id], count=1)
    return await _file(unit, person.id)


@router.get("/people/{person_id}")
@permit("person", "read", "personal", reveal=Grade.L3)
async def get_person(person_id: PersonId, unit: Unit) -> PersonFile:
    """个人档案；公民身份号码脱敏。"""
    unit.note(subjects=[person_id], count=1)
    return await _file(unit, person_id)


@router.get("/people/{person_id}/unmasked")
@permit("person", "unmask", "unmask")
async def unmask_person(person_id: PersonId, unit: Unit) -> PersonFile:
    """个人档案全文，须说明理由。"""
    unit.note(subjects=[person_id], count=1)
    return await _file(unit, person_id)


@router.patch("/people/{person_id}")
@permit("person", "correct", "personal", reveal=Grade.L3)
async def correct_person(person_id: PersonId, body: CorrectIn, unit: Unit) -> PersonFile:
    """更正档案。"""
    correction = service.Correction(**body.model_dump(exclude={"reason"}))
    person = await service.correct(unit, person_id, correction)
    unit.note(subjects=[person_id], reason=body.reason)
    return await _file(unit, person.id)


@router.post("/people/{person_id}/number")
@permit("person", "correct", "personal", reveal=Grade.L3)
async def give_number(person_id: PersonId, body: NumberIn, unit: Unit, desk: DeskOf) -> PersonFile:
    """补登或变更公民身份号码；人员标识不变。"""
    await unit.get(Person, person_id)
    unit.note(subjects=[person_id], reason=body.reason)
    async with unit.elevated("give a number"):
        person = await joining.give_number(unit, desk.person_key, person_id, body.id_number)
    return await _file(unit, person.id)


@router.post("/people/{person_id}/moves", status_code=201)
@permit("person", "move", "personal", reveal=Grade.L3)
async def move_person(person_id: PersonId, body: MoveIn, unit: Unit) -> PersonFile:
    """登记地迁移。"""
    await unit.get(Person, person_id)
    unit.note(subjects=[person_id])
    async with unit.elevated("move a person"):
        person = await service.move(unit, person_id, body.to_area, body.on_date)
        return await _file(unit, person.id)


@router.post("/people/{person_id}/merges", status_code=201)
@permit("person", "merge", "personal", reveal=Grade.L3)
async def merge_people(person_id: PersonId, body: MergeIn, unit: Unit) -> PersonFile:
    """两份档案实为一人：并入本档案。"""
    await unit.get(Person, person_id)
    await unit.get(Person, body.drop_id)
    unit.note(subjects=[person_id, body.drop_id], reason=body.reason)
    async with unit.elevated("merge two files"):
        person = await joining.merge(unit, person_id, body.drop_id)
    return await _file(unit, person.id)


@router.post("/people/{person_id}/corrections", status_code=201)
@permit("person", "merge", "personal")
async def correct_records(person_id: PersonId, body: RecordsIn, unit: Unit) -> CorrectionOut:
    """登记在错误号码之下的业务记录改归另一人。"""
    await unit.get(Person, person_id)
    await unit.get(Person, body.to_id)
    unit.note(subjects=[person_id, body.to_id], reason=body.reason)
    correction_id = await joining.correct_records(unit, person_id, body.to_id, body.record_ids)
    return CorrectionOut(correction_id=correction_id)


def _brief(unit: UnitOfWork, person: Person) -> PersonBrief:
    return PersonBrief(**_fields(unit, person))


async def _file(unit: UnitOfWork, person_id: str) -> PersonFile:
    file = await service.file_of(unit, person_id)
    return PersonFile(
        **_fields(unit, file),
        id_number=service.number_of(unit, file),
        marital_status=file.marital_status,
        death_date=file.death_date,
        merged_into=file.merged_into,
        aliases=file.aliases,
    )


def _fields(unit: UnitOfWork, person: Person) -> dict[str, Any]:
    return {
        "person_id": person.id,
        "name": service.name_of(unit, person),
        "sex": person.sex,
        "birth": person.birth,
        "area_code": person.area_code,
        "registration": person.registration,
        "life_status": person.life_status,
        "version": person.version,
    }
