"""The verdict finds what was done to the events of a suite."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from suite.compose import NAMES
from tests.faults.verdict import Verdict, judge

pytestmark = pytest.mark.unit

_TYPE = "brain.person.updated.v1"
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
Tables = dict[str, dict[str, list[tuple[Any, ...]]]]


def whole() -> Tables:
    """Three events of one subject that their subscribers have worked off, and one call outside."""
    tables: Tables = {name: {"outbox": [], "inbox": [], "audit": [], "call": []} for name in NAMES}
    for number in range(3):
        body = json.dumps({"number": number})
        tables["brain"]["outbox"].append((f"e{number}", _TYPE, "p1", body))
        for name in ("brain", "eldercare", "affairs"):
            done_at = _BEGUN + timedelta(seconds=number)
            tables[name]["inbox"].append((f"e{number}", _TYPE, "brain|p1", body, done_at))
    for name in ("brain", "eldercare", "affairs"):
        tables[name]["audit"].append((f"{name}.inbox:{_TYPE}", 3))
    tables["affairs"]["call"].append(("c1", "DONE", 1))
    return tables


async def judged(tables: Tables) -> Verdict:
    async def rows(service: str, sql: str, **_: object) -> list[tuple[Any, ...]]:
        return next(
            tables[service][name]
            for name, mark in (("call", "outgoing_call"), ("audit", "audit"), ("outbox", "outbox"), ("inbox", "inbox"))
            if mark in sql
        )

    return await judge(rows)


async def test_a_whole_suite_has_no_faults() -> None:
    verdict = await judged(whole())
    assert (verdict.events, verdict.deliveries, verdict.faults) == (3, 9, {})


def _lose(tables: Tables) -> None:
    del tables["eldercare"]["inbox"][1]
    tables["eldercare"]["audit"] = [(f"eldercare.inbox:{_TYPE}", 2)]


def _garble(tables: Tables) -> None:
    id_, type_, stream, _, done = tables["eldercare"]["inbox"][1]
    tables["eldercare"]["inbox"][1] = (id_, type_, stream, "{}", done)


def _forget_the_effect(tables: Tables) -> None:
    tables["eldercare"]["audit"] = [(f"eldercare.inbox:{_TYPE}", 2)]


def _do_it_twice(tables: Tables) -> None:
    tables["eldercare"]["audit"] = [(f"eldercare.inbox:{_TYPE}", 4)]


def _invent(tables: Tables) -> None:
    tables["eldercare"]["inbox"].append(("e9", _TYPE, "brain|p2", "{}", _BEGUN))
    tables["eldercare"]["audit"] = [(f"eldercare.inbox:{_TYPE}", 4)]


def _swap(tables: Tables) -> None:
    inbox = tables["eldercare"]["inbox"]
    inbox[0], inbox[1] = inbox[1], inbox[0]


def _overtake(tables: Tables) -> None:
    inbox = tables["eldercare"]["inbox"]
    inbox[0], inbox[1] = (*inbox[0][:4], inbox[2][4]), inbox[1]


def _hang(tables: Tables) -> None:
    tables["affairs"]["call"] = [("c1", "MANUAL", 0)]


def _tell_twice(tables: Tables) -> None:
    tables["affairs"]["call"] = [("c1", "DONE", 2)]


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_lose, {"lost"}),
        (_garble, {"lost"}),
        (_forget_the_effect, {"lost"}),
        (_do_it_twice, {"doubled"}),
        (_invent, {"doubled"}),
        (_swap, {"disordered"}),
        (_overtake, {"disordered"}),
        (_hang, {"stuck"}),
        (_tell_twice, {"doubled"}),
    ],
)
async def test_harm_is_found(harm: Callable[[Tables], None], found: set[str]) -> None:
    tables = whole()
    harm(tables)
    assert found <= (await judged(tables)).faults.keys()
