"""Applications over HTTP."""

from typing import Annotated, Literal

from fastapi import Query

from services.relief.applications import (
    deciding,
    intake,
    letters,
    limits,
    publishing,
    reviewing,
    service,
    surveying,
)
from services.relief.applications.schemas import (
    ApplicationIn,
    ApplicationItem,
    ApplicationOut,
    ApprovalIn,
    LetterOut,
    Level,
    LimitOut,
    ObjectionIn,
    OpinionIn,
    PublishIn,
    RejectionIn,
    ServedIn,
    State,
    StepOut,
    SubmitIn,
    SurveyIn,
    SurveyOut,
    TerminationIn,
    WordsIn,
)
from services.relief.applications.service import Application, ApplicationStep
from services.relief.applications.surveying import Survey
from services.relief.applications.tables import ApplicationLimit
from services.relief.desk import PersonKeyOf
from services.relief.filters import Filters
from services.relief.publicity import service as notices
from services.relief.publicity.schemas import NoticeOut, ObjectionOut
from services.relief.publicity.service import Notice
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief", tags=["申请审核确认"])


class ApplicationQuery(Filters):
    """The declared filters of the list."""

    state: State | None = None
    household_id: UuidStr | None = None
    decided_level: Level | None = None


class LimitQuery(Filters):
    """The declared filters of the work list."""

    state: Literal["running", "warned", "overdue"] = "running"


@router.get("/applications")
@permit("application", "read", "personal")
async def list_applications(unit: Unit, query: Annotated[ApplicationQuery, Query()]) -> Page[ApplicationItem]:
    """申请；下放由乡镇（街道）决定的案件（decidedLevel=TOWN）即为报区备案的清单。"""
    statement = service.listing(state=query.state, household_id=query.household_id, decided_level=query.decided_level)
    page = await paginate(unit, statement, [Application.id], query, ApplicationItem.of)
    unit.note(subjects=[item.applicant_id for item in page.items], count=len(page.items))
    return page


@router.get("/application-limits")
@permit("application", "watch", "personal")
async def list_limits(unit: Unit, query: Annotated[LimitQuery, Query()]) -> Page[LimitOut]:
    """办理期限，先到期的在前：进行中的，其中已预警、已超期的。"""
    rows = limits.listing(state=query.state)
    order = [ApplicationLimit.due_at, ApplicationLimit.id]
    page = await paginate(unit, rows, order, query, LimitOut.model_validate)
    unit.note(count=len(page.items))
    return page


@router.post("/applications", status_code=201)
@permit("application", "apply", "personal")
async def apply_for_relief(body: ApplicationIn, unit: Unit, key: PersonKeyOf) -> ApplicationOut:
    """一次申请：凭身份证登记家庭（谁计入家庭自动判定并说明理由），或用已登记的家庭。类别由规则依次评估。"""
    if body.family is not None:
        application = await intake.apply_anew(unit, body.family.to_family(key, unit.today))
    else:
        single = body.single.to_single() if body.single else None
        application = await intake.apply_again(unit, body.household_id or "", single)
    return await _out(unit, application)


@router.get("/applications/{application_id}")
@permit("application", "read", "personal")
async def get_application(application_id: UuidStr, unit: Unit) -> ApplicationOut:
    """申请的办理情况，以及各类别规则的核定结果。"""
    return await _out(unit, await unit.get(Application, application_id))


@router.post("/applications/{application_id}/submit")
@permit("application", "apply", "personal")
async def submit_application(application_id: UuidStr, body: SubmitIn, unit: Unit) -> ApplicationOut:
    """提交：申请人签署申请和诚信承诺，全部成年成员签署核对授权；办理期限自此起算。"""
    application = await intake.submit(unit, application_id, signed_on=body.signed_on, authorised_by=body.authorised_by)
    return await _out(unit, application)


@router.post("/applications/{application_id}/accept")
@permit("application", "handle", "personal")
async def accept_application(application_id: UuidStr, unit: Unit) -> ApplicationOut:
    """受理。"""
    return await _out(unit, await service.accept(unit, application_id))


@router.post("/applications/{application_id}/correction")
@permit("application", "handle", "personal")
async def ask_for_correction(application_id: UuidStr, body: WordsIn, unit: Unit) -> ApplicationOut:
    """一次性告知补正。"""
    return await _out(unit, await service.ask_correction(unit, application_id, body.reason))


@router.post("/applications/{application_id}/withdraw")
@permit("application", "apply", "personal")
async def withdraw_application(application_id: UuidStr, body: WordsIn, unit: Unit) -> ApplicationOut:
    """申请人撤回申请。"""
    return await _out(unit, await service.withdraw(unit, application_id, body.reason))


@router.post("/applications/{application_id}/terminate")
@permit("application", "review", "personal")
async def terminate_application(application_id: UuidStr, body: TerminationIn, unit: Unit) -> ApplicationOut:
    """因不配合审核而终止，书面告知理由、依据和救济途径。"""
    return await _out(unit, await service.terminate(unit, application_id, body.reason, body.legal_basis))


@router.post("/applications/{application_id}/investigate")
@permit("application", "handle", "personal")
async def investigate_application(application_id: UuidStr, unit: Unit) -> ApplicationOut:
    """开始调查核实，包括被退回的。"""
    return await _out(unit, await surveying.investigate(unit, application_id))


@router.post("/applications/{application_id}/surveys", status_code=201)
@permit("application", "survey", "personal")
async def add_survey(application_id: UuidStr, body: SurveyIn, unit: Unit) -> SurveyOut:
    """入户调查（两人以上）或民主评议；案件在区级时为区民政局的入户核查。"""
    row = await surveying.survey(unit, application_id, body.to_survey())
    unit.note(case_id=application_id)
    return SurveyOut.of(unit, row)


@router.get("/applications/{application_id}/surveys")
@permit("application", "watch", "personal")
async def list_surveys(application_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[SurveyOut]:
    """调查和评议记录。"""
    application = await unit.get(Application, application_id)
    unit.note(subjects=[application.applicant_id], case_id=application_id)
    rows = surveying.surveys(application_id)
    return await paginate(unit, rows, [Survey.id], query, lambda row: SurveyOut.of(unit, row))


@router.post("/applications/{application_id}/check-objection")
@permit("application", "apply", "personal")
async def object_to_check(application_id: UuidStr, body: WordsIn, unit: Unit) -> ApplicationOut:
    """对核对结果（超出规定）提出异议，重新核对。"""
    return await _out(unit, await surveying.object_to_check(unit, application_id, body.reason))


@router.post("/applications/{application_id}/opinion")
@permit("application", "review", "personal")
async def form_opinion(application_id: UuidStr, body: OpinionIn, unit: Unit) -> ApplicationOut:
    """审核意见：按特困、低保、低边、刚性支出依次核定；审核人不得是受理人。不予确认的意见不公示，直接报送确认。"""
    application = await reviewing.form_opinion(
        unit, application_id, body.to_found(), body.opinion, is_refusal=body.is_refusal, answer=body.answer
    )
    return await _out(unit, application)


@router.post("/applications/{application_id}/publicity", status_code=201)
@permit("application", "handle", "personal")
async def publish_opinion(application_id: UuidStr, body: PublishIn, unit: Unit) -> NoticeOut:
    """在村（社区）公示七日；期满无异议的自动转入确认。"""
    notice = await publishing.publish(unit, application_id, body.place, body.text)
    unit.note(case_id=application_id)
    return NoticeOut.of(notice)


@router.get("/applications/{application_id}/publicity")
@permit("publicity", "read", "personal")
async def list_application_notices(
    application_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]
) -> Page[NoticeOut]:
    """该申请的历次公示。"""
    application = await unit.get(Application, application_id)
    unit.note(subjects=[application.applicant_id], case_id=application_id)
    return await paginate(unit, notices.listing(application_id), [Notice.id], query, NoticeOut.of)


@router.post("/publicity/{notice_id}/objections", status_code=201)
@permit("publicity", "object", "personal")
async def object_to_notice(notice_id: UuidStr, body: ObjectionIn, unit: Unit) -> ObjectionOut:
    """对公示提出异议，可以不具名；乡镇（街道）重新调查。"""
    objection = await publishing.object_to_notice(
        unit, notice_id, body.text, name=body.name or "", phone=body.phone or ""
    )
    unit.note(case_id=notice_id)
    return ObjectionOut.of(unit, objection)


@router.post("/applications/{application_id}/approve")
@permit("application", "decide", "personal")
async def approve_application(application_id: UuidStr, body: ApprovalIn, unit: Unit) -> ApplicationOut:
    """确认：自下月起享受。两项备案齐全，确认人不得是受理人、审核人；有近亲属、银行卡代管备案或异议的须先入户核查。"""
    return await _out(unit, await deciding.approve(unit, application_id, body.reason, body.review_class))


@router.post("/applications/{application_id}/reject")
@permit("application", "decide", "personal")
async def reject_application(application_id: UuidStr, body: RejectionIn, unit: Unit) -> ApplicationOut:
    """不予确认：书面说明理由、依据和救济途径，三个工作日内送达。"""
    return await _out(unit, await deciding.reject(unit, application_id, body.reason, body.legal_basis))


@router.post("/applications/{application_id}/return")
@permit("application", "decide", "personal")
async def return_application(application_id: UuidStr, body: WordsIn, unit: Unit) -> ApplicationOut:
    """退回重新调查。"""
    return await _out(unit, await deciding.send_back(unit, application_id, body.reason))


@router.post("/applications/{application_id}/hand-over")
@permit("application", "review", "personal")
async def hand_over_application(application_id: UuidStr, body: WordsIn, unit: Unit) -> ApplicationOut:
    """待乡镇（街道）决定的案件报送区民政局确认：下放被暂停或收回、疑难、须回避。"""
    return await _out(unit, await reviewing.hand_over(unit, application_id, body.reason))


@router.get("/applications/{application_id}/letter")
@permit("application", "read", "personal")
async def get_letter(application_id: UuidStr, unit: Unit) -> LetterOut:
    """书面决定：理由、法律依据、行政复议和行政诉讼的期限。"""
    application = await unit.get(Application, application_id)
    unit.note(subjects=[application.applicant_id], case_id=application_id)
    return LetterOut.of(application, letters.letter_of(application))


@router.post("/applications/{application_id}/served")
@permit("application", "handle", "personal")
async def record_service(application_id: UuidStr, body: ServedIn, unit: Unit) -> ApplicationOut:
    """登记书面决定已通过乡镇（街道）送达。"""
    return await _out(unit, await deciding.serve(unit, application_id, body.served_on, body.how))


@router.get("/applications/{application_id}/steps")
@permit("application", "read", "personal")
async def list_steps(application_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[StepOut]:
    """办理过程：每一步由谁、以何岗位、何时、因何办理。"""
    application = await unit.get(Application, application_id)
    unit.note(subjects=[application.applicant_id], case_id=application_id)
    return await paginate(unit, service.steps(application_id), [ApplicationStep.seq], query, StepOut.model_validate)


@router.get("/applications/{application_id}/limits")
@permit("application", "watch", "personal")
async def list_application_limits(
    application_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]
) -> Page[LimitOut]:
    """该申请各环节的期限，含已完成的。"""
    application = await unit.get(Application, application_id)
    unit.note(subjects=[application.applicant_id], case_id=application_id)
    rows = limits.listing(application_id=application_id)
    return await paginate(unit, rows, [ApplicationLimit.id], query, LimitOut.model_validate)


async def _out(unit: Unit, application: Application) -> ApplicationOut:
    unit.note(subjects=[application.applicant_id], case_id=application.id)
    return ApplicationOut.of_whole(application, await service.results_of(unit, application.id))
