"""The small world of the affairs tests: who lives where, who is whose relative, and everybody's access token."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from services.affairs.people import service as people
from services.affairs.people.service import NewKin, NewPerson
from shared import clock
from shared.china import resident_id
from shared.contracts.eldercare import ElderDeathReported
from shared.contracts.settled import (
    BrainDeathSettled,
    BrainDeathUnsettled,
    CharityDeathSettled,
    CharityDeathUnsettled,
    DeathSettled,
    DeathUnsettled,
    EldercareDeathSettled,
    EldercareDeathUnsettled,
    ReliefDeathSettled,
    ReliefDeathUnsettled,
    SettledEffect,
)
from shared.db.principals import Role
from shared.events import Event
from shared.ids import uuid7
from shared.security.person_key import PersonKey
from suite.simulators.departments import Behaviour, Departments
from tests.service_fixture import Stand

LIUHENG = "330903100000"
VILLAGE = "330903100201"
DONGGANG = "330903003000"
DISTRICT = "330903000000"
HOME = "org-home"

SETTLED: dict[str, tuple[type[DeathSettled], tuple[str, ...]]] = {
    "brain": (BrainDeathSettled, ("T21", "T23")),
    "eldercare": (EldercareDeathSettled, ("T12", "T15", "T23")),
    "relief": (ReliefDeathSettled, ("T11", "T23")),
    "charity": (CharityDeathSettled, ("T23",)),
}
UNSETTLED: dict[str, tuple[type[DeathUnsettled], tuple[str, ...]]] = {
    "brain": (BrainDeathUnsettled, ("T21", "T23")),
    "eldercare": (EldercareDeathUnsettled, ("T12", "T15", "T23")),
    "relief": (ReliefDeathUnsettled, ("T11", "T23")),
    "charity": (CharityDeathUnsettled, ("T23",)),
}


def days_ago(number: int) -> str:
    """A business date."""
    return (clock.today() - timedelta(days=number)).isoformat()


@dataclass
class World:
    """The stand, its people and their numbers, and the departments."""

    stand: Stand
    departments: Departments
    people: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)

    async def build(self) -> None:
        """Ann and Bo are married, Dan is Ann's grown-up son; Cai lives in the other town; Eve is nobody's."""
        await self.add("ann", birth=date(1940, 5, 1))
        await self.add("bo", birth=date(1938, 2, 28))
        await self.add("cai", area=DONGGANG, birth=date(1950, 3, 3))
        await self.add("dan", birth=date(1968, 7, 7))
        await self.add("eve", birth=date(1975, 1, 1))
        await self.relate("ann", "bo", "SPOUSE", "SPOUSE")
        await self.relate("ann", "dan", "CHILD", "PARENT")

    async def add(self, name: str, *, area: str = VILLAGE, birth: date = date(1950, 1, 1)) -> str:
        """Another person."""
        number = resident_id.make("330999", birth, len(self.people) + 1)
        key: PersonKey = self.stand.app.state.person_key
        person_id = key.id_for(number)
        self.people[name], self.numbers[name] = person_id, number
        async with self.stand.unit() as unit:
            await people.add_many(unit, [NewPerson(person_id, area, birth, 1)])
        return person_id

    async def relate(self, name: str, relative: str, kind: str, inverse: str) -> None:
        one, other = self.people[name], self.people[relative]
        async with self.stand.unit() as unit:
            await people.relate_many(unit, [NewKin(one, other, kind), NewKin(other, one, inverse)])

    def __getitem__(self, name: str) -> str:
        return self.people[name]

    # ── calls ────────────────────────────────────────────────────────────────────────────────────

    async def get(self, path: str, who: Mapping[str, str], expect: int = 200) -> Any:
        answer = await self.stand.client.get(f"/api/affairs{path}", headers=who)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(self, path: str, who: Mapping[str, str], body: Any = None, expect: int = 200) -> Any:
        answer = await self.stand.client.post(f"/api/affairs{path}", headers=who, json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def sent(self, event: type[Event]) -> list[Any]:
        """What the service has published of this type, oldest first."""
        return [event.model_validate(payload) for payload in await self.stand.told(event.event_type())]

    # ── people's tokens ──────────────────────────────────────────────────────────────────────────

    @property
    def town(self) -> dict[str, str]:
        return self.stand.headers(Role.TOWN_CLERK, LIUHENG, account="town")

    @property
    def other_town(self) -> dict[str, str]:
        return self.stand.headers(Role.TOWN_CLERK, DONGGANG, account="town-2")

    @property
    def village(self) -> dict[str, str]:
        return self.stand.headers(Role.VILLAGE_CLERK, VILLAGE, account="village")

    def officer(self, account: str = "officer", person: str = "") -> dict[str, str]:
        return self.stand.headers(Role.DISTRICT_OFFICER, DISTRICT, account=account, person=person)

    def reviewer(self, account: str = "reviewer") -> dict[str, str]:
        return self.stand.headers(Role.DISTRICT_REVIEWER, DISTRICT, account=account)

    @property
    def home(self) -> dict[str, str]:
        return self.stand.headers(Role.INSTITUTION_ADMIN, LIUHENG, org=HOME, account="home")

    def resident(self, name: str) -> dict[str, str]:
        return self.stand.headers(Role.RESIDENT, "", person=self[name], account=name)

    # ── the course of a case ─────────────────────────────────────────────────────────────────────

    def reported(self, name: str = "ann", *, source: str = "INSTITUTION", unit: str = HOME, ago: int = 2) -> Any:
        """Eldercare's word."""
        return ElderDeathReported(
            report_id=uuid7(),
            person_id=self[name],
            source=source,
            unit_id=unit,
            reporter_id=f"by-{source.lower()}",
            death_date=date.fromisoformat(days_ago(ago)),
            place="示例养老院",
            reported_at=clock.now(),
        )

    async def case(self, name: str = "ann") -> str:
        """A reported case."""
        body = {"personId": self[name], "source": "VILLAGE", "deathDate": days_ago(2), "place": "家中"}
        answer = await self.post("/deaths", self.village, body, 201)
        return str(answer["caseId"])

    async def give(self, case_id: str, kind: str = "medical_certificate", expect: int = 201, **fields: Any) -> Any:
        """Evidence by the town; a certificate of Ann's unless fields say otherwise."""
        body = {"kind": kind, "idNumber": self.numbers["ann"], "deathDate": days_ago(2)} | fields
        body = {name: value for name, value in body.items() if value is not None}
        return await self.post(f"/deaths/{case_id}/evidence", self.town, body, expect)

    async def confirm(self, case_id: str, expect: int = 200, *, by: str = "officer", ago: int = 2) -> Any:
        return await self.post(f"/deaths/{case_id}/confirm", self.officer(by), {"deathDate": days_ago(ago)}, expect)

    async def confirmed(self) -> str:
        """Ann's death, confirmed on a certificate; calls are made, nobody has answered yet."""
        case_id = await self.case()
        await self.give(case_id)
        await self.confirm(case_id)
        await self.stand.settle()
        return case_id

    async def settled(self, case_id: str, *services: str, outcome: Any = "done") -> None:
        """Services answer the confirmation."""
        for service in services or SETTLED:
            event, tasks = SETTLED[service]
            await self.stand.hear(self._answer(event, case_id, tasks, outcome))

    async def unsettled(self, case_id: str, *services: str, outcome: Any = "done", reason: str = "") -> None:
        """Services answer the revocation."""
        for service in services or UNSETTLED:
            event, tasks = UNSETTLED[service]
            await self.stand.hear(self._answer(event, case_id, tasks, outcome, reason))

    def _answer(self, event: Any, case_id: str, tasks: tuple[str, ...], outcome: Any, reason: str = "") -> Any:
        effects = [
            SettledEffect(task=task, kind=f"do-{task}", object="o1", outcome=outcome, reason=reason) for task in tasks
        ]
        return event(death_case_id=case_id, person_id=self["ann"], effects=effects)

    async def revoke(self, case_id: str) -> Any:
        """Two persons revoke."""
        await self.ask_revocation(case_id)
        return await self.post(f"/deaths/{case_id}/revoke/approve", self.reviewer())

    async def ask_revocation(self, case_id: str, expect: int = 202, *, by: str = "officer") -> Any:
        body = {"reason": "本人到场，系同名误报", "evidence": "本人持身份证到镇政府"}
        return await self.post(f"/deaths/{case_id}/revoke", self.officer(by), body, expect)

    async def states(self, case_id: str, who: Mapping[str, str] | None = None) -> dict[str, str]:
        """Task states of a matter."""
        matter = await self.get(f"/matters/{case_id}", who or self.officer())
        return {task["id"]: task["state"] for task in matter["tasks"]}

    async def task(self, case_id: str, task_id: str) -> dict[str, Any]:
        matter = await self.get(f"/matters/{case_id}", self.officer())
        return next(task for task in matter["tasks"] if task["id"] == task_id)

    def behave(self, department: str, kind: str, seconds: float = 0, calls: int | None = None) -> None:
        """How a department behaves from now on."""
        self.departments.behaviours[department] = Behaviour(kind, seconds, calls)

    def asked(self, department: str) -> list[str]:
        """Operations a department carried out, in order."""
        return [call["operation"] for call in self.departments.asked if call["department"] == department]

    async def pass_time(self, **span: float) -> None:
        """Move the clock and let what is due happen."""
        clock.shift(timedelta(**span))
        await self.stand.settle()
