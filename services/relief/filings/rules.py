"""What a declaration must say, and which are missing (MLG 11, MLG 26)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from shared.db.problems import Conflict, Forbidden, Invalid

KINSHIP, CARD = "KINSHIP", "CARD"
KINDS = (KINSHIP, CARD)
TITLES = {KINSHIP: "近亲属备案", CARD: "银行卡代管备案"}
OTHER = "OTHER"
DUTIES = ("RELIEF_STAFF", "VILLAGE_CADRE", "OTHER")


class FilingsMissing(Conflict):
    code = "filings_missing"
    detail = "近亲属备案、银行卡备案两项申报齐全后才能作出决定"

    @classmethod
    def of(cls, missing: Iterable[str]) -> FilingsMissing:
        """With a sentence for each declaration that is missing."""
        return cls(
            errors=[
                {"field": kind, "code": cls.code, "message": f"缺少{TITLES[kind]}申报（有或无均须申报）"}
                for kind in missing
            ]
        )


class PartiesDoNotFit(Invalid):
    code = "parties_do_not_fit"
    detail = "申报“有”的应逐人登记，申报“无”的不登记人员"


class NotOnDuty(Invalid):
    code = "not_on_duty"
    detail = "近亲属备案只登记救助经办人员和村（居）委会成员"


class AgreementMissing(Invalid):
    code = "agreement_missing"
    detail = "银行卡由工作人员代管的，应签订书面协议并报区民政局备案"


class NothingToVisit(Conflict):
    code = "nothing_to_visit"
    detail = "只有申报“有”且仍然有效的备案需要入户核查，且只登记一次"


class TooFewVisitors(Invalid):
    code = "too_few_visitors"
    detail = "入户核查应由两人以上进行，并记录姓名"


class VisitDate(Invalid):
    code = "visit_date"
    detail = "核查日期应在申报之日至今天之间"


class FiledRelative(Forbidden):
    code = "close_relative"
    detail = "您是该家庭成员、已备案的近亲属或代管人，须回避"


def missing(present: Iterable[str]) -> list[str]:
    """The declarations that are not there, in order."""
    have = set(present)
    return [kind for kind in KINDS if kind not in have]


def check(kind: str, *, is_positive: bool, duties: Collection[str], has_agreement: bool) -> None:
    """Whoever is declared is named, each with her duty: a relative is declared for hers, a card kept by somebody on
    duty needs the written agreement. Raises PartiesDoNotFit, NotOnDuty, AgreementMissing."""
    if is_positive != bool(duties):
        raise PartiesDoNotFit(field="parties")
    if kind == KINSHIP and OTHER in duties:
        raise NotOnDuty(field="parties")
    if kind == CARD and any(duty != OTHER for duty in duties) and not has_agreement:
        raise AgreementMissing(field="agreementNo")
