"""Dated, area-scoped parameters: the numbers of domain §2.1, look-up against a second writing, loud files."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.policy import Cited, NoValue, ParameterSet, PolicyError, Table, UnknownParameter, load, loads

PUTUO = "330903000000"
LIUHENG = "330903100000"
DINGHAI = "330902000000"

DIBAO = """
title: 最低生活保障
parameters:
  standard:
    description: 低保月标准（每人）
    unit: fen
    values:
      - {from: 2016-01-01, area: "330903", value: 664_00, source: "plan 一(一)1"}
      - {from: 2020-01-01, area: "330903", value: 810_00, source: "plan 一(一)1, K-01", assumed: true}
  near_poor.income_ratio:
    description: 低边家庭收入上限与低保标准之比
    unit: ratio
    values:
      - {from: 2014-01-01, value: 1.5, source: ZJ-SA 13}
  supplement:
    description: 分类施保
    unit: table
    columns: {class: text, rate: ratio}
    values:
      - from: 2014-01-01
        source: SA 12
        assumed: true
        value:
          - {class: severe_disability, rate: 0.20}
          - {class: aged_70, rate: 0.10}
  review_months:
    description: 稳定家庭复核周期
    unit: months
    values: [{from: 2014-01-01, value: 12, source: MLG 31}]
  residence_permit:
    description: 居住证持有人可申请
    unit: flag
    values: [{from: 2014-01-01, value: false, source: ZJ-SA 62}]
"""


@pytest.fixture
def dibao() -> ParameterSet:
    return loads(DIBAO, "dibao")


@pytest.mark.parametrize(
    ("day", "yuan"),
    [
        (date(2016, 1, 1), 664),
        (date(2019, 12, 31), 664),
        (date(2020, 1, 1), 810),
        (date(2020, 3, 1), 810),  # "what was the 低保 standard on 2020-03-01 in 330903?"
    ],
)
def test_the_standard_of_a_day(dibao: ParameterSet, day: date, yuan: int) -> None:
    assert dibao.at(day, "330903")["dibao.standard"] == yuan * 100
    assert dibao.at(day, PUTUO).fen("dibao.standard") == yuan * 100
    assert dibao.at(day, LIUHENG).fen("dibao.standard") == yuan * 100


def test_before_the_first_day_or_outside_the_area_there_is_no_value(dibao: ParameterSet) -> None:
    with pytest.raises(NoValue):
        dibao.at(date(2015, 12, 31), PUTUO)["dibao.standard"]
    with pytest.raises(NoValue):
        dibao.at(date(2020, 3, 1), DINGHAI)["dibao.standard"]
    with pytest.raises(UnknownParameter):
        dibao.at(date(2020, 3, 1), PUTUO)["dibao.no_such"]


def test_a_value_is_quoted_with_its_source(dibao: ParameterSet) -> None:
    cited = dibao.at(date(2020, 3, 1), PUTUO).cite("dibao.standard")
    assert cited == Cited(
        "dibao.standard",
        "低保月标准（每人）",
        "fen",
        81000,
        date(2020, 1, 1),
        "330903",
        "plan 一(一)1, K-01",
        assumed=True,
    )


def test_each_unit_has_its_python_value(dibao: ParameterSet) -> None:
    law = dibao.at(date(2020, 3, 1), PUTUO)
    assert law.ratio("dibao.near_poor.income_ratio") == Decimal("1.5")
    assert law.whole("dibao.review_months") == 12
    assert law.flag("dibao.residence_permit") is False
    assert law.table("dibao.supplement").row("class", "aged_70") == {
        "class": "aged_70",
        "rate": Decimal("0.10"),
    }
    assert law.table("dibao.supplement").row("class", "none") is None
    for wrong in (law.fen, law.ratio, law.flag, law.text, law.table):
        with pytest.raises(TypeError):
            wrong("dibao.review_months")
    with pytest.raises(TypeError):
        law.whole("dibao.standard")  # money is no count


@pytest.mark.parametrize(
    ("age", "fen"), [(79, None), (80, 5000), (89, 5000), (90, 10000), (99, 10000), (100, 50000), (121, 50000)]
)
def test_bands_by_lower_bound(age: int, fen: int | None) -> None:
    """高龄津贴: 80–89 / 90–99 / 100+ → 50 / 100 / 500 yuan (domain §3.3)."""
    ages = ((80, 5000), (90, 10000), (100, 50000))
    bands = Table(
        {"from_age": "years", "amount": "fen"},
        tuple({"from_age": age, "amount": amount} for age, amount in ages),
    )
    row = bands.band("from_age", age)
    assert (row and row["amount"]) == fen


def test_most_specific_area_wins_over_a_later_value_of_a_wider_one() -> None:
    parameters = loads(
        """
parameters:
  cap:
    description: 上限
    unit: fen
    values:
      - {from: 2020-01-01, value: 1, source: a}
      - {from: 2022-01-01, value: 2, source: b}
      - {from: 2021-01-01, area: "330903000000", value: 3, source: c}
""",
        "x",
    )
    assert [parameters.at(date(year, 6, 1), PUTUO)["x.cap"] for year in (2020, 2021, 2022, 2023)] == [
        1,
        3,
        3,
        3,
    ]
    assert [parameters.at(date(year, 6, 1), DINGHAI)["x.cap"] for year in (2020, 2021, 2022)] == [1, 1, 2]
    assert [(value.from_date.year, value.value) for value in parameters["x.cap"].series(PUTUO)] == [
        (2020, 1),
        (2021, 3),
    ]
    assert [value.value for value in parameters["x.cap"].series(DINGHAI)] == [1, 2]


DAY0 = date(2020, 1, 1)
AREAS = ["", "33", "3309", "330903", "330903100"]


@given(
    values=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(AREAS)), unique=True, min_size=1, max_size=12),
    asked=st.tuples(
        st.integers(-3, 35), st.sampled_from(["330903100000", "330903001000", "330902000000", "320100000000"])
    ),
)
def test_look_up_equals_a_search_by_area_then_by_day(values: list[tuple[int, str]], asked: tuple[int, str]) -> None:
    """Oracle: walk from the narrowest prefix to the widest, and in each from the newest day to the oldest."""
    lines = [
        f'      - {{from: {DAY0 + timedelta(day)}, area: "{area}", value: {number}, source: s}}'
        for number, (day, area) in sorted(enumerate(values), key=lambda item: item[1][0])
    ]
    header = "parameters:\n  p:\n    description: d\n    unit: count\n    values:\n"
    parameters = loads(header + "\n".join(lines), "t")
    day, area = asked
    expected = None
    for length in range(12, -1, -1):
        for back in range(day, -1, -1):
            if (back, area[:length]) in values and expected is None:
                expected = values.index((back, area[:length]))
    view = parameters.at(DAY0 + timedelta(day), area)
    if expected is None:
        with pytest.raises(NoValue):
            view["t.p"]
    else:
        assert view["t.p"] == expected


def test_the_digest_names_the_content(dibao: ParameterSet) -> None:
    again = ParameterSet.from_content(dibao.content)
    assert again.digest == dibao.digest == loads(DIBAO.replace("title: 最低生活保障", ""), "dibao").digest
    assert len(dibao.digest) == 32
    for day in (date(2016, 5, 1), date(2024, 5, 1)):
        for parameter in dibao:
            assert again.at(day, PUTUO).cite(parameter.key) == dibao.at(day, PUTUO).cite(parameter.key)
    assert loads(DIBAO.replace("810_00", "811_00"), "dibao").digest != dibao.digest
    assert loads(DIBAO.replace("K-01", "K-02"), "dibao").digest != dibao.digest


def test_what_if_leaves_the_law_alone(dibao: ParameterSet) -> None:
    raised = dibao.with_value("dibao.standard", 900_00, from_date=date(2020, 1, 1), area="330903")
    assert raised.at(date(2020, 3, 1), PUTUO).fen("dibao.standard") == 900_00
    assert dibao.at(date(2020, 3, 1), PUTUO).fen("dibao.standard") == 810_00
    assert raised.hypothetical
    assert not dibao.hypothetical
    with pytest.raises(ValueError, match="not a whole number"):
        dibao.with_value("dibao.standard", -1, from_date=date(2020, 1, 1))


ONE = "parameters:\n  p:\n    description: d\n    unit: {unit}\n    values:\n      - {value}\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (ONE.format(unit="yuan", value="{from: 2020-01-01, value: 1, source: s}"), "'yuan' is no unit"),
        (ONE.format(unit="fen", value="{from: 2020-01-01, value: 810.00, source: s}"), "not a whole number"),
        (ONE.format(unit="fen", value="{from: 2020-01-01, value: -5, source: s}"), "not a whole number"),
        (ONE.format(unit="fen", value="{from: 2020-01-01, value: true, source: s}"), "not a whole number"),
        (ONE.format(unit="ratio", value="{from: 2020-01-01, value: .inf, source: s}"), "not a finite number"),
        (ONE.format(unit="ratio", value="{from: 2020-01-01, value: x, source: s}"), "not a ratio"),
        (ONE.format(unit="flag", value="{from: 2020-01-01, value: 1, source: s}"), "not true or false"),
        (ONE.format(unit="text", value="{from: 2020-01-01, value: '', source: s}"), "not a text"),
        (ONE.format(unit="fen", value="{from: 2020-01-01, value: 1}"), "has no source"),
        (ONE.format(unit="fen", value="{from: 2020-01-01, value: 1, source: ' '}"), "has no source"),
        (ONE.format(unit="fen", value="{from: 2020, value: 1, source: s}"), "is no day"),
        (ONE.format(unit="fen", value="{from: 2020-01-01T00:00:00, value: 1, source: s}"), "is no day"),
        (ONE.format(unit="fen", value="{from: 2020-01-01, area: 330903, value: 1, source: s}"), "is no area"),
        (
            ONE.format(unit="fen", value='{from: 2020-01-01, area: "33090", value: 1, source: s}'),
            "is no area",
        ),
        (
            ONE.format(unit="fen", value="{from: 2020-01-01, value: 1, source: s, origin: t}"),
            "unknown origin",
        ),
        (ONE.format(unit="fen", value="{from: 2020-01-01, value: 1, source: s, assumed: 1}"), "assumed is"),
        (ONE.format(unit="table", value="{from: 2020-01-01, value: [], source: s}"), "names its columns"),
        ("parameters: {p: {description: d, unit: fen, values: []}}", "has no values"),
        ("parameters: {p: {unit: fen, values: [{from: 2020-01-01, value: 1, source: s}]}}", "no description"),
        ("parameters: {P: {}}", "lower-case"),
        ("parameters: 1", "no `parameters`"),
        ("parameters: {p: {description: d}, p: {description: e}}", "said twice"),
        ("parameters: [", "expected"),
        ("colour: red\nparameters: {}", "unknown colour"),
    ],
)
def test_a_doubtful_file_is_refused(text: str, fault: str) -> None:
    with pytest.raises(PolicyError, match=fault):
        loads(text, "t")


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        (["2020-01-01", "2020-01-01"], "overlap from 2020-01-01"),
        (["2021-01-01", "2020-01-01"], "unsorted: 2020-01-01"),
    ],
)
def test_overlapping_and_unsorted_values_are_refused(days: list[str], fault: str) -> None:
    values = "\n".join(f"      - {{from: {day}, value: 1, source: s}}" for day in days)
    text = f"parameters:\n  p:\n    description: d\n    unit: fen\n    values:\n{values}\n"
    with pytest.raises(PolicyError, match=fault):
        loads(text, "t")


def test_all_faults_come_at_once() -> None:
    text = "parameters: {a: {unit: fen}, b: {description: d, unit: g}, c: {description: d, unit: fen}}"
    with pytest.raises(PolicyError) as refused:
        loads(text, "t")
    assert len(refused.value.faults) == 4  # a: no description, no values; b: unit; c: no values
    assert all(fault.startswith("t.yaml: ") for fault in refused.value.faults)


def test_a_table_row_must_have_its_columns_and_units() -> None:
    text = (
        "parameters: {p: {description: d, unit: table, columns: {a: years, b: fen},"
        " values: [{from: 2020-01-01, source: s, value: [{a: 1, b: 2}, %s]}]}}"
    )
    assert loads(text % "{a: 2, b: 3}", "t").at(DAY0, PUTUO).table("t.p").row("a", 2) == {"a": 2, "b": 3}
    with pytest.raises(PolicyError, match="row 2 must have exactly"):
        loads(text % "{a: 2}", "t")
    with pytest.raises(PolicyError, match="row 2: 'x' is not a whole number of fen"):
        loads(text % "{a: 2, b: x}", "t")


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "dibao.yaml").write_text(DIBAO, encoding="utf-8")
    (folder / "two-subsidies.yaml").write_text(
        ONE.format(unit="fen", value="{from: 2020-01-01, value: 1, source: s}"), encoding="utf-8"
    )
    assert [parameter.key for parameter in load(folder)][-1] == "two_subsidies.p"
    (folder / "bad.yaml").write_text("parameters: {p: {}}", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"^bad\.yaml: p: "):
        load(folder)
