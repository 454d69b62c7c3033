"""A family on its way from the door to a decision, a line a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from services.relief.applications.surveying import verification_reported
from shared import clock
from shared.china import resident_id
from shared.db.principals import Role
from shared.ids import uuid7
from tests.relief.families import DISTRICT, LIUHENG, VILLAGE, Families

NUMBERS = iter(range(101, 999))


def id_number(birth: date) -> str:
    """A number nobody has."""
    return resident_id.make("330999", birth, next(NUMBERS))


def person(relation: str = "SELF", birth: date = date(1975, 6, 1), **more: Any) -> dict[str, Any]:
    """Somebody with an identity card."""
    name = "示例" + {"SELF": "甲", "SPOUSE": "乙", "CHILD": "丙"}.get(relation, "丁")
    return {"idNumber": id_number(birth), "name": name, "relation": relation} | more


def family(*people: Mapping[str, Any], income: str = "1200.00", **more: Any) -> dict[str, Any]:
    """A family of the village."""
    named = list(people) or [person(), person("SPOUSE"), person("CHILD", date(2001, 3, 1), isStudent=True)]
    return {"areaCode": VILLAGE, "registeredArea": VILLAGE, "people": named, "monthlyIncome": income} | more


@dataclass
class Applying:
    """The stand, and the offices an application passes through."""

    relief: Families
    id: str = ""
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def clerk(self) -> dict[str, str]:
        """Accepts and surveys."""
        return self.relief.town

    @property
    def leader(self) -> dict[str, str]:
        """Decides what is delegated."""
        return self.relief.stand.headers(Role.TOWN_LEADER, LIUHENG, account="leader")

    @property
    def colleague(self) -> dict[str, str]:
        """A second clerk, who reviews."""
        return self.relief.stand.headers(Role.TOWN_CLERK, LIUHENG, account="town-b")

    @property
    def reviewer(self) -> dict[str, str]:
        """Confirms."""
        return self.relief.reviewer

    @property
    def director(self) -> dict[str, str]:
        return self.relief.stand.headers(Role.DISTRICT_DIRECTOR, DISTRICT, account="director")

    async def do(self, step: str, who: Mapping[str, str], body: Any = None, expect: int = 200) -> dict[str, Any]:
        """One step; the answer."""
        answer: dict[str, Any] = await self.relief.post(f"/applications/{self.id}/{step}", who, body, expect)
        if expect < 300 and "state" in answer:
            self.last = answer
        return answer

    async def see(self, who: Mapping[str, str] | None = None) -> dict[str, Any]:
        """As it stands."""
        self.last = await self.relief.get(f"/applications/{self.id}", who or self.clerk)
        return self.last

    async def apply(self, told: Mapping[str, Any] | None = None, who: Mapping[str, str] | None = None) -> Any:
        """At the counter, with the identity cards."""
        body = {"family": told or family()}
        self.last = await self.relief.post("/applications", who or self.clerk, body, 201)
        self.id = self.last["id"]
        return self.last

    async def members(self) -> list[dict[str, Any]]:
        """The family that was entered."""
        found = await self.relief.get(f"/households/{self.last['householdId']}", self.clerk)
        return list(found["members"])

    async def submit(self, who: Mapping[str, str] | None = None) -> Any:
        """Signed by all adults."""
        people = [member["personId"] for member in await self.members()]
        body = {"signedOn": clock.today().isoformat(), "authorisedBy": people}
        return await self.do("submit", who or self.clerk, body)

    async def declare(self, *, relative: bool = False, neighbour: bool = False) -> None:
        """Both filings: of a relative who is a cadre, of a neighbour who keeps the card, or of nobody."""
        members = await self.members()
        path = f"/households/{self.last['householdId']}/filings"
        for kind in ("KINSHIP", "CARD"):
            body: dict[str, Any] = {"kind": kind, "isPositive": False, "declaredBy": members[0]["personId"]}
            body["declaredOn"] = clock.today().isoformat()
            if relative and kind == "KINSHIP":
                named = {"memberId": members[0]["id"], "name": "示大海", "duty": "VILLAGE_CADRE"}
                body |= {"isPositive": True, "parties": [named | {"relation": "SIBLING", "unitName": "示例村"}]}
            if neighbour and kind == "CARD":
                named = {"memberId": members[0]["id"], "name": "示邻居", "duty": "OTHER", "relation": "OTHER"}
                body |= {"isPositive": True, "parties": [named | {"unitName": "同村"}]}
            await self.relief.post(path, self.clerk, body, 201)

    async def survey(
        self,
        who: Mapping[str, str] | None = None,
        expect: int = 201,
        surveyors: Sequence[str] = ("王示一", "李示二"),
        **more: Any,
    ) -> Any:
        """A visit by two."""
        body = {"surveyedOn": clock.today().isoformat(), "surveyors": list(surveyors), "isSigned": True}
        body |= {"finding": "入户核实，情况属实"} | more
        return await self.relief.post(f"/applications/{self.id}/surveys", who or self.clerk, body, expect)

    async def verified(self, *over_limit: str) -> bool:
        """The check of means reports, as the room that runs it will say."""
        async with self.relief.stand.unit() as unit:
            return await verification_reported(unit, self.id, verification_id=uuid7(), over_limit=over_limit)

    async def opinion(self, who: Mapping[str, str] | None = None, expect: int = 200, **more: Any) -> Any:
        """What survey and check have shown."""
        body = {"withinProperty": True, "withinMarginalProperty": True, "hasAbleSupporter": True}
        return await self.do(
            "opinion", who or self.colleague, body | {"opinion": "经调查核实，拟提出意见"} | more, expect
        )

    async def publish(self) -> Any:
        """Put up in the village."""
        body = {"place": "示例村村务公开栏", "text": "拟确认对象公示"}
        return await self.do("publicity", self.clerk, body, 201)

    async def to_house(self, told: Mapping[str, Any] | None = None) -> None:
        """Accepted, and the survey begun."""
        await self.apply(told)
        await self.submit()
        await self.do("accept", self.clerk)
        await self.do("investigate", self.clerk)

    async def to_village(self, told: Mapping[str, Any] | None = None, **found: Any) -> dict[str, Any]:
        """Everything up to the notice, which it answers with."""
        await self.to_house(told)
        await self.survey()
        await self.verified()
        await self.opinion(**found)
        return dict(await self.publish())

    async def to_review(self, told: Mapping[str, Any] | None = None, **found: Any) -> None:
        """The days in the village are over: on the desk of who decides. Leaves the clock there."""
        notice = await self.to_village(told, **found)
        await self.wait_until(date.fromisoformat(notice["toOn"]) + timedelta(days=1))

    async def wait_until(self, day: date) -> None:
        """Let time pass until the morning of a day, and do what it does."""
        clock.set_to(clock.start_of_day(day) + timedelta(hours=9))
        await self.relief.stand.settle()
