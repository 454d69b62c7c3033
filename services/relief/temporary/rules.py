"""States of a temporary relief case, and how much it comes to by whose decision, explained. Money in fen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel

from services.relief.law import BOOK
from shared.db.problems import Conflict, Forbidden, Invalid
from shared.money import format_yuan
from shared.policy import Law, Outcome, Reasons

STATES = (
    "SUBMITTED", "ACCEPTED", "PAID_FIRST", "PAPERS_DUE", "OVERDUE", "SURVEYED", "PUBLICITY", "APPROVED", "PAID",
    "COMPLETED", "REJECTED",
)  # fmt: skip
URGENT, EXPENDITURE = "URGENT", "EXPENDITURE"
TOWN, DISTRICT = "TOWN", "DISTRICT"
ACCOUNTS = ("RESERVE", "DISTRICT", "FAMILY")


class TemporaryState(Conflict):
    code = "temporary_state"
    detail = "临时救助当前所处环节不能办理此事项"


class NotUrgent(Conflict):
    code = "not_urgent"
    detail = "先行救助只适用于急难型临时救助"


class NotDecided(Conflict):
    code = "not_decided"
    detail = "尚未作出救助决定"


class DecidedAlready(Conflict):
    code = "decided_already"
    detail = "已作出救助决定"


class NotGrantable(Conflict):
    code = "not_grantable"
    detail = "不符合临时救助规定"


class ProposalOutdated(Conflict):
    code = "proposal_outdated"
    detail = "情况已变化，核定结果与调查时的意见不一致，请重新调查"


class NoticeRunning(Conflict):
    code = "notice_running"
    detail = "公示期未满"


class NoNoticeNeeded(Conflict):
    code = "no_notice_needed"
    detail = "乡镇（街道）审批的临时救助不需公示"


class BeyondTown(Forbidden):
    code = "beyond_town"
    detail = "超出乡镇（街道）审批限额，应由区民政局审批"


class NotYourMoney(Forbidden):
    code = "not_your_money"
    detail = "该笔救助由区级资金支付"


class OrderedAlready(Conflict):
    code = "ordered_already"
    detail = "该笔救助已交银行发放"


class TooManyInstalments(Invalid):
    code = "too_many_instalments"
    detail = "分期发放超过规定的月数"


class SeparationOfDuties(Forbidden):
    code = "separation_of_duties"
    detail = "受理、审批、支付不得由同一人办理"


class NotOwn(Forbidden):
    code = "not_own_family"
    detail = "居民只能为本人申请"


class MinutesMissing(Invalid):
    code = "minutes_missing"
    detail = "一事一议的救助应登记会议纪要编号和每人金额"


class ReserveShort(Conflict):
    code = "reserve_short"
    detail = "备用金余额不足，请由区级资金支付或先补足备用金"


class ReserveMissing(Conflict):
    code = "reserve_missing"
    detail = "该乡镇（街道）尚未设立备用金"


class ReserveExists(Conflict):
    code = "reserve_exists"
    detail = "该乡镇（街道）已设立备用金"


class ReplenishOpen(Conflict):
    code = "replenish_open"
    detail = "已有待办理的补足申请"


class ReplenishDone(Conflict):
    code = "replenish_done"
    detail = "该补足申请已办结"


@dataclass(frozen=True, slots=True)
class Move:
    """Where an action may begin, and where it leads."""

    sources: frozenset[str]
    target: str


def _from(*sources: str, to: str) -> Move:
    return Move(frozenset(sources), to)


MOVES: Mapping[str, Move] = {
    "accept": _from("SUBMITTED", to="ACCEPTED"),
    "pay_first": _from("ACCEPTED", to="PAID_FIRST"),
    "await_papers": _from("PAID_FIRST", to="PAPERS_DUE"),
    "overdue": _from("PAPERS_DUE", to="OVERDUE"),
    "survey": _from("ACCEPTED", to="SURVEYED"),
    "publish": _from("SURVEYED", to="PUBLICITY"),
    "approve": _from("SURVEYED", "PUBLICITY", to="APPROVED"),
    "reject": _from("ACCEPTED", "SURVEYED", "PUBLICITY", to="REJECTED"),
    "pay": _from("APPROVED", to="PAID"),
    "complete": _from("PAPERS_DUE", "OVERDUE", "PAID", to="COMPLETED"),
}
"""State machine 4."""


def move(state: str, action: str) -> str:
    """The state an action leads to. Raises TemporaryState."""
    found = MOVES[action]
    if state not in found.sources:
        raise TemporaryState
    return found.target


def instalments(total_fen: int, months: int) -> list[int]:
    """Equal parts of whole yuan, one a month; what does not divide comes first."""
    part = total_fen // months // 100 * 100
    return [total_fen - part * (months - 1), *([part] * (months - 1))]


def is_low(balance_fen: int, float_fen: int, share: Decimal) -> bool:
    """Whether a reserve has to be filled up: less than the share of its float is left."""
    return balance_fen < float_fen * share


def refuse_same(actor: str, *earlier: str) -> None:
    """Acceptor ≠ approver ≠ payer (§1.3). Raises SeparationOfDuties."""
    if actor in earlier:
        raise SeparationOfDuties


class Hardship(BaseModel):
    """A case as the rule sees it. `per_head_fen` counts at level V alone; `grants_before` are those for the same cause
    within the months that count."""

    kind: str
    residence: str
    heads: int
    level: str
    per_head_fen: int = 0
    is_special: bool = False
    grants_before: int = 0


_ZJ = "浙江省社会救助条例第三十九条"
_RESIDENCE = {"REGISTERED": "本地户籍", "RESIDENT": "本地常住", "PASSING": "急难发生在本地的其他人员"}


@BOOK.rule("relief.temporary", version=1, title="临时救助", facts=Hardship)
def temporary(facts: Hardship, law: Law, why: Reasons) -> Outcome:
    """How much in all, and who decides: TOWN, DISTRICT; or refused."""
    holds = [_is_open_to(facts, why), _has_not_had(facts, law, why)]
    standard = law.fen("dibao.standard")
    per_head = _per_head(facts, standard, law, why)
    holds.append(_is_within_most(facts, per_head, standard, law, why))
    if not all(holds):
        return Outcome("refused", 0)
    total = per_head * facts.heads
    why.because(
        "temporary.amount",
        f"{facts.heads}人，每人{format_yuan(per_head)}元，共{format_yuan(total)}元",
        result=total,
        source=_ZJ,
        heads=facts.heads,
    )
    most, household = standard * law.whole("temporary.town_multiple"), law.fen("temporary.town_household")
    is_towns = per_head <= most and total <= household
    why.because(
        "temporary.authority",
        f"{'未超过' if is_towns else '超过'}乡镇（街道）审批限额"
        f"（每人{format_yuan(most)}元、每户{format_yuan(household)}元），"
        f"由{'乡镇（街道）' if is_towns else '区民政局'}审批",
        result=is_towns,
        source="浙江省社会救助条例第四十条",
    )
    return Outcome(TOWN if is_towns else DISTRICT, total)


def _is_open_to(facts: Hardship, why: Reasons) -> bool:
    is_open = facts.residence != "PASSING" or facts.kind == URGENT
    why.because(
        "temporary.open_to",
        f"{_RESIDENCE[facts.residence]}，{'可以' if is_open else '不能'}申请"
        f"{'急难型' if facts.kind == URGENT else '支出型'}临时救助",
        result=is_open,
        source="民政部、财政部2018年1月23日意见二(一)",
    )
    return is_open


def _has_not_had(facts: Hardship, law: Law, why: Reasons) -> bool:
    most, months = law.whole("temporary.same_cause"), law.whole("temporary.same_cause_months")
    is_within = facts.grants_before < most
    why.because(
        "temporary.same_cause",
        f"同一事由{months}个月内已救助{facts.grants_before}次，{'未达到' if is_within else '已达到'}上限{most}次",
        result=is_within,
        source="临时救助次数规定",
        grants_before=facts.grants_before,
    )
    return is_within


def _per_head(facts: Hardship, standard: int, law: Law, why: Reasons) -> int:
    row = law.table("temporary.levels").row("level", facts.level)
    if row is None:
        why.because(
            "temporary.level",
            f"第V档，一事一议，每人{format_yuan(facts.per_head_fen)}元",
            result=facts.per_head_fen,
            source=_ZJ,
            level=facts.level,
        )
        return facts.per_head_fen
    per_head = standard * int(row["multiple"])
    why.because(
        "temporary.level",
        f"第{facts.level}档，每人为低保月标准的{row['multiple']}倍，即{format_yuan(per_head)}元",
        result=per_head,
        source=_ZJ,
        level=facts.level,
    )
    return per_head


def _is_within_most(facts: Hardship, per_head: int, standard: int, law: Law, why: Reasons) -> bool:
    multiple = law.whole("temporary.most_special" if facts.is_special else "temporary.most")
    is_within = 0 < per_head <= standard * multiple
    why.because(
        "temporary.most",
        f"每人{format_yuan(per_head)}元，{'不超过' if is_within else '超过'}"
        f"{'特殊困难的' if facts.is_special else ''}上限"
        f"（低保月标准的{multiple}倍，{format_yuan(standard * multiple)}元）",
        result=is_within,
        source=_ZJ,
    )
    return is_within
