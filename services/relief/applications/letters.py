"""The written decision: who, what, why, on what ground, and what can be done against it (MLG 21, 38)."""

from __future__ import annotations

from dataclasses import dataclass

from services.relief.applications.rules import NothingToServe
from services.relief.applications.tables import Application
from services.relief.benefits.rules import TITLES
from services.relief.law import in_force
from shared import clock
from shared.money import format_yuan
from shared.payments.months import spoken


@dataclass(frozen=True, slots=True)
class Letter:
    """Its parts, as they are printed."""

    title: str
    body: str
    reason: str
    legal_basis: str
    remedy: str


_TITLES = {"APPROVED": "社会救助确认通知书", "REJECTED": "不予确认决定书", "TERMINATED": "终止审核确认通知书"}


def letter_of(application: Application) -> Letter:
    """The letter of an application that was decided. Raises NothingToServe before."""
    if application.state not in _TITLES or application.decided_at is None:
        raise NothingToServe(detail="该申请尚未作出决定")
    on = clock.to_business_date(application.decided_at)
    values = in_force(on, application.area_code)
    days, months = values.whole("applications.review_days"), values.whole("applications.suit_months")
    return Letter(
        _TITLES[application.state],
        _body(application),
        "；".join([*application.over_limit, application.reason]),
        application.legal_basis,
        f"如不服本决定，可以自收到本通知之日起{days}日内依法申请行政复议，"
        f"或者自收到本通知之日起{months}个月内依法向人民法院提起行政诉讼。",
    )


def _body(application: Application) -> str:
    if application.state == "REJECTED":
        return "经审核，您的家庭不符合社会救助条件，决定不予确认。"
    if application.state == "TERMINATED":
        return "因未配合审核，您的家庭的社会救助申请终止审核。"
    assert application.from_month is not None
    money = f"，每月{format_yuan(application.amount_fen)}元" if application.amount_fen else ""
    return f"经审核，确认您的家庭为{TITLES[application.kind]}对象，自{spoken(application.from_month)}起{money}。"
