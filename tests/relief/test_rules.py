"""The rules with the numbers of the plan, and the law as dated data."""

from datetime import date
from decimal import Decimal

import pytest

from services.relief.benefits.recognition import Applicant, Family, assess, recognised_as
from services.relief.benefits.rules import (
    DibaoFacts,
    MemberFacts,
    TekunFacts,
    dibao,
    state_shown,
    supplement_of,
    tekun,
)
from services.relief.households.rules import (
    Condition,
    IncomeFrom,
    Membership,
    divided_by,
    income_in,
)
from services.relief.law import BOOK, PARAMETERS, in_force
from services.relief.rechecks.rules import last_day
from shared.money import round_up_to_yuan
from shared.policy import NoValue, decide, replay

AREA = "330903100201"
IN_2020, IN_2026 = date(2020, 3, 1), date(2026, 3, 1)


def member(age: int = 45, *conditions: str) -> MemberFacts:
    return MemberFacts(age=age, conditions=list(conditions))


@pytest.mark.parametrize(
    ("on", "fen"),
    [
        (date(2016, 1, 1), 664_00),
        (date(2019, 12, 31), 664_00),
        (date(2020, 1, 1), 810_00),
        (date(2021, 6, 30), 810_00),
        (date(2021, 7, 1), 872_00),
        (date(2022, 7, 1), 938_00),
        (date(2023, 7, 1), 1009_00),
        (date(2024, 7, 1), 1085_00),
        (date(2025, 12, 30), 1085_00),
        (date(2025, 12, 31), 1167_00),
        (date(2026, 3, 1), 1167_00),
    ],
)
def test_standards_by_date(on: date, fen: int) -> None:
    """Domain §2.1."""
    assert in_force(on, AREA).fen("dibao.standard") == fen


def test_a_monthly_standard_is_the_yearly_one_up_to_whole_yuan() -> None:
    """14,000 / 12 → 1,167 (domain §1.5)."""
    for yearly in PARAMETERS["dibao.yearly_standard"].values:
        assert isinstance(yearly.value, int)
        twelfth = round_up_to_yuan(-(-yearly.value // 12))
        assert in_force(yearly.from_date, AREA).fen("dibao.standard") == twelfth


def test_no_standard_is_no_answer() -> None:
    for day, area in ((date(2015, 12, 31), AREA), (IN_2020, "330902001001")):
        with pytest.raises(NoValue):
            in_force(day, area).fen("dibao.standard")


# ── amounts ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("on", "income", "members", "yuan"),
    [
        # domain §2.6
        (IN_2020, 1200, [member(), member(), member()], 1230),
        (IN_2020, 1200, [member(45, "SEVERE_DISABILITY"), member(), member()], 1392),
        (IN_2020, 1200, [member(45, "CRITICAL_ILLNESS"), member(), member()], 1392),
        # only the highest of one person: 20 % of a severely disabled elder, not 30 %
        (IN_2020, 1200, [member(80, "SEVERE_DISABILITY", "CRITICAL_ILLNESS"), member(), member()], 1392),
        (IN_2020, 1200, [member(70), member(69), member()], 1311),
        (IN_2020, 1200, [member(17), member(18), member()], 1311),
        (IN_2020, 1200, [member(10, "SINGLE_PARENT_CHILD"), member(), member()], 1311),
        (IN_2020, 1200, [member(70), member(3), member(45, "SEVERE_DISABILITY")], 1230 + 81 + 81 + 162),
        # nothing to live on; one fen below the standard; the standard itself; a fen above
        (IN_2020, 0, [member()], 810),
        (IN_2020, Decimal("809.99"), [member()], 1),
        (IN_2020, 810, [member()], 0),
        (IN_2020, Decimal("810.01"), [member(80, "SEVERE_DISABILITY")], 0),
        # up to whole yuan once a household, not once a person: 3 × (810 − 100.333…) = 2,129
        (IN_2020, 301, [member(), member(), member()], 2129),
        (IN_2020, Decimal("300.01"), [member(), member(), member()], 2130),
        # a supplement that is no whole yuan: 10 % of 1,167 is 116.70
        (IN_2026, 0, [member(75)], 1284),
        (IN_2026, 0, [member(75), member(76)], 2568),  # 2 × 1,283.70 = 2,567.40
        (IN_2026, 1000, [member(45), member(45)], 1334),
    ],
)
def test_the_difference_method(on: date, income: Decimal, members: list[MemberFacts], yuan: int) -> None:
    facts = DibaoFacts(income_fen=int(income * 100), divisor=len(members), members=members)
    decision = decide(dibao, facts, PARAMETERS, on, AREA)
    assert decision.amount_fen == yuan * 100
    assert decision.outcome == ("granted" if yuan else "refused")
    assert all(reason.source and not reason.sentence.isascii() for reason in decision.reasons)
    assert replay(decision.stored(), BOOK, PARAMETERS) == decision


def test_property_over_the_limit_is_refused() -> None:
    facts = DibaoFacts(income_fen=0, divisor=1, members=[member()], within_property=False)
    decision = decide(dibao, facts, PARAMETERS, IN_2020, AREA)
    assert (decision.outcome, decision.amount_fen) == ("refused", 0)
    assert decision.reasons[-1].sentence == "家庭财产状况不符合规定"


@pytest.mark.parametrize(
    ("on", "members", "yuan"),
    [
        (IN_2020, [member(70)], 1053),  # 1.3 × 810
        (date(2021, 9, 1), [member(70)], 1134),  # 1.3 × 872 = 1,133.60
        (date(2021, 9, 1), [member(70, "CARE_PARTLY")], 1134 + 414),  # 20 % of 2,070
        (date(2021, 9, 1), [member(70, "CARE_FULLY")], 1134 + 1035),  # 50 %
        (IN_2026, [member(70, "CARE_PARTLY", "CARE_FULLY")], 1518 + 1035),  # the heavier one
        (IN_2026, [member(70), member(12)], 2 * 1518),
    ],
)
def test_destitute_support(on: date, members: list[MemberFacts], yuan: int) -> None:
    decision = decide(tekun, TekunFacts(members=members), PARAMETERS, on, AREA)
    assert (decision.outcome, decision.amount_fen) == ("granted", yuan * 100)


@pytest.mark.parametrize(("failed", "tier"), [(0, "ABLE"), (1, "PARTLY"), (3, "PARTLY"), (4, "FULLY"), (6, "FULLY")])
def test_self_care_by_failed_items(failed: int, tier: str) -> None:
    """TK 21–23."""
    row = in_force(IN_2026, AREA).table("tekun.care_tiers").band("failed", failed)
    assert row is not None
    assert row["tier"] == tier


def test_supplements_are_dated_values() -> None:
    values = in_force(IN_2020, AREA)
    assert {kind: supplement_of(values, kind) for kind in ("SEVERE_DISABILITY", "AGED", "MINOR")} == {
        "SEVERE_DISABILITY": 162_00,
        "AGED": 81_00,
        "MINOR": 81_00,
    }


# ── recognition ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("on", "income", "kind"),
    [
        (IN_2020, Decimal("809.99"), "DIBAO"),
        (IN_2020, 810, "MARGINAL"),  # domain §2.6: not 低保, is 低边
        (IN_2020, 1215, "MARGINAL"),  # exactly 1.5 times: "1.5倍以下" includes it
        (IN_2020, Decimal("1215.01"), ""),
        (IN_2026, Decimal("1750.50"), "MARGINAL"),
        (IN_2026, Decimal("1750.51"), ""),
    ],
)
def test_the_edges_of_low_income(on: date, income: Decimal, kind: str) -> None:
    family = Family(income_fen=int(income * 100), members=[Applicant(age=45)])
    assert recognised_as(assess(family, on, AREA)) == kind


def test_the_marginal_limit_stops_at_the_minimum_wage() -> None:
    raised = PARAMETERS.with_value("dibao.standard", 1500_00, from_date=date(2026, 1, 1), area="330903")
    from services.relief.benefits.recognition import marginal

    for income, outcome in ((2070_00, "granted"), (2070_01, "refused")):
        family = Family(income_fen=income, members=[Applicant(age=45)])
        assert decide(marginal, family, raised, IN_2026, AREA).outcome == outcome


@pytest.mark.parametrize(
    ("applicants", "income", "kind"),
    [
        ([Applicant(age=70, labour="NONE")], 0, "TEKUN"),
        ([Applicant(age=70, labour="NONE")], 1167, ""),
        ([Applicant(age=70, labour="NONE")], 1166, "TEKUN"),
        ([Applicant(age=70, labour="NONE", has_able_supporter=True)], 0, "DIBAO"),
        ([Applicant(age=70, labour="PARTIAL")], 0, "DIBAO"),
        ([Applicant(age=70, labour="NONE"), Applicant(age=40)], 0, "DIBAO"),
    ],
)
def test_destitute_comes_first(applicants: list[Applicant], income: int, kind: str) -> None:
    """TK 4–8: no labour capacity, no means, nobody able to support."""
    decisions = assess(Family(income_fen=income * 100, members=applicants), IN_2026, AREA)
    assert list(decisions) == ["TEKUN", "DIBAO", "MARGINAL", "RIGID"]
    assert recognised_as(decisions) == (kind or "MARGINAL")


# ── who counts ───────────────────────────────────────────────────────────────────────────────────


def spell(
    since: date, until: date | None = None, ends: date | None = None, birth: date = date(1980, 1, 1)
) -> Membership:
    return Membership("p", since, until, birth, share_ends=ends)


def test_the_first_day_of_the_month_decides_who_counts() -> None:
    march, april = date(2026, 3, 1), date(2026, 4, 1)
    assert spell(march).counts(march)
    assert not spell(date(2026, 3, 2)).counts(march)
    assert spell(date(2026, 3, 2)).counts(april)
    assert spell(date(2020, 1, 1), march).counts(march)
    assert not spell(date(2020, 1, 1), date(2026, 3, 31)).counts(april)
    assert spell(date(2020, 1, 1), ends=april).counts(march)
    assert not spell(date(2020, 1, 1), ends=april).counts(april)


def test_ages_are_completed_years_on_the_first() -> None:
    assert spell(date(2020, 1, 1), birth=date(1956, 3, 1)).age(date(2026, 3, 1)) == 70
    assert spell(date(2020, 1, 1), birth=date(1956, 3, 2)).age(date(2026, 3, 1)) == 69
    assert spell(date(2020, 1, 1), birth=date(1956, 2, 29)).age(date(2026, 3, 1)) == 70


def test_an_income_is_divided_by_who_lived_on_it_when_it_began() -> None:
    january, march = date(2026, 1, 1), date(2026, 3, 1)
    family = [spell(date(2020, 1, 1)), spell(date(2020, 1, 1), ends=march), spell(date(2026, 2, 10))]
    assert divided_by(family, IncomeFrom(january, 0)) == 2
    assert divided_by(family, IncomeFrom(march, 0)) == 2  # one dead, one more
    assert divided_by([], IncomeFrom(january, 0)) == 1


def test_the_later_record_of_a_month_counts() -> None:
    january, march = date(2026, 1, 1), date(2026, 3, 1)
    records = [IncomeFrom(march, 1), IncomeFrom(january, 2), IncomeFrom(march, 3)]
    assert income_in(records, date(2025, 12, 1)) is None
    assert income_in(records, date(2026, 2, 1)) == records[1]
    assert income_in(records, march) == records[2]


def test_conditions_hold_from_month_to_month() -> None:
    one = Membership(
        "p",
        date(2020, 1, 1),
        None,
        date(1980, 1, 1),
        (
            Condition("CRITICAL_ILLNESS", date(2026, 1, 1), date(2026, 3, 1)),
            Condition("SEVERE_DISABILITY", date(2026, 3, 1)),
        ),
    )
    assert one.held(date(2025, 12, 1)) == ()
    assert one.held(date(2026, 1, 1)) == ("CRITICAL_ILLNESS",)
    assert one.held(date(2026, 3, 1)) == ("SEVERE_DISABILITY", "CRITICAL_ILLNESS")
    assert one.held(date(2026, 4, 1)) == ("SEVERE_DISABILITY",)


# ── states and limits ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "is_closed", "has_living", "is_reviewed", "state"),
    [
        ("DIBAO", False, True, False, "ACTIVE"),
        ("DIBAO", False, True, True, "UNDER_REVIEW"),
        ("DIBAO", False, False, True, "CLOSED"),
        ("DIBAO", True, True, False, "CLOSED"),
        ("TEKUN", False, True, False, "IN_SUPPORT"),
        ("TEKUN", False, True, True, "UNDER_REVIEW"),
        ("TEKUN", False, False, True, "ENDED"),
        ("MARGINAL", False, True, False, "ACTIVE"),
    ],
)
def test_states_as_people_see_them(
    kind: str, *, is_closed: bool, has_living: bool, is_reviewed: bool, state: str
) -> None:
    """State machines 2 and 3."""
    assert state_shown(kind, is_closed=is_closed, has_living=has_living, is_reviewed=is_reviewed) == state


def test_three_months_end_on_the_corresponding_day() -> None:
    assert last_day(date(2026, 3, 14), 3) == date(2026, 6, 14)
    assert last_day(date(2025, 11, 30), 3) == date(2026, 2, 28)
    assert last_day(date(2026, 10, 1), 3) == date(2027, 1, 1)
