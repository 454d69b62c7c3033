"""Results are small and typed; what does not fit is named, field by field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.onething.definition import FieldType, ResultField
from shared.onething.results import faults_of

pytestmark = pytest.mark.unit

FIELDS = {
    "note": ResultField(title="备注", type=FieldType.TEXT),
    "count": ResultField(title="份数", type=FieldType.INTEGER),
    "ok": ResultField(title="是否", type=FieldType.BOOLEAN),
    "on": ResultField(title="日期", type=FieldType.DATE),
    "at": ResultField(title="时间", type=FieldType.DATETIME),
    "month": ResultField(title="月份", type=FieldType.MONTH),
    "amount": ResultField(title="金额", type=FieldType.MONEY),
    "fund": ResultField(title="基金", type=FieldType.CHOICE, choices=("养老", "工伤")),
}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("note", ["字", "x" * 2000], ["", "  ", "x" * 2001, "a\x00b", 5, ["a"], {}]),
        ("count", [0, -3, 2**53 - 1], [True, 1.5, "1", 2**53]),
        ("ok", [True, False], [0, 1, "true"]),
        (
            "on",
            ["2025-04-01", "2024-02-29"],
            ["2025-02-29", "2025-4-1", "20250401", 20250401, "２０２５-04-01", "0001-01-01"],
        ),
        (
            "at",
            ["2025-04-01T08:30:00+08:00", "2025-04-01T00:30:00Z"],
            ["2025-04-01T08:30:00", "noon", 5, "9999-12-31T23:59:59Z"],
        ),
        ("month", ["2025-04"], ["2025-13", "2025-04-01", 202504]),
        ("amount", ["0.00", "1230.00", "-5.10"], ["1230", "1,230.00", "01.00", "1.5", 1230, "1.005", "1e3"]),
        ("fund", ["养老"], ["失业", 1, ["养老"]]),
    ],
)
def test_each_type_takes_what_it_is_and_nothing_else(name: str, good: list[Any], bad: list[Any]):
    for value in good:
        assert faults_of(FIELDS, {name: value}) == [], value
    for value in bad:
        found = faults_of(FIELDS, {name: value})
        assert [(fault.field, FIELDS[name].title in fault.message) for fault in found] == [(name, True)], value


def test_missing_and_unknown_fields_are_named():
    required = {"on": ResultField(title="日期", type=FieldType.DATE, required=True)}
    assert [(f.field, f.code) for f in faults_of(required, {})] == [("on", "required")]
    assert [(f.field, f.code) for f in faults_of(required, {"on": None})] == [("on", "required")]
    assert [(f.field, f.code) for f in faults_of(required, {"on": "2025-04-01", "x": 1})] == [("x", "unknown_field")]
    assert faults_of(FIELDS, {"note": None}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(max_size=5), JSON, max_size=6))
def test_no_json_makes_it_fall(values: dict[str, Any]):
    for fault in faults_of(FIELDS, values):
        assert fault.field in values
