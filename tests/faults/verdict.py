"""The verdict on the events of a run: what producers hold is compared with what subscribers hold, id by id."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.service import handlers_of
from suite.compose import SERVICES
from tests.cascades import Rows

_OUTBOX = "select id, type, subject, envelope from kernel.outbox order by seq"
_INBOX = "select id, type, stream, envelope, done_at from kernel.inbox order by seq"
_HANDLED = "select action, count(*) from kernel.audit where action like :like and outcome = 'done' group by 1"
_ANSWERS = (
    "select c.id, c.state, count(i.id) from kernel.outgoing_call c left join kernel.inbox i on i.type like 'call:%'"
    " and i.envelope::jsonb -> 'data' ->> 'call_id' = c.id and i.envelope::jsonb -> 'data' ->> 'outcome' = 'answered'"
    " group by 1, 2"
)


@dataclass(frozen=True, slots=True)
class Published:
    """A row of an outbox."""

    id: str
    type: str
    stream: str
    envelope: str


@dataclass(slots=True)
class Verdict:
    """Findings, each a line that names the event; all empty when the system held."""

    events: int = 0
    deliveries: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, list[str]]:
        """What must not be, the first few of each kind."""
        found = {"lost": self.lost, "doubled": self.doubled, "stuck": self.stuck, "disordered": self.disordered}
        return {kind: lines[:5] for kind, lines in found.items() if lines}


async def judge(rows: Rows) -> Verdict:
    """Read every database; no service is asked."""
    verdict = Verdict()
    published: list[Published] = []
    for spec in SERVICES:
        for id_, type_, subject, envelope in await rows(spec.name, _OUTBOX):
            published.append(Published(id_, type_, f"{spec.name}|{subject}", envelope))
    verdict.events = len(published)
    for spec in SERVICES:
        handlers = handlers_of(spec)
        expected = [one for one in published if one.type in handlers.types]
        verdict.deliveries += len(expected)
        inbox = await rows(spec.name, _INBOX)
        _compare(verdict, spec.name, expected, {row[0]: row[3] for row in inbox if ":" not in row[1]})
        _check_order(verdict, spec.name, expected, inbox, handlers.order_free)
        handled = dict(await rows(spec.name, _HANDLED, like=f"{spec.name}.inbox:%.v%"))
        _check_handled(verdict, spec.name, Counter(row[1] for row in inbox if ":" not in row[1]), handled)
    await _check_calls(verdict, rows)
    return verdict


def _compare(verdict: Verdict, name: str, expected: Sequence[Published], stored: Mapping[str, str]) -> None:
    """Every event of every producer is in the inbox, to the byte, and nothing else is."""
    for one in expected:
        if one.id not in stored:
            verdict.lost.append(f"{one.type} {one.id} of {one.stream} is not in {name}'s inbox")
        elif stored[one.id] != one.envelope:
            verdict.lost.append(f"{one.type} {one.id} is another one in {name}'s inbox")
    for stray in stored.keys() - {one.id for one in expected}:
        verdict.doubled.append(f"{name} has {stray} that no outbox holds")


def _check_order(
    verdict: Verdict,
    name: str,
    expected: Sequence[Published],
    inbox: Sequence[tuple[Any, ...]],
    order_free: Callable[[str], bool],
) -> None:
    """Per producer and subject, events came in as they were written down, and were worked off so where order counts."""
    streams = {one.id: one.stream for one in expected}
    written: defaultdict[str, list[str]] = defaultdict(list)
    arrived: defaultdict[str, list[str]] = defaultdict(list)
    done: defaultdict[str, list[datetime]] = defaultdict(list)
    for one in expected:
        written[one.stream].append(one.id)
    for id_, type_, _, _, done_at in inbox:
        if id_ in streams:
            arrived[streams[id_]].append(id_)
            if done_at and not order_free(type_):
                done[streams[id_]].append(done_at)
    for stream, ids in written.items():
        if arrived[stream] != (came := [id_ for id_ in ids if id_ in set(arrived[stream])]):
            verdict.disordered.append(f"{name} {stream}: {arrived[stream]} came for {came}")
        if done[stream] != sorted(done[stream]):
            verdict.disordered.append(f"{name} {stream}: worked off at {done[stream]}")


def _check_handled(verdict: Verdict, name: str, stored: Counter[str], handled: Mapping[str, int]) -> None:
    """A handler's audit row is written in the transaction of its effect: one for each event."""
    for type_, count in stored.items():
        found = handled.get(f"{name}.inbox:{type_}", 0)
        if found > count:
            verdict.doubled.append(f"{name} has handled {type_} {found} times for {count} events")
        elif found < count:
            verdict.lost.append(f"{name} has handled {type_} {found} times for {count} events")


async def _check_calls(verdict: Verdict, rows: Rows) -> None:
    """Every call outside has been answered, and its answer was told once."""
    for id_, state, answers in await rows("affairs", _ANSWERS):
        if state != "DONE":
            verdict.stuck.append(f"call {id_} is {state}")
        elif answers != 1:
            verdict.doubled.append(f"the answer of call {id_} was told {answers} times")
