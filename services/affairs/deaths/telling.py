"""Words to the family, and to the person who was taken for dead."""

from __future__ import annotations

from services.affairs.cases import service as cases
from services.affairs.people import service as people
from shared import notices
from shared.db.unit import UnitOfWork

CONFIRMED = "affairs.death-confirmed"
REVOKED = "affairs.death-revoked"


async def tell_of_confirmation(unit: UnitOfWork, case_id: str) -> None:
    """Tell the close relatives; a case that was revoked meanwhile is not told of."""
    case = await cases.get(unit, case_id)
    if case.state == cases.CaseState.REVOKED:
        return
    text = (
        "我们谨就您亲属的离世表示哀悼。身后“一件事”已经启动，户籍、社保、医保、公积金、津贴补贴等事项由各部门"
        "联办，无需逐家跑腿；需要您补充材料或选择日期的，可在办理页面查看和办理。"
    )
    for one in await people.relatives_of(unit, case.person_id):
        await notices.send(
            unit,
            person_id=one.relative_id,
            template=CONFIRMED,
            text=text,
            area_code=case.area_code,
            case_id=case.id,
        )


async def apologise(unit: UnitOfWork, case_id: str) -> None:
    """A letter to the person, on paper and in the app, and a word to the family."""
    case = await cases.get(unit, case_id)
    letter = (
        "致歉信：因核实有误，我们曾将您登记为死亡。该登记现已撤销，您的户籍、待遇、账户等正在恢复，停发的待遇将按"
        "停发之日起补发。由此给您造成的不便和伤害，我们诚恳致歉，并已对有关环节进行核查。如有疑问或仍有未恢复的事项，"
        "请向所在乡镇（街道）或区民政局反映。"
    )
    for channel in ("PAPER", "IN_APP"):
        await notices.send(
            unit,
            person_id=case.person_id,
            template=REVOKED,
            text=letter,
            area_code=case.area_code,
            case_id=case.id,
            channel=channel,
        )
    for one in await people.relatives_of(unit, case.person_id):
        await notices.send(
            unit,
            person_id=one.relative_id,
            template=REVOKED,
            text="因核实有误，您的亲属曾被登记为死亡，该登记现已撤销，相关事项正在恢复。我们诚恳致歉。",
            area_code=case.area_code,
            case_id=case.id,
        )
