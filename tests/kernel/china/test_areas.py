"""Area codes: the codes of domain §1.2, and containment against a comparison group by group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.china import areas
from shared.china.areas import Level
from shared.china.errors import NumberError

pytestmark = pytest.mark.unit

PROVINCE, CITY, DISTRICT = "330000000000", "330900000000", "330903000000"
TOWN, VILLAGE = "330903100000", "330903100201"
GRID, MICRO_GRID = "33090310020103", "3309031002010399"


@pytest.mark.parametrize(
    ("code", "level", "prefix", "parent"),
    [
        (PROVINCE, Level.PROVINCE, "33", None),
        (CITY, Level.CITY, "3309", PROVINCE),
        (DISTRICT, Level.DISTRICT, "330903", CITY),
        (TOWN, Level.TOWN, "330903100", DISTRICT),
        (VILLAGE, Level.VILLAGE, VILLAGE, TOWN),
        (GRID, Level.GRID, GRID, VILLAGE),
        (MICRO_GRID, Level.MICRO_GRID, MICRO_GRID, GRID),
        ("330903001901", Level.VILLAGE, "330903001901", "330903001000"),
        # A grid of the town itself, and a town of a city that has no districts.
        ("33090310000001", Level.GRID, "33090310000001", TOWN),
        ("441900003000", Level.TOWN, "441900003", "441900000000"),
        ("110100000000", Level.CITY, "1101", "110000000000"),
        ("330910000000", Level.DISTRICT, "330910", CITY),
    ],
)
def test_what_a_code_says(code: str, level: Level, prefix: str, parent: str | None) -> None:
    assert areas.level(code) is level
    assert areas.prefix(code) == prefix
    assert areas.parent(code) == parent


@pytest.mark.parametrize(
    ("short", "code"),
    [("33", PROVINCE), ("3309", CITY), ("330900", CITY), ("330903", DISTRICT), ("330903100", TOWN)],
)
def test_shortened_codes_mean_the_same(short: str, code: str) -> None:
    assert areas.full(short) == code == areas.full(code)
    assert areas.level(short) is areas.level(code)
    assert areas.range_of(short) == areas.range_of(code)
    assert areas.parent(short) == areas.parent(code)
    assert areas.covers(short, code)
    assert areas.covers(code, short)


def test_the_lineage_runs_down_to_the_area() -> None:
    assert areas.lineage(GRID) == [PROVINCE, CITY, DISTRICT, TOWN, VILLAGE, GRID]
    assert areas.lineage(PROVINCE) == [PROVINCE]
    assert areas.at_level(GRID, Level.TOWN) == TOWN
    assert areas.at_level(TOWN, Level.TOWN) == TOWN
    assert areas.at_level(TOWN, Level.VILLAGE) is None
    assert areas.at_level("441900003000", Level.DISTRICT) is None


def test_ranges() -> None:
    assert areas.range_of(TOWN) == ("330903100", "330903101")
    assert areas.range_of(DISTRICT) == ("330903", "330904")
    assert areas.range_of("330909000000") == ("330909", "33090:")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("330903001901", True),
        ("330903004901", True),
        ("33090300190101", False),
        ("330903001900", False),
        ("330903001001", False),
        ("330903001000", False),
        ("330903900000", False),
    ],
)
def test_management_committees(code: str, expected: bool) -> None:
    assert areas.is_management_committee(code) is expected


GROUPS = ((0, 2), (2, 4), (4, 6), (6, 9), (9, 12), (12, 14), (14, 16))


def groups(code: str) -> list[int]:
    """The numbers of a code, without the zeros at its end."""
    found = [int(code[start:end]) for start, end in GROUPS if code[start:end]]
    while not found[-1]:
        found.pop()
    return found


def code_from(numbers: tuple[int, int, int, int, int, int, int]) -> str:
    province, city, district, town, village, grid, micro = numbers
    code = f"{province:02d}{city:02d}{district:02d}{town:03d}{village:03d}"
    return code + (f"{grid:02d}" + (f"{micro:02d}" if micro else "") if grid else "")


# Few and touching values, so that neighbours, ancestors and carries over 9 are common.
TWO, THREE = st.sampled_from((0, 1, 9, 10, 98, 99)), st.sampled_from((0, 1, 9, 10, 99, 100, 998, 999))
CODES = st.tuples(st.sampled_from((10, 33, 39, 40, 99)), TWO, TWO, THREE, THREE, TWO, TWO).map(code_from)


@given(CODES, CODES)
def test_containment_three_ways(area: str, code: str) -> None:
    own, other = groups(area), groups(code)
    expected = other[: len(own)] == own
    lo, hi = areas.range_of(area)
    assert areas.covers(area, code) is expected
    assert (lo <= code < hi) is expected


@given(CODES)
def test_a_parent_covers_its_child_and_is_larger(code: str) -> None:
    parent = areas.parent(code)
    if parent is None:
        assert len(groups(code)) == 1
        return
    assert areas.covers(parent, code)
    assert not areas.covers(code, parent)
    assert areas.level(parent) < areas.level(code)
    assert groups(parent) == groups(code)[: len(groups(parent))]
    assert areas.level(code) == len(groups(code))


BAD = (
    *("", "3", "330", "33090", "3309031", "3309031000", "33090310000", "3309031000000", "330903100201030"),
    *("000000000000", "030903100000", "33090310020100", "3309031002010300", "33090310020103990"),
    *("33090310000a", "33090310000０", "330903100000\n", " 330903100000"),
)


@pytest.mark.parametrize("code", BAD)
def test_malformed_codes_are_refused(code: str) -> None:
    with pytest.raises(NumberError) as caught:
        areas.range_of(code)
    assert caught.value.code == "area_code"
    with pytest.raises(NumberError):
        areas.covers(DISTRICT, code)


WIRE: TypeAdapter[str] = TypeAdapter(areas.AreaCode)


@given(CODES)
def test_full_codes_pass_the_wire(code: str) -> None:
    assert WIRE.validate_python(code) == code


@pytest.mark.parametrize("value", [*BAD, "33", "3309", "330903", "330903100", 330903100000, None])
def test_the_wire_takes_full_codes_only(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        WIRE.validate_python(value)
    (error,) = caught.value.errors()
    assert error["type"] == "area_code"
    assert error["msg"] == "行政区划代码应为12位数字，网格为14位，微网格为16位"
