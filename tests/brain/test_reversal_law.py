"""The law of reversal (design §6): a history with a mistaken death, withdrawn, ends like the same history without it.

Two families live the same life, one of them with a mistaken death confirmed and withdrawn at chance moments (the
withdrawal may come first). What a human decides (a survivor who married again) and consents are other tests' matter.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from services.brain.accounts.service import lock_account, unlock_account
from services.brain.kinship.rules import Kind
from services.brain.people.codes import MaritalStatus, Registration
from services.brain.people.service import Correction, correct, move
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.db.problems import Problem
from shared.events import Event
from tests.brain.conftest import Brain

pytestmark = [
    pytest.mark.db,
    pytest.mark.prove,
    pytest.mark.plan("A-09", part="accounts, consents and the spouse's marital status"),
]

COUPLES = 3
PEOPLE = 2 * COUPLES + 2
VILLAGES = ("330903100201", "330903100202", "330903003001")
Step = tuple[Any, ...]


@dataclass
class Family:
    """People by their place, accounts by their person's; `name` keeps its cases apart from the other family's."""

    name: str
    people: list[str]
    accounts: list[str]

    def confirmed(self, who: int, case: str) -> Event:
        return DeathConfirmed(
            death_case_id=f"{self.name}-{case}",
            person_id=self.people[who],
            death_date=date(2026, 1, 2),
            confirmed_by=["a1"],
        )

    def revoked(self, who: int, case: str) -> Event:
        case = f"{self.name}-{case}"
        return DeathRevoked(death_case_id=case, person_id=self.people[who], reason="本人到场", by=["a1", "a2"])


async def found(brain: Brain, name: str) -> Family:
    married = {"marital_status": MaritalStatus.MARRIED}
    people = await brain.people(*([married] * 2 * COUPLES), {}, {})
    for couple in range(COUPLES):
        await brain.relate(people[2 * couple], people[2 * couple + 1], Kind.SPOUSE)
    accounts = [
        await brain.account(f"{name}-{who}", None, is_demo=True, person_id=people[who]) for who in range(0, PEOPLE, 2)
    ]
    return Family(name, people, accounts)


def a_life(chance: random.Random, mistaken: int) -> list[Step]:
    """A dozen steps that leave the mistaken one's marriage to the law."""
    dead: list[tuple[int, str]] = []
    steps: list[Step] = []
    for number in range(12):
        who = chance.randrange(PEOPLE)
        kind = chance.choice(["file", "status", "move", "kin", "lock", "unlock", "die", "die", "live"])
        if kind == "live" and dead:
            steps.append(("live", *dead.pop(chance.randrange(len(dead)))))
        elif kind == "die" and who != mistaken and who not in [one for one, _ in dead]:
            dead.append((who, f"d{number}"))
            steps.append(("die", *dead[-1]))
        elif kind == "status" and who // 2 != mistaken // 2:
            steps.append((kind, who, chance.choice(list(MaritalStatus))))
        elif kind == "file":
            steps.append((kind, who, chance.choice(list(Registration))))
        elif kind == "move":
            steps.append((kind, who, chance.choice(VILLAGES)))
        elif kind == "kin":
            steps.append((kind, who, chance.randrange(PEOPLE)))
        elif kind in ("lock", "unlock"):
            steps.append((kind, chance.randrange(PEOPLE // 2)))
    return steps


async def live(brain: Brain, family: Family, step: Step) -> None:
    kind, who, *rest = step
    try:
        if kind == "die":
            await brain.stand.hear(family.confirmed(who, rest[0]))
        elif kind == "live":
            await brain.stand.hear(family.revoked(who, rest[0]))
        elif kind == "kin":
            await brain.relate(family.people[who], family.people[rest[0]], Kind.SIBLING)
        else:
            async with brain.stand.unit() as unit:
                if kind == "file":
                    await correct(unit, family.people[who], Correction(registration=rest[0]))
                elif kind == "status":
                    await correct(unit, family.people[who], Correction(marital_status=rest[0]))
                elif kind == "move":
                    await move(unit, family.people[who], rest[0], date(2026, 1, 1))
                elif kind == "lock":
                    await lock_account(unit, family.accounts[who], "离岗")
                else:
                    await unlock_account(unit, family.accounts[who])
    except Problem:
        pass  # refused in both families alike, or the law is broken below


async def standing_of(brain: Brain, family: Family) -> dict[str, list[tuple[Any, ...]]]:
    """All that must end alike, with people named by their place."""
    place = {person_id: number for number, person_id in enumerate(family.people)}
    account = {account_id: number for number, account_id in enumerate(family.accounts)}

    async def rows(sql: str, rename: Callable[[Any], Any] = lambda value: value) -> list[tuple[Any, ...]]:
        found = await brain.stand.rows(sql, people=family.people, accounts=family.accounts)
        return sorted((tuple(rename(value) for value in row) for row in found), key=repr)

    def named(value: Any) -> Any:
        if isinstance(value, str) and ":" in value:
            kind, _, person_id = value.partition(":")
            return (kind, place[person_id])
        return place.get(value, account.get(value, value))

    return {
        "files": await rows(
            "select id, area_code, registration, marital_status, life_status, death_date from person"
            " where id = any(:people) and cast(:accounts as text[]) is not null",
            named,
        ),
        "kin": await rows(
            "select person_id, relative_id, kind, area_code, from_date, to_date from kinship"
            " where person_id = any(:people) and cast(:accounts as text[]) is not null",
            named,
        ),
        "sight": await rows(
            "select viewer_id, audience from sight"
            " where viewer_id = any(:people) and cast(:accounts as text[]) is not null",
            named,
        ),
        "accounts": await rows(
            "select a.id, a.locked_at is null, exists (select from kernel.effect e where e.object_kind = 'account'"
            " and e.object_id = a.id and e.annulled_at is null) from account a"
            " where id = any(:accounts) and cast(:people as text[]) is not null",
            named,
        ),
    }


async def test_a_mistaken_death_leaves_nothing_behind(brain: Brain, size: Callable[..., int], seed: int) -> None:
    chance = random.Random(seed)
    for number in range(size(6, stated=80)):
        mistaken = chance.randrange(2 * COUPLES)
        steps = a_life(chance, mistaken)
        with_it, without = await found(brain, f"with{number}"), await found(brain, f"without{number}")
        moments = [chance.randrange(len(steps) + 1), chance.randrange(len(steps) + 1)]
        for moment in range(len(steps) + 1):
            if moment == moments[0]:
                await brain.stand.hear(with_it.confirmed(mistaken, "mistake"))
            if moment == moments[1]:
                await brain.stand.hear(with_it.revoked(mistaken, "mistake"))
            if moment < len(steps):
                await live(brain, with_it, steps[moment])
                await live(brain, without, steps[moment])
        expected, found_now = await standing_of(brain, without), await standing_of(brain, with_it)
        assert found_now == expected, (number, mistaken, moments, steps)
