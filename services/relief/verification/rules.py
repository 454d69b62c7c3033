"""States of a verification, what the sources may say, and what the lines of a report come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from services.relief.means.rules import Amount, Incomes, Property, Supporter
from shared.db.problems import Conflict, Forbidden, Invalid
from shared.money import MoneyError, parse_yuan

STATES = ("CREATED", "AUTHORISED", "QUERYING", "PARTIAL", "REPORTED", "OBJECTED", "RECHECKED", "WITHDRAWN")
SOURCE_STATES = ("WAITING", "ANSWERED", "UNAVAILABLE", "REFUSED", "BY_HAND", "CLOSED")
RUNNING = ("QUERYING", "PARTIAL", "OBJECTED")
"""In which sources are asked and heard."""
SETTLED = ("ANSWERED", "BY_HAND", "CLOSED")
"""What is known of such a source, or that it will not be known."""


class VerificationState(Conflict):
    code = "verification_state"
    detail = "核对当前所处环节不能办理此事项"


class VerificationOpen(Conflict):
    code = "verification_open"
    detail = "该家庭已有正在进行的核对"


class NotAuthorised(Conflict):
    code = "not_authorised"
    detail = "全部成年家庭成员（特困对象还包括法定义务人）签署授权后才能核对"


class NotASubject(Invalid):
    code = "not_a_subject"
    detail = "该身份证号码不属于本次核对的人员"


class SignerNotAdult(Invalid):
    code = "signer_not_adult"
    detail = "未成年人的授权应由同一家庭的成年成员代为签署"


class NotOwnSignature(Forbidden):
    code = "not_own_signature"
    detail = "只能签署本人或由本人监护的未成年人的授权"


class NotOwn(Forbidden):
    code = "not_own_family"
    detail = "居民只能以申请人身份为正在办理的申请发起核对"


class EvidenceMissing(Conflict):
    code = "evidence_missing"
    detail = "提出异议应先提交证明材料"


class NoSuchSource(Invalid):
    code = "no_such_source"
    detail = "没有这个核对来源"


class SourceAnswered(Conflict):
    code = "source_answered"
    detail = "该来源已有结果"


class BadLine(Invalid):
    code = "bad_line"
    detail = "核对结果内容不符合要求"


class DateInFuture(Invalid):
    code = "date_in_future"
    detail = "日期晚于今天"


MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "authorise": (("CREATED",), "AUTHORISED"),
    "run": (("AUTHORISED",), "QUERYING"),
    "report_in_part": (("QUERYING",), "PARTIAL"),
    "report": (("QUERYING", "PARTIAL"), "REPORTED"),
    "object": (("REPORTED",), "OBJECTED"),
    "report_again": (("OBJECTED",), "RECHECKED"),
    "withdraw": (("CREATED", "AUTHORISED", "QUERYING", "PARTIAL"), "WITHDRAWN"),
}
"""State machine 5, and its end when somebody takes her authorisation back before the report (PIPL 15)."""


def move(state: str, action: str) -> str:
    """The state an action leads to. Raises VerificationState."""
    sources, target = MOVES[action]
    if state not in sources:
        raise VerificationState
    return target


@dataclass(frozen=True, slots=True)
class Item:
    """What a line may be about: `unit` FEN, AREA (m²) or TEXT; `grade` of its value (§1.6)."""

    title: str
    sources: tuple[str, ...]
    unit: str
    role: str
    grade: int = 3


ITEMS: Mapping[str, Item] = {
    "REGISTRATION": Item("户籍", ("REGISTRATION",), "TEXT", "FACT"),
    "WAGE": Item("近十二个月工资薪金", ("TAX",), "FEN", "INCOME"),
    "BUSINESS": Item("近十二个月经营所得", ("TAX",), "FEN", "INCOME"),
    "PROPERTY": Item("近十二个月财产租赁、利息所得", ("TAX",), "FEN", "INCOME"),
    "PENSION": Item("近十二个月养老金", ("SOCIAL_INSURANCE",), "FEN", "INCOME"),
    "PENSION_BASE": Item("近十二个月基础养老金", ("SOCIAL_INSURANCE",), "FEN", "INCOME"),
    "HOME": Item("住房（平方米）", ("REAL_ESTATE",), "AREA", "PROPERTY"),
    "COMPANY": Item("企业实缴出资", ("MARKET",), "FEN", "PROPERTY"),
    "FUND_BALANCE": Item("公积金余额", ("PROVIDENT_FUND",), "FEN", "FINANCIAL"),
    "VEHICLE": Item("机动车", ("VEHICLES",), "FEN", "PROPERTY"),
    "WORK_VEHICLE": Item("生产用车", ("VEHICLES",), "FEN", "PROPERTY"),
    "DISABILITY_VEHICLE": Item("残疾人专用车", ("VEHICLES",), "FEN", "PROPERTY"),
    "SHIP": Item("船舶", ("SHIPS",), "FEN", "PROPERTY"),
    "LIVING_BOAT": Item("维持生活的小型渔船", ("SHIPS",), "FEN", "PROPERTY"),
    "DEPOSIT": Item("银行存款", ("BANKS",), "FEN", "FINANCIAL"),
    "POLICY": Item("商业保险现金价值", ("INSURANCE",), "FEN", "FINANCIAL"),
    "SECURITIES": Item("证券资产", ("SECURITIES",), "FEN", "FINANCIAL"),
    "BALANCE": Item("互联网金融资产", ("INTERNET_FINANCE",), "FEN", "FINANCIAL"),
    "MARRIAGE": Item("婚姻状况", ("MARRIAGE",), "TEXT", "FACT"),
    "FUNERAL": Item("殡葬记录", ("FUNERAL",), "TEXT", "FACT"),
    "DISABILITY": Item("残疾人证", ("DISABILITY",), "TEXT", "FACT", 4),
    "SELF_PAID": Item("近十二个月个人负担医疗费用", ("MEDICAL_INSURANCE",), "FEN", "COST", 4),
}
OVER: Mapping[str, str] = {
    "FINANCIAL": "金融资产超过规定",
    "HOME": "住房超过规定",
    "VEHICLE": "机动车超过规定",
    "WORK_VEHICLE": "生产用车超过规定",
    "SHIP": "船舶超过规定",
    "COMPANY": "持有实缴出资的企业",
}


def group_of(item: str) -> str:
    """The limit an item falls under; "" where it falls under none."""
    return "FINANCIAL" if ITEMS[item].role == "FINANCIAL" else item if item in OVER else ""


@dataclass(frozen=True, slots=True)
class Line:
    """What a source said: of an item, about a holder, as text in the item's unit."""

    item: str
    holder_id: str
    value: str

    @property
    def fen(self) -> int:
        """Of an item in money."""
        return parse_yuan(self.value)


def line(source: str, item: str, holder_id: str, value: str, holders: Iterable[str]) -> Line:
    """A line of a source, checked: its own item, about somebody who was asked about, with a value of the item's unit.
    Raises BadLine."""
    known = ITEMS.get(item)
    if known is None or source not in known.sources:
        raise BadLine(detail="该来源不提供此项目", field="item")
    if holder_id not in set(holders):
        raise BadLine(detail="结果不属于本次核对的人员", field="holderId")
    try:
        fits = {"FEN": lambda: parse_yuan(value) >= 0, "AREA": lambda: 0 < Decimal(value) < 100_000}.get(
            known.unit, lambda: 0 < len(value) <= 200
        )()
    except (MoneyError, InvalidOperation):
        fits = False
    if not fits:
        raise BadLine(detail="数值不符合项目的要求", field="value")
    return Line(item, holder_id, value)


def property_of(lines: Sequence[Line], kind: str, heads: int) -> Property:
    """What the lines about the family say it owns."""
    amounts: dict[str, list[int]] = {}
    for one in lines:
        if ITEMS[one.item].unit == "FEN":
            amounts.setdefault(one.item, []).append(one.fen)
    return Property(
        kind=kind,
        heads=heads,
        financial_fen=sum(one.fen for one in lines if ITEMS[one.item].role == "FINANCIAL"),
        home_areas=[Decimal(one.value) for one in lines if one.item == "HOME"],
        vehicles=len(amounts.get("VEHICLE", [])),
        work_vehicles_fen=amounts.get("WORK_VEHICLE", []),
        disability_vehicles=len(amounts.get("DISABILITY_VEHICLE", [])),
        ships=len(amounts.get("SHIP", [])),
        living_boats=len(amounts.get("LIVING_BOAT", [])),
        companies_fen=amounts.get("COMPANY", []),
    )


def incomes_of(lines: Sequence[Line], supporters: Iterable[Supporter] = ()) -> Incomes:
    """What the lines about the family say it has coming in, beside what supporters are held to give. What illness
    cost is told, and deducted by the reviewer's hand: a settlement does not say whether it was for a serious one."""
    found = [one for one in lines if ITEMS[one.item].role == "INCOME"]
    amounts = [Amount(item=one.item, yearly_fen=one.fen) for one in found]
    return Incomes(incomes=amounts, supporters=list(supporters))


def per_head(lines: Sequence[Line], family_size: int) -> int:
    """Fen a head of a supporter's own family each month, by what the sources say she earns."""
    return sum(one.fen for one in lines if ITEMS[one.item].role == "INCOME") // (12 * max(1, family_size))
