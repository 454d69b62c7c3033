"""Who belongs to the family, who may apply alone (§2.2), and 刚性支出困难家庭 (§2.6), as tables."""

from datetime import date
from typing import Any

import pytest

from services.relief.applications.composition import (
    Relative,
    Relatives,
    Single,
    alone,
    composition,
    counted,
    is_here,
)
from services.relief.benefits.recognition import Applicant, Family, assess, recognised_as, temporary_hint
from services.relief.law import PARAMETERS
from shared.policy import decide

AREA = "330903100201"
IN_2024, IN_2026 = date(2024, 12, 1), date(2026, 3, 1)


@pytest.mark.parametrize(
    ("relation", "age", "more", "is_in"),
    [
        ("SELF", 45, {}, True),
        ("SPOUSE", 45, {}, True),
        ("SPOUSE", 45, {"lives_together": False}, True),
        ("CHILD", 17, {"lives_together": False}, True),
        ("CHILD", 18, {"lives_together": False}, False),
        ("CHILD", 20, {"lives_together": False, "is_student": True}, True),
        ("CHILD", 30, {"lives_together": False, "is_independent": False}, True),
        ("CHILD", 30, {}, True),  # grown up, at home, bound to support
        ("PARENT", 75, {}, True),
        ("PARENT", 75, {"lives_together": False}, False),
        ("SIBLING", 40, {"has_duty": False}, False),
        ("GRANDCHILD", 9, {}, True),
        ("SPOUSE", 45, {"away": "PRISON"}, False),
        ("SPOUSE", 45, {"away": "DRUG_ISOLATION"}, False),
        ("SPOUSE", 45, {"away": "MISSING"}, False),
        ("CHILD", 20, {"away": "CONSCRIPT", "is_student": True}, False),
        ("CHILD", 40, {"away": "CLERGY", "years_away": 3}, False),
        ("SPOUSE", 40, {"away": "CLERGY", "years_away": 2}, True),
    ],
)
def test_who_counts(relation: str, age: int, more: dict[str, Any], is_in: bool) -> None:
    """MLG 7."""
    people = [Relative(relation="SELF", age=50), Relative(relation=relation, age=age, **more)]
    decision = decide(composition, Relatives(people=people), PARAMETERS, IN_2026, AREA)
    assert counted(decision) == [True, is_in]
    assert decision.reasons[1].source == "最低生活保障审核确认办法第七条"
    assert ("不计入" in decision.reasons[1].sentence) is not is_in


def test_conscripts_count_where_the_province_says_so() -> None:
    raised = PARAMETERS.with_value("composition.without_conscripts", False, from_date=date(2016, 1, 1))
    people = [Relative(relation="SELF", age=50), Relative(relation="CHILD", age=20, away="CONSCRIPT", is_student=True)]
    assert counted(decide(composition, Relatives(people=people), raised, IN_2026, AREA)) == [True, True]


@pytest.mark.parametrize(
    ("registered", "has_permit", "permits_open", "may"),
    [
        ("330903100201", False, False, True),
        ("330903003001", False, False, True),  # another town of the district
        ("330902001001", False, True, False),
        ("330902001001", True, False, False),
        ("330902001001", True, True, True),
        ("110105001001", True, True, True),
    ],
)
def test_where_a_family_may_apply(registered: str, has_permit: bool, permits_open: bool, may: bool) -> None:
    """MLG 5, ZJ-SA 62."""
    assert is_here(AREA, registered, has_permit=has_permit, permits_open=permits_open) is may


@pytest.mark.parametrize(
    ("facts", "may"),
    [
        ({"age": 45}, False),
        ({"age": 45, "conditions": ["SEVERE_DISABILITY"], "is_in_marginal_family": True, "is_employed": True}, True),
        ({"age": 45, "conditions": ["CRITICAL_ILLNESS"], "is_in_marginal_family": True}, True),
        ({"age": 45, "conditions": ["CRITICAL_ILLNESS"]}, False),
        ({"age": 45, "is_in_marginal_family": True}, False),
        ({"age": 45, "conditions": ["SEVERE_DISABILITY"]}, True),  # N22: grown up, without work
        ({"age": 45, "conditions": ["SEVERE_DISABILITY"], "is_employed": True}, False),
        ({"age": 17, "conditions": ["SEVERE_DISABILITY"]}, False),
        ({"age": 17, "conditions": ["SEVERE_DISABILITY"], "is_in_marginal_family": True}, True),
        ({"age": 60, "years_as_clergy": 3}, True),
        ({"age": 60, "years_as_clergy": 2}, False),
    ],
)
def test_who_may_apply_alone(facts: dict[str, Any], may: bool) -> None:
    """MLG 8, N22."""
    decision = decide(alone, Single(**facts), PARAMETERS, IN_2026, AREA)
    assert (decision.outcome == "granted") is may
    assert len(decision.reasons) == 3


@pytest.mark.parametrize(
    ("income", "spent", "heads", "within", "kind"),
    [
        # 4,000 a month: 60 % of 48,000 are 28,800
        (4000_00, 28_800_00, 1, True, "RIGID"),
        (4000_00, 28_799_99, 1, True, ""),
        (4000_00, 28_800_00, 1, False, ""),
        # below last year's average of 70,000 a head: 5,833.33 a month
        (5833_33, 50_000_00, 1, True, "RIGID"),
        (5833_34, 50_000_00, 1, True, ""),
        (11_666_66, 90_000_00, 2, True, "RIGID"),
        (11_666_67, 90_000_00, 2, True, ""),
        # whoever is poorer is recognised as that
        (1000_00, 28_800_00, 1, True, "DIBAO"),
        (1500_00, 28_800_00, 1, True, "MARGINAL"),
    ],
)
def test_spending_that_cannot_be_helped(income: int, spent: int, heads: int, within: bool, kind: str) -> None:
    """RIG 4, 5, since 2025."""
    members = [Applicant(age=45)] * heads
    family = Family(income_fen=income, members=members, within_marginal_property=within, rigid_spending_fen=spent)
    decisions = assess(family, IN_2026, AREA)
    assert recognised_as(decisions) == kind
    assert bool(temporary_hint(decisions)) is (kind == "")


@pytest.mark.parametrize(
    ("income", "spent", "kind"),
    [
        # 2,000 a month, the standard is 1,085: what is left must be below 13,020 a year
        (2000_00, 10_980_01, "RIGID"),
        (2000_00, 10_980_00, ""),
        (5000_00, 46_980_01, "RIGID"),
        (5000_00, 0, ""),
        # not below last year's average of 63,000
        (5250_00, 62_999_00, ""),
        (5249_99, 62_999_00, "RIGID"),
    ],
)
def test_before_2025_what_is_left_decides(income: int, spent: int, kind: str) -> None:
    """ZJ-SA 41, TR18."""
    family = Family(income_fen=income, members=[Applicant(age=45)], rigid_spending_fen=spent)
    assert recognised_as(assess(family, IN_2024, AREA)) == kind
