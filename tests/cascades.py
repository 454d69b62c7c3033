"""What must hold when every cascade is over, whoever died on the way: read from final state only."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any, Protocol

from shared import clock
from shared.security.keys import Keyring
from shared.security.person_key import PersonKey
from suite.compose import NAMES
from suite.seed.population import Person, make_population

ANSWERED = {"T11", "T12", "T15", "T21", "T23"}
"""The tasks the services answer by themselves."""
SETTLING = ("brain", "eldercare", "relief", "charity")


class Rows(Protocol):
    """Rows of a service's database, past all scopes."""

    async def __call__(self, service: str, sql: str, **params: object) -> list[tuple[Any, ...]]: ...


def elders(keyring: Keyring, number: int, chance: Random) -> list[Person]:
    """The story's people first (they have everything), then any others over sixty."""
    key = keyring.for_service("brain", derives_person_ids=True).person_key
    assert key is not None
    population = make_population(PersonKey(key), clock.today())
    story = [household.members[0] for household in population.story]
    others = [person for person in population.elders if person not in story]
    chance.shuffle(others)
    return [*story, *others][:number]


async def check_cascades(rows: Rows, people: Sequence[str], died_on: date) -> None:
    """Of these people, all confirmed dead: complete, nothing lost, nothing twice."""
    people = list(people)
    cases = await rows(
        "affairs", "select id, person_id, state from death_case where person_id = any(:people)", people=people
    )
    assert Counter(person for _, person, _ in cases) == Counter(people)
    assert {state for _, _, state in cases} == {"TASKS_RUNNING"}
    ids = [case for case, _, _ in cases]
    tasks = await rows(
        "affairs", "select matter_id, task_id, status from kernel.matter_task where matter_id = any(:ids)", ids=ids
    )
    undone = [row for row in tasks if row[1] in ANSWERED and row[2] not in ("DONE", "SKIPPED")]
    assert undone == []
    calls = await rows("affairs", "select key, count(*) from kernel.outgoing_call group by key having count(*) > 1")
    assert calls == [], "one call a task"
    await _check_events(rows, ids)
    for name, left in (await work_left(rows)).items():
        assert left == (0, 0, 0), f"{name} has work left"
    await _check_money(rows, people, died_on)
    await _check_bodies(rows, people)


async def work_left(rows: Rows) -> dict[str, tuple[int, int, int]]:
    """By service: events not sent, events not done, streams that are held up."""
    sql = (
        "select (select count(*) from kernel.outbox where sent_at is null),"
        " (select count(*) from kernel.inbox where state <> 'done'), (select count(*) from kernel.blocked_stream)"
    )
    found = {}
    for name in NAMES:
        ((unsent, undone, blocked),) = await rows(name, sql)
        found[name] = (unsent, undone, blocked)
    return found


async def _check_events(rows: Rows, cases: list[str]) -> None:
    sql = (
        "select envelope::jsonb -> 'data' ->> 'deathCaseId', count(*) from kernel.outbox where type = :type"
        " and envelope::jsonb -> 'data' ->> 'deathCaseId' = any(:cases) group by 1"
    )
    once = dict.fromkeys(cases, 1)
    confirmed = await rows("affairs", sql, type="affairs.death.confirmed.v1", cases=cases)
    assert dict(confirmed) == once
    for service in SETTLING:
        settled = await rows(service, sql, type=f"{service}.death.settled.v1", cases=cases)
        assert dict(settled) == once, service


async def _check_money(rows: Rows, people: list[str], died_on: date) -> None:
    """What was paid for months after the death is proposed for recovery exactly once, to the fen."""
    proposed = await rows(
        "eldercare",
        "select e.person_id, sum(r.amount_fen)::bigint from kernel.recovery r join kernel.entitlement e"
        " on e.id = r.entitlement_id where r.state = 'PROPOSED' and e.person_id = any(:people) group by 1",
        people=people,
    )
    paid = await rows(
        "eldercare",
        "select e.person_id, sum(l.amount_fen)::bigint from kernel.payment_line l join kernel.entitlement e"
        " on e.id = l.entitlement_id where l.state = 'PAID' and l.month > :month and e.person_id = any(:people)"
        " group by 1",
        people=people,
        month=died_on.replace(day=1),
    )
    assert dict(proposed) == dict(paid)
    assert paid != []


async def _check_bodies(rows: Rows, people: list[str]) -> None:
    alive = await rows("eldercare", "select state from stay where person_id = any(:people)", people=people)
    assert {state for (state,) in alive} <= {"DECEASED", "CHECKED_OUT"}
    for service in SETTLING:
        doubled = await rows(
            service,
            "select cause, kind, object_kind, object_id from kernel.effect where annulled_at is null"
            " group by 1, 2, 3, 4 having count(*) > 1",
        )
        assert doubled == []
