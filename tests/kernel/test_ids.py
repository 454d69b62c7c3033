"""UUIDv7, business numbers, and the wire types of identifiers."""

import os
import threading
import time
import uuid
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared import ids

pytestmark = pytest.mark.unit


def test_a_uuid7_has_version_variant_and_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(text := ids.uuid7())
    after = time.time_ns() // 1_000_000
    assert text == str(made)
    assert (made.int >> 76) & 0xF == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= after


def test_they_rise_strictly_within_the_process() -> None:
    made = [ids.uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_they_rise_when_the_machine_clock_jumps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ids.uuid7()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3_600_000_000_000)
    assert ids.uuid7() > first


def test_a_full_millisecond_overflows_into_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    series = ids._Series()
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    first = series.next()
    series._random = (1 << 74) - 1
    second = series.next()
    assert second > first
    assert second.int >> 80 == (first.int >> 80) + 1
    assert second.version == 7


def test_threads_never_get_the_same_one() -> None:
    made: list[list[str]] = [[] for _ in range(4)]

    def make(into: list[str]) -> None:
        into.extend(ids.uuid7() for _ in range(3_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(own == sorted(own) for own in made)
    assert len({one for own in made for one in own}) == 12_000


def test_a_forked_child_starts_its_own_series() -> None:
    series = ids._series
    ids._after_fork()
    try:
        assert ids._series is not series
        assert hasattr(os, "register_at_fork")
    finally:
        ids._series = series


def test_a_business_number_reads_as_written() -> None:
    text = ids.business_number("relief", "case", "330903", date(2026, 3, 1), 42)
    assert text == "relief-case-330903-20260301-000042"
    assert ids.parse_business_number(text) == ids.BusinessNumber("relief", "case", "330903", date(2026, 3, 1), 42)


WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)


@given(WORDS, WORDS, st.from_regex("[0-9]{6}", fullmatch=True), st.dates(), st.integers(1, 999_999))
def test_business_numbers_survive_the_round_trip(service: str, kind: str, area6: str, day: date, sequence: int) -> None:
    text = ids.business_number(service, kind, area6, day, sequence)
    parts = text.split("-")
    assert parts == [service, kind, area6, f"{day.year:04d}{day.month:02d}{day.day:02d}", f"{sequence:06d}"]
    assert str(ids.parse_business_number(text)) == text


@pytest.mark.parametrize(
    "parts",
    [
        ("relief", "case", "330903", 0),
        ("relief", "case", "330903", 1_000_000),
        ("relief", "case", "33090", 1),
        ("relief", "case", "33090３", 1),
        ("Relief", "case", "330903", 1),
        ("relief", "ca-se", "330903", 1),
        ("relief", "", "330903", 1),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: tuple[str, str, str, int]) -> None:
    service, kind, area6, sequence = parts
    with pytest.raises(ValueError):
        ids.business_number(service, kind, area6, date(2026, 3, 1), sequence)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "relief-case-330903-20260301",
        "relief-case-330903-20260301-42",
        "relief-case-330903-20260230-000042",
        "relief-case-330903-20260301-000000",
        "relief-case-330903-20260301-000042\n",
        "relief-case-330903-20260301-00004２",
        "RELIEF-case-330903-20260301-000042",
        " relief-case-330903-20260301-000042",
    ],
)
def test_other_texts_are_no_business_numbers(text: str) -> None:
    with pytest.raises(ids.BusinessNumberError) as caught:
        ids.parse_business_number(text)
    assert caught.value.code == "business_number"
    assert caught.value.detail == "业务编号格式不正确"


UUIDS: TypeAdapter[str] = TypeAdapter(ids.UuidStr)
SOME = "0199a6ec-6b1c-7d40-8f52-3f1f0c9a1b2d"
PERSONS: TypeAdapter[str] = TypeAdapter(ids.PersonId)


def refusal(adapter: TypeAdapter[str], value: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    (error,) = caught.value.errors()
    return dict(error)


@given(st.uuids())
def test_uuids_are_taken_in_either_case_and_kept_in_lower(value: uuid.UUID) -> None:
    assert UUIDS.validate_python(str(value).upper()) == str(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        5,
        None,
        uuid.UUID(SOME),
        SOME.replace("-", ""),
        f"{{{SOME}}}",
        f"urn:uuid:{SOME}",
        f"{SOME}\n",
    ],
)
def test_nothing_else_is_a_uuid(value: Any) -> None:
    error = refusal(UUIDS, value)
    assert (error["type"], error["msg"]) == ("uuid", "标识格式不正确，应为 UUID")


def test_person_ids() -> None:
    good = "p1" + "abcdefghijklmnopqrstuvwxyz234567"[6:]
    assert PERSONS.validate_python(good) == good
    assert ids.is_person_id(good)


@pytest.mark.parametrize(
    "value",
    [
        "p1" + "a" * 25,
        "p1" + "a" * 27,
        "p2" + "a" * 26,
        "p1" + "A" * 26,
        "p1" + "a" * 25 + "1",
        "p1" + "a" * 26 + "\n",
        7,
        None,
    ],
)
def test_nothing_else_is_a_person_id(value: Any) -> None:
    error = refusal(PERSONS, value)
    assert (error["type"], error["msg"]) == ("person_id", "人员标识格式不正确")
