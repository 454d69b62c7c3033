"""Elders over HTTP."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from services.eldercare.elders import service
from services.eldercare.elders.schemas import ElderFacts, ElderItem, Level, Living, ReliefClass
from services.eldercare.filters import Filters
from shared.db.problems import Invalid
from shared.ids import PersonId
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/eldercare/elders", tags=["老年人"])


class ElderQuery(Filters):
    """The declared filters of the list."""

    living: Living | None = None
    min_age: Annotated[int | None, Field(ge=0, le=130)] = None
    min_level: Level | None = None
    has_dementia: bool | None = None
    relief_class: ReliefClass | None = None
    is_living: bool | None = None


@router.get("")
@permit("elder", "read", "personal")
async def list_elders(unit: Unit, query: Annotated[ElderQuery, Query()]) -> Page[ElderItem]:
    """老年人名单，按地区和年龄排列，姓名等脱敏。"""
    statement = service.listing(
        unit.today,
        living_arrangement=query.living,
        min_age=query.min_age,
        min_level=query.min_level,
        has_dementia=query.has_dementia,
        relief_class=query.relief_class,
        is_living=query.is_living,
    )
    order = [service.Elder.area_code, service.Elder.birth, service.Elder.person_id]
    page = await paginate(unit, statement, order, query, lambda elder: ElderItem.of(unit, elder))
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.patch("/{person_id}")
@permit("elder", "write", "personal")
async def change_elder(person_id: PersonId, body: ElderFacts, unit: Unit) -> ElderItem:
    """补充采集老年人信息；未填写的项目不变。"""
    changes = body.model_dump(exclude_unset=True)
    if empty := [name for name, value in changes.items() if value is None]:
        raise Invalid("value_required", "此项不能清空", field=ElderFacts.model_fields[empty[0]].alias)
    if ("ability_level" in changes) != ("ability_on" in changes):
        raise Invalid("ability_incomplete", "能力等级和评估日期须同时填写", field="abilityOn")
    if body.ability_on and body.ability_on > unit.today:
        raise Invalid("date_in_future", "评估日期晚于今天", field="abilityOn")
    elder = await service.change(unit, person_id, changes)
    unit.note(subjects=[person_id], detail={"changed": sorted(changes)})
    return ElderItem.of(unit, elder)
