"""Decisions: 低保 by the difference method (domain §2.6) as a rule, its reasons, and replay under old law."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from shared.money import format_yuan, round_up_to_yuan
from shared.policy import (
    Decision,
    Law,
    NoValue,
    Outcome,
    ParameterSet,
    Reasons,
    ReplayDiffers,
    RuleBook,
    UnknownRule,
    decide,
    loads,
    replay,
)

PUTUO = "330903000000"
DAY = date(2020, 3, 1)

LAW = """
parameters:
  standard:
    description: 低保月标准（每人）
    unit: fen
    values:
      - {{from: 2020-01-01, area: "330903", value: {standard}, source: "plan 一(一)1"}}
  supplement.severe_disability:
    description: 重度残疾人分类施保比例
    unit: ratio
    values:
      - {{from: 2014-01-01, value: 0.20, source: SA 12, assumed: true}}
"""


class Family(BaseModel):
    model_config = ConfigDict(frozen=True)
    members: int
    income_fen: int
    severely_disabled: int = 0
    since: date = date(2020, 1, 1)


book = RuleBook("relief")


@book.rule("relief.dibao", version=1, title="低保金额", facts=Family)
def dibao(facts: Family, law: Law, why: Reasons) -> Outcome:
    standard = law.fen("dibao.standard")
    gap = standard * facts.members - facts.income_fen
    why.because(
        "dibao.difference",
        f"低保标准每人每月{format_yuan(standard)}元，{facts.members}人，家庭月收入{format_yuan(facts.income_fen)}元，"
        f"差额{format_yuan(max(gap, 0))}元。",
        result=gap,
        source="ZJ-SA 12; MLG 23",
        members=facts.members,
        income_fen=facts.income_fen,
    )
    if gap <= 0:
        return Outcome("refused", 0)
    extra = int(standard * law.ratio("dibao.supplement.severe_disability") * facts.severely_disabled)
    if facts.severely_disabled:
        why.because("dibao.supplement", f"重度残疾增发{format_yuan(extra)}元。", result=extra, source="SA 12")
    return Outcome("granted", round_up_to_yuan(gap + extra))


def law_of(standard: int = 81000) -> ParameterSet:
    return loads(LAW.format(standard=standard), "dibao")


@pytest.mark.parametrize(
    ("family", "outcome", "yuan"),
    [
        (Family(members=3, income_fen=120000), "granted", 1230),
        (Family(members=3, income_fen=120000, severely_disabled=1), "granted", 1392),
        (Family(members=1, income_fen=81000), "refused", 0),
    ],
)
def test_the_examples_of_the_law(family: Family, outcome: str, yuan: int) -> None:
    decision = decide(dibao, family, law_of(), DAY, PUTUO)
    assert (decision.outcome, decision.amount_fen) == (outcome, yuan * 100)


def test_reasons_name_rule_inputs_result_source_parameters_and_a_sentence() -> None:
    decision = decide(dibao, Family(members=3, income_fen=120000, severely_disabled=1), law_of(), DAY, PUTUO)
    first, second = decision.reasons
    assert first.rule == "dibao.difference"
    assert dict(first.inputs) == {"members": 3, "income_fen": 120000}
    assert (first.result, first.source) == (123000, "ZJ-SA 12; MLG 23")
    assert first.sentence == "低保标准每人每月810.00元，3人，家庭月收入1,200.00元，差额1,230.00元。"
    assert [(cited.key, cited.value, cited.from_date) for cited in first.parameters] == [
        ("dibao.standard", 81000, date(2020, 1, 1))
    ]
    assert [(cited.key, cited.value) for cited in second.parameters] == [
        ("dibao.supplement.severe_disability", Decimal("0.20"))
    ]


def test_a_parameter_read_after_the_last_step_is_still_quoted() -> None:
    decision = decide(dibao, Family(members=3, income_fen=120000), law_of(), DAY, PUTUO)
    (only,) = decision.reasons
    assert [cited.key for cited in only.parameters] == [
        "dibao.standard",
        "dibao.supplement.severe_disability",
    ]


@given(
    members=st.integers(1, 9),
    income=st.integers(0, 900_000),
    severe=st.integers(0, 3),
    later=st.integers(1, 10**6),
)
def test_replay_gives_the_same_answer_after_the_parameters_changed(
    members: int, income: int, severe: int, later: int
) -> None:
    then = law_of()
    decision = decide(dibao, Family(members=members, income_fen=income, severely_disabled=severe), then, DAY, PUTUO)
    stored = decision.stored()
    today = law_of(later)
    kept = ParameterSet.from_content(then.content)  # what the table gives back
    again: Decision = replay(stored, book, kept)
    assert again == decision
    if later != 81000:
        assert today.digest != stored.parameter_set
        with pytest.raises(ValueError, match="was made with parameter set"):
            replay(stored, book, today)


def test_a_rule_changed_without_a_new_version_is_found_out() -> None:
    decision = decide(dibao, Family(members=3, income_fen=120000), law_of(), DAY, PUTUO)
    changed = RuleBook("relief")

    @changed.rule("relief.dibao", version=1, title="低保金额", facts=Family)
    def generous(facts: Family, law: Law, why: Reasons) -> Outcome:
        return Outcome("granted", law.fen("dibao.standard") * facts.members)

    with pytest.raises(ReplayDiffers, match="stored granted 123000, replayed granted 243000"):
        replay(decision.stored(), changed, law_of())


def test_old_versions_stay_beside_new_ones() -> None:
    decision = decide(dibao, Family(members=3, income_fen=120000), law_of(), DAY, PUTUO)
    newer = RuleBook("relief")
    newer.rule("relief.dibao", version=1, title="低保金额", facts=Family)(dibao.evaluate)
    newer.rule("relief.dibao", version=2, title="低保金额", facts=Family)(lambda _facts, _law, _why: Outcome("refused"))
    assert replay(decision.stored(), newer, law_of()) == decision
    with pytest.raises(ValueError, match="two versions 2"):
        newer.rule("relief.dibao", version=2, title="低保金额", facts=Family)(dibao.evaluate)
    with pytest.raises(UnknownRule):
        replay(decision.stored(), RuleBook("relief"), law_of())


def test_no_law_no_decision() -> None:
    with pytest.raises(NoValue):
        decide(dibao, Family(members=1, income_fen=0), law_of(), date(2019, 12, 31), PUTUO)


def test_the_stored_form_is_json() -> None:
    import json

    stored = decide(dibao, Family(members=1, income_fen=0), law_of(), DAY, PUTUO).stored()
    assert json.loads(json.dumps(stored.facts)) == {
        "members": 1,
        "income_fen": 0,
        "severely_disabled": 0,
        "since": "2020-01-01",
    }
