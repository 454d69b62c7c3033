"""Whatever offices do in whatever order: nobody is taken in without all the steps (MLG 28), and nothing breaks."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from services.relief.applications.rules import MOVES
from shared import clock
from tests.relief.applying import Applying, family, person
from tests.relief.families import LIUHENG

WORDS = {"reason": "示例"}
OPINION = {"withinProperty": True, "withinMarginalProperty": True, "hasAbleSupporter": True, "opinion": "示例"}


SOURCES = {
    "submit": MOVES["submit"].sources,
    "accept": MOVES["accept"].sources,
    "investigate": MOVES["investigate"].sources,
    "surveys": {"INVESTIGATING", "OBJECTION_REVIEW", "DISTRICT_REVIEW"},
    "opinion": MOVES["form_opinion"].sources,
    "publicity": MOVES["publish"].sources,
    "approve": MOVES["approve"].sources,
}
"""Where what leads on begins."""


class Walk:
    """One application in the hands of people who do what comes to their mind."""

    def __init__(self, town: Applying, chance: Random) -> None:
        self.town = Applying(town.relief)
        self.chance = chance
        self.notice = ""
        self.answers: Counter[int] = Counter()
        town = self.town
        self.offices = [town.clerk, town.colleague, town.leader, town.relief.district, town.reviewer, town.director]

    async def start(self) -> None:
        income = self.chance.choice(["0.00", "600.00", "1500.00", "6000.00"])
        await self.town.apply(family(person(), person("SPOUSE"), income=income))
        self.family = await self.town.members()

    async def act(self) -> None:
        """One thing by one office: mostly what could be next, sometimes anything."""
        today = clock.today().isoformat()
        acts: dict[str, Any] = {
            "submit": {"signedOn": today, "authorisedBy": [one["personId"] for one in self.family]},
            "accept": None,
            "correction": WORDS,
            "investigate": None,
            "surveys": {"surveyedOn": today, "surveyors": ["王示一", "李示二"], "isSigned": True, "finding": "示例"},
            "check-objection": WORDS,
            "opinion": OPINION | {"isRefusal": self.chance.random() < 0.1, "answer": self.chance.choice(["", "示例"])},
            "publicity": {"place": "示例村", "text": "示例"},
            "approve": WORDS,
            "reject": WORDS | {"legalBasis": "示例"},
            "return": WORDS,
            "hand-over": WORDS,
            "terminate": WORDS,
            "withdraw": WORDS,
            "served": {"servedOn": today, "how": "示例"},
        }
        rare = {"hand-over", "terminate", "withdraw", "return", "correction", "reject", "check-objection"}
        state = (await self.town.see(self.town.relief.district))["state"]
        next_ones = [verb for verb in acts if state in SOURCES.get(verb, ()) and verb not in rare]
        if not next_ones:
            await self.town.wait_until(clock.today() + timedelta(days=self.chance.choice([1, 3, 8])))
            next_ones = list(acts.keys() - rare)
        verb = self.chance.choice(sorted(next_ones))
        if self.chance.random() < 0.15:
            verb = self.chance.choice([one for one in acts if one not in rare or self.chance.random() < 0.1])
        answer = await self._post(f"applications/{self.town.id}/{verb}", acts[verb], self._office(verb))
        if verb == "publicity" and answer.status_code == 201:
            self.notice = answer.json()["id"]

    def _office(self, verb: str) -> dict[str, str]:
        """Mostly one whose work it is."""
        clerk, colleague, leader, district, reviewer, director = self.offices
        whose = {"opinion": [colleague, leader], "surveys": [clerk, district]}
        whose |= {verb: [leader, reviewer, director] for verb in ("approve", "reject", "return")}
        likely = self.chance.random() < 0.7
        return self.chance.choice(whose.get(verb, [clerk]) if likely else self.offices)

    async def _post(self, path: str, body: Any, who: dict[str, str] | None = None) -> Any:
        client = self.town.relief.stand.client
        who = who or self.town.clerk
        answer = await client.post(f"/api/relief/{path}", headers=who, json=body)
        self.answers[answer.status_code] += 1
        assert answer.status_code in (200, 201, 403, 409, 422), (path, body, answer.text)
        return answer

    async def something(self) -> None:
        """An act, the check's report, a declaration, an objection, or days that pass."""
        dice = self.chance.random()
        if dice < 0.1:
            await self.town.verified(*self.chance.choice([(), (), (), (), ("名下有车",)]))
        elif dice < 0.14:
            members = self.family
            for kind in ("KINSHIP", "CARD"):
                body = {"kind": kind, "isPositive": False, "declaredBy": members[0]["personId"]}
                body["declaredOn"] = clock.today().isoformat()
                await self._post(f"households/{self.town.last['householdId']}/filings", body)
        elif dice < 0.15 and self.notice:
            await self._post(f"publicity/{self.notice}/objections", {"text": "示例"})
        elif dice < 0.17:
            await self.town.wait_until(clock.today() + timedelta(days=self.chance.choice([1, 3, 8])))
        else:
            await self.act()


@pytest.mark.plan("R-02", part="nobody is taken in without all the steps, in any order of acts")
async def test_every_way_through_is_a_lawful_one(
    town: Applying, size: Callable[..., int], seed: int, record_property: Callable[[str, object], None]
) -> None:
    chance, relief = Random(seed), town.relief
    for kind in ("DIBAO", "MARGINAL"):
        body = {"areaCode": LIUHENG, "kind": kind, "fromOn": clock.today().isoformat(), "reason": "示例"}
        if chance.random() < 0.5:
            await relief.post("/delegations", town.director, body, 201)
    ends: Counter[str] = Counter()
    answers: Counter[int] = Counter()
    walks, acts = size(3, stated=60), size(70, stated=120)
    for _ in range(walks):
        walk = Walk(town, chance)
        await walk.start()
        for _ in range(acts):
            await walk.something()
        ends[(await walk.town.see(walk.town.relief.district))["state"]] += 1
        answers += walk.answers
    record_property("walks", f"{dict(ends)}, {dict(answers)}")
    sql = "select application_id, action, from_state, to_state, actor, at from application_step order by seq"
    steps: dict[str, list[Any]] = {}
    for row in await relief.stand.rows(sql):
        steps.setdefault(row[0], []).append(row[1:])
    for one in steps.values():
        assert all(state in MOVES[action].sources and MOVES[action].target == to for action, state, to, _, _ in one)
        assert all(before[2] == after[1] for before, after in pairwise(one))
        assert [action for action, *_ in one].count("ask_correction") <= 1
    granted = await relief.stand.rows(
        "select id, accepted_by, opinion_by, decided_by, household_id, amount_fen, decision_id, case_id, is_complained,"
        " decided_level from application where state = 'APPROVED'"
    )
    assert granted or walks < 10
    for application, accepted, reviewed, decided, household, amount, decision, case, complained, level in granted:
        done = [action for action, *_ in steps[application]]
        needed = ("submit", "accept", "investigate", "form_opinion", "publish", "approve")
        assert all(action in done for action in needed), done
        assert len({accepted, reviewed, decided}) == 3
        sql = "select level from survey where application_id = :id"
        levels = {row[0] for row in await relief.stand.rows(sql, id=application)}
        assert "TOWN" in levels
        assert not (complained and level == "DISTRICT") or "DISTRICT" in levels
        sql = "select from_on, to_on, closed_at from publicity where owner_id = :id and result = 'NO_OBJECTION'"
        ((hung, until, closed),) = await relief.stand.rows(sql, id=application)
        assert (until - hung).days >= 7
        assert clock.to_business_date(closed) > until
        sql = "select count(distinct kind) from filing where household_id = :id and is_current"
        assert await relief.stand.scalar(sql, id=household) == 2
        sql = "select amount_fen, outcome from kernel.decision where id = :id"
        assert await relief.stand.rows(sql, id=decision) == [(amount, "granted")]
        assert await relief.stand.scalar("select decision_id from benefit_case where id = :id", id=case) == decision
    assert await relief.stand.scalar("select count(*) from benefit_case") == len(granted)
    running = "select count(*) from application_limit l join application a on a.id = l.application_id where l.met_at"
    ended = " is null and l.step <> 'SERVICE' and a.state in ('APPROVED', 'REJECTED', 'WITHDRAWN', 'TERMINATED')"
    assert await relief.stand.scalar(running + ended) == 0
