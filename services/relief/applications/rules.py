"""The states of an application, who may take it from one to the next, and what a survey needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.db.problems import Conflict, Forbidden, Invalid

STATES = (
    "DRAFT", "SUBMITTED", "CORRECTION", "ACCEPTED", "INVESTIGATING", "OVER_LIMIT", "PRELIM_OPINION", "PUBLICITY",
    "OBJECTION_REVIEW", "DISTRICT_REVIEW", "DECISION", "RETURNED", "APPROVED", "REJECTED", "WITHDRAWN", "TERMINATED",
)  # fmt: skip
ENDED = ("APPROVED", "REJECTED", "WITHDRAWN", "TERMINATED")
_BEFORE_DECISION = frozenset(STATES) - frozenset(ENDED)


class WrongState(Conflict):
    code = "application_state"
    detail = "申请当前所处环节不能办理此事项"


class ApplicationOpen(Conflict):
    code = "application_open"
    detail = "该家庭已有正在办理的申请"


class CorrectedOnce(Conflict):
    code = "corrected_once"
    detail = "补正材料应一次性告知，不得再次要求补正"


class SeparationOfDuties(Forbidden):
    code = "separation_of_duties"
    detail = "受理、审核、确认不得由同一人办理"


class NotYourStage(Forbidden):
    code = "not_your_stage"
    detail = "该环节不由您所在的层级办理"


class NotDelegated(Conflict):
    code = "not_delegated"
    detail = "该类审批权限未下放或已暂停，请报送区民政局确认"


class AuthorisationMissing(Invalid):
    code = "authorisation_missing"
    detail = "全部成年家庭成员应签署核对授权书"


class ApplicantNotCounted(Conflict):
    code = "applicant_not_counted"
    detail = "不计入共同生活的家庭成员的人不能作为申请人"


class NotOwn(Forbidden):
    code = "not_own_family"
    detail = "居民只能以申请人身份为自己的家庭申请"


class SeeCounter(Conflict):
    code = "see_counter"
    detail = "有家庭成员的信息需要核对，请携带身份证到乡镇（街道）窗口办理"


class NotHere(Conflict):
    code = "not_registered_here"
    detail = "应向户籍所在地申请；持有居住证且当地已开放的，可以在居住地申请"


class NotAlone(Conflict):
    code = "not_alone"
    detail = "不符合单独申请的条件，应以家庭为单位申请"


class NotSigned(Invalid):
    code = "not_signed"
    detail = "申请人应签署申请书和诚信承诺"


class TooFewSurveyors(Invalid):
    code = "too_few_surveyors"
    detail = "入户调查应由两人以上进行，并记录姓名"


class SurveyMissing(Conflict):
    code = "survey_missing"
    detail = "尚未完成入户调查"


class NotVerified(Conflict):
    code = "not_verified"
    detail = "家庭经济状况核对尚未报告结果"


class DistrictVisitMissing(Conflict):
    code = "district_visit_missing"
    detail = "有近亲属或银行卡代管备案、有异议或被随机抽中的，区民政局应入户核查后再作决定"


class OpinionOutdated(Conflict):
    code = "opinion_outdated"
    detail = "家庭情况已变化，核定结果与审核意见不一致，请退回重新提出意见"


class AnswerMissing(Invalid):
    code = "answer_missing"
    detail = "重新调查后应答复异议"


class SurveyDate(Invalid):
    code = "survey_date"
    detail = "调查日期应在收到申请之日至今天之间"


class DateInFuture(Invalid):
    code = "date_in_future"
    detail = "日期晚于今天"


class BasisMissing(Invalid):
    code = "legal_basis_missing"
    detail = "规则核定结果与不予确认的决定不一致，请填写法律依据"


class NothingToServe(Conflict):
    code = "nothing_to_serve"
    detail = "没有待送达的决定文书"


class ServedAlready(Conflict):
    code = "served_already"
    detail = "决定文书已送达"


@dataclass(frozen=True, slots=True)
class Move:
    """Where an action may begin, and where it leads."""

    sources: frozenset[str]
    target: str


def _from(*sources: str, to: str) -> Move:
    return Move(frozenset(sources), to)


MOVES: Mapping[str, Move] = {
    "submit": _from("DRAFT", "CORRECTION", to="SUBMITTED"),
    "ask_correction": _from("SUBMITTED", to="CORRECTION"),
    "accept": _from("SUBMITTED", to="ACCEPTED"),
    "investigate": _from("ACCEPTED", "RETURNED", to="INVESTIGATING"),
    "exceed": _from("INVESTIGATING", "OBJECTION_REVIEW", to="OVER_LIMIT"),
    "object_to_check": _from("OVER_LIMIT", to="INVESTIGATING"),
    "form_opinion": _from("INVESTIGATING", "OBJECTION_REVIEW", to="PRELIM_OPINION"),
    "publish": _from("PRELIM_OPINION", to="PUBLICITY"),
    "object": _from("PUBLICITY", to="OBJECTION_REVIEW"),
    "forward": _from("PRELIM_OPINION", "PUBLICITY", to="DISTRICT_REVIEW"),
    "forward_to_town": _from("PRELIM_OPINION", "PUBLICITY", to="DECISION"),
    "hand_over": _from("DECISION", to="DISTRICT_REVIEW"),
    "approve": _from("DISTRICT_REVIEW", "DECISION", to="APPROVED"),
    "reject": _from("DISTRICT_REVIEW", "DECISION", "OVER_LIMIT", to="REJECTED"),
    "send_back": _from("DISTRICT_REVIEW", "DECISION", to="RETURNED"),
    "withdraw": Move(_BEFORE_DECISION, "WITHDRAWN"),
    "terminate": Move(_BEFORE_DECISION - {"DRAFT"}, "TERMINATED"),
}
"""State machine 1 (domain §8). An opinion to refuse is not put up in the village: it goes on to the review at once.
With delegation the town decides (`DECISION`), or hands over what it may not or should not decide."""


def move(state: str, action: str) -> str:
    """The state an action leads to. Raises WrongState."""
    found = MOVES[action]
    if state not in found.sources:
        raise WrongState
    return found.target


def refuse_same(actor: str, *earlier: str) -> None:
    """Acceptor ≠ reviewer ≠ approver (§1.3). Raises SeparationOfDuties."""
    if actor in earlier:
        raise SeparationOfDuties


def surveyors(names: Iterable[str], least: int) -> list[str]:
    """The names, each once. Raises TooFewSurveyors (MLG 16)."""
    found = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(found) < least:
        raise TooFewSurveyors(field="surveyors")
    return found
