"""The law of reversal: a history with a confirmed and a withdrawn death ends like the same history without them.

Left out of the comparison: history, notices, audit, and a place given away meanwhile (domain §10 c, f).
"""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import URL

from services.charity.app import SPEC
from services.charity.people.service import NewPerson, add_many
from shared import clock
from shared.contracts.brain import PersonMoved
from shared.db.principals import Role
from tests.charity.scene import DISTRICT, ELSEWHERE, NOW, VILLAGE, VILLAGE_2, died, ledger_is_sound, lives
from tests.service_fixture import Stand, standing

LETTERS = "abcdefghijklmnopqrstuvwxyz"
KINDS = ("STUDY", "LIVING", "COMPANION")


@pytest.fixture
async def twins(admin: URL, charity_template: str) -> AsyncIterator[tuple[Stand, Stand]]:
    """Two charities: one that hears of the death, and one that never does."""
    async with standing(admin, charity_template, SPEC) as told, standing(admin, charity_template, SPEC) as spared:
        yield told, spared


@dataclass
class Step:
    """What happens on a day: `call(stand)` gives an answer that must be alike in both."""

    at: datetime
    what: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Plot:
    """Draws one history. `dead` is the victim's interval; what a death rightly refuses is not drawn inside it."""

    chance: random.Random
    number: int
    start: datetime
    steps: list[Step] = field(default_factory=list)
    pairings: list[tuple[str, str, str, str]] = field(default_factory=list)
    pledges: list[str] = field(default_factory=list)
    gifts: list[tuple[str, str]] = field(default_factory=list)
    spent: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        tag = "".join(LETTERS[(self.number // 26**place) % 26] for place in range(3))
        self.people = [f"p1{tag}{letter * 23}" for letter in "abcdef"]
        self.victim = self.people[0]
        self.case = f"case-{self.number}"

    def open(self) -> None:
        """What the victim is in from the beginning."""
        donor, child = self.people[1:3]
        for who, other, kind in ((child, self.victim, "STUDY"), (self.victim, donor, "LIVING")):
            unique = f"{self.number}-open-{kind}"
            self.pairings.append((who, kind, other, unique))
            self.steps.append(Step(self.start, "begin", {"who": who, "donor": other, "kind": kind, "ref": unique}))
        for who, other, amount in ((child, self.victim, "901.00"), (self.victim, donor, "902.00")):
            self.pledges.append(amount)
            self.steps.append(Step(self.start, "pledge", {"who": who, "donor": other, "amount": amount}))
        self.steps.append(Step(self.start, "register", {"who": self.victim}))
        for years in (0, 2):  # the older one expires at the end of this year
            self.gifts.append((self.victim, f"{self.number}-open-{years}"))
            facts = {"who": self.victim, "ref": self.gifts[-1][1], "amount": "1500", "years": years}
            self.steps.append(Step(self.start, "gift", facts))

    def draw(self, length: int) -> "Plot":
        self.open()
        confirm, revoke = sorted(self.chance.sample(range(length), 2))
        now, died_at, is_dead = self.start, self.start, False
        for place in range(length):
            now += timedelta(days=self.chance.choice((0, 0, 0, 1, 1, 3, 9, 20, 40)), hours=self.chance.randrange(0, 24))
            if place == confirm:
                self.steps.append(Step(now, "confirm"))
                died_at, is_dead = now, True
            if place == revoke:
                if self.number % 3 == 2:  # after the heirs' year
                    now = max(now, died_at + timedelta(days=400))
                self.steps.append(Step(now, "revoke"))
                is_dead = False
            step = self._one(now, is_dead=is_dead, is_pooled=is_dead and now > died_at + timedelta(days=300))
            if step:
                self.steps.append(step)
        self.end = now + timedelta(days=2)
        return self

    def _one(self, now: datetime, *, is_dead: bool, is_pooled: bool) -> Step | None:
        chance = self.chance
        who = chance.choice([self.victim, *self.people])
        other = chance.choice([person for person in self.people if person != who])
        what = chance.choice(
            (
                *("gift", "gift", "hours", "spend", "spend", "reverse", "begin", "begin", "begin"),
                *("pledge", "pledge", "end", "withdraw", "register", "leave", "move"),
            )
        )
        barred = is_dead and self.victim in (who, other)
        unique = f"{self.number}-{len(self.steps)}"
        if what == "gift":
            self.gifts.append((who, unique))
            return Step(now, what, {"who": who, "ref": unique, "amount": f"{chance.randrange(1, 60) * 10}"})
        if what == "hours":
            return Step(now, what, {"who": who, "ref": unique, "hours": chance.randrange(1, 6)})
        if what == "spend" and not (is_dead and who == self.victim):
            self.spent.append((who, unique))
            return Step(now, what, {"who": who, "ref": unique, "points": chance.randrange(1, 60)})
        if what == "reverse" and (known := self.gifts + self.spent):
            who, ref = chance.choice(known)
            return None if is_pooled and who == self.victim else Step(now, what, {"who": who, "ref": ref})
        if what == "begin" and not barred:
            kind = chance.choice(KINDS)
            if is_dead and any((who, kind) == place[:2] and self.victim in place[:3] for place in self._places()):
                return None  # her place: domain §10 c
            self.pairings.append((who, kind, other, unique))
            return Step(now, what, {"who": who, "donor": other, "kind": kind, "ref": unique})
        if what == "end" and self.pairings:
            return Step(now, what, {"ref": chance.choice(self.pairings)[3]})
        if what == "pledge" and not barred:
            self.pledges.append(f"{len(self.steps) + 1}.00")
            return Step(now, what, {"who": who, "donor": other, "amount": self.pledges[-1]})
        if what == "withdraw" and self.pledges:
            return Step(now, what, {"amount": chance.choice(self.pledges)})
        if what in ("register", "leave") and not (is_dead and who == self.victim):
            return Step(now, what, {"who": who})
        if what == "move":
            return Step(now, what, {"who": who, "to": chance.choice((VILLAGE, VILLAGE_2, ELSEWHERE))})
        return None

    def _places(self) -> list[tuple[str, str, str]]:
        return [(who, kind, donor) for who, kind, donor, _ in self.pairings]


async def play(stand: Stand, plot: Plot, *, is_told: bool) -> list[Any]:
    """Every step at its time; the answers, and how all stands right after the withdrawal."""
    with clock.frozen(plot.start):
        async with stand.unit() as unit:
            await add_many(unit, [NewPerson(person, VILLAGE, date(1950, 1, 1)) for person in plot.people])
        await stand.settle()
    answers: list[Any] = []
    for step in plot.steps:
        with clock.frozen(step.at):
            await stand.settle()
            if step.what in ("confirm", "revoke"):
                if is_told:
                    on = clock.today() - timedelta(days=1)
                    confirmed = died(plot.victim, plot.case, on)
                    await stand.hear(confirmed if step.what == "confirm" else lives(plot.victim, plot.case))
                if step.what == "revoke":  # but for lots: what was kept for heirs expires in the next night
                    answers += [(what, await stand.rows(sql)) for what, sql in ENDS.items() if what in AT_ONCE]
            else:
                answers.append((step.what, await act(stand, step)))
    with clock.frozen(plot.end):
        await stand.settle()
    return answers


async def act(stand: Stand, step: Step) -> int | str:
    """One step over HTTP (or the event); its status, or '' where there was nothing to act on."""
    facts, today = step.facts, clock.today()
    if step.what == "move":
        await stand.hear(PersonMoved(person_id=facts["who"], from_area="", to_area=facts["to"], on_date=today))
        return ""
    match step.what:
        case "gift":
            path = f"/people/{facts['who']}/points/gifts"
            on_date = date(today.year - facts.get("years", 0), today.month, min(today.day, 28))
            body = {"amount": facts["amount"], "onDate": on_date.isoformat(), "ref": facts["ref"]}
        case "hours":
            path = f"/people/{facts['who']}/points/volunteering"
            ended = clock.start_of_day(today) - timedelta(hours=1)
            started = ended - timedelta(hours=facts["hours"])
            body = {"startedAt": started.isoformat(), "endedAt": ended.isoformat(), "ref": facts["ref"]}
        case "spend":
            path = f"/people/{facts['who']}/points/redemptions"
            body = {"use": "GOODS", "points": facts["points"], "item": facts["ref"]}
        case "reverse":
            known = await stand.scalar("select id from points_movement where ref = :ref", ref=facts["ref"])
            path = f"/people/{facts['who']}/points/movements/{known}/reversal"
            body = {"reason": "更正"}
        case "begin":
            path = "/pairings"
            body = {
                "kind": facts["kind"],
                "beneficiaryId": facts["who"],
                "beneficiaryName": "张示例",
                "called": "示例",
                "needs": "陪伴",
                "donor": {"name": "李示例", "personId": facts["donor"]},
                "consent": {"id": facts["ref"], "on": today.isoformat(), "by": "SELF"},
                "startsOn": today.isoformat(),
                "endsOn": (today + timedelta(days=700)).isoformat(),
            }
        case "end":
            known = await stand.scalar("select id from pairing where consent_id = :ref", ref=facts["ref"])
            path, body = f"/pairings/{known}/end", {"reason": "FINISHED"}
        case "pledge":
            path = "/pledges"
            body = {
                "beneficiaryId": facts["who"],
                "donorPersonId": facts["donor"],
                "amount": facts["amount"],
                "fromMonth": today.isoformat(),
                "toMonth": (today + timedelta(days=500)).isoformat(),
            }
        case "withdraw":
            fen = int(facts["amount"].replace(".", ""))
            known = await stand.scalar(
                "select id from pledge where amount_fen = :fen order by id desc limit 1", fen=fen
            )
            path, body = f"/pledges/{known}/withdraw", {}
        case "register":
            path, body = "/volunteers", {"personId": facts["who"]}
        case _:
            path, body = f"/volunteers/{facts['who']}/leave", {}
    headers = stand.headers(Role.DISTRICT_OFFICER, DISTRICT)
    if step.what == "spend":
        headers = stand.headers(Role.RESIDENT, "", person=facts["who"])
    answer = await stand.client.post(f"/api/charity{path}", json=body or None, headers=headers)
    assert answer.status_code < 500, answer.text
    return answer.status_code


AT_ONCE = ("people", "pairings", "parties", "pledges", "volunteers", "accounts")
ENDS = {
    "people": "select person_id, area_code, is_deceased from person order by 1",
    "pairings": "select consent_id, state, is_waiting, cast(ended_on as text), end_reason, area_code from pairing"
    " order by 1",
    "parties": "select consent_id, person_id, side, t.area_code from pairing_party t join pairing p on"
    " p.id = t.pairing_id order by 1, 2",
    "pledges": "select beneficiary_id, amount_fen, is_stopped, withdrawn_on, area_code from pledge order by 1, 2",
    "volunteers": "select person_id, registered_on, left_on, is_stopped, area_code from volunteer order by 1",
    "accounts": "select person_id, is_frozen, area_code from points_account order by 1",
    "lots": "select m.ref, l.points, l.remaining, l.available_on, l.expires_on, l.reversed_at, l.area_code"
    " from points_lot l join points_movement m on m.id = l.id order by 1",
    "sums": "select person_id, sum(points) from points_movement group by 1 order by 1",
}


@pytest.mark.prove
@pytest.mark.plan("C-14", part="a mistaken death is undone in pairings, pledges and volunteers")
@pytest.mark.plan("C-05", part="points before and after a mistaken death, to the point")
async def test_a_withdrawn_death_leaves_no_trace(
    twins: tuple[Stand, Stand], seed: int, size: Callable[..., int]
) -> None:
    told, spared = twins
    chance, start = random.Random(seed), NOW
    stopped = 0
    for number in range(size(3, stated=30)):
        plot = Plot(chance, number, start).draw(22)
        answers = [await play(told, plot, is_told=True), await play(spared, plot, is_told=False)]
        assert answers[0] == answers[1], f"history {number}"
        for what, sql in ENDS.items():
            assert await told.rows(sql) == await spared.rows(sql), f"history {number}: {what}"
        start = plot.end + timedelta(days=1)
        stopped += sum(
            effect["kind"] != "charity"
            for answer in (await told.told("charity.death.settled.v1"))[-1:]
            for effect in answer["effects"]
        )
    assert stopped > 0  # the deaths did stop something
    assert await told.scalar("select count(*) from kernel.effect where annulled_at is null") == 0
    await ledger_is_sound(told)
    await ledger_is_sound(spared)
