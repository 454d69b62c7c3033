"""A family whose means are checked, a line a step, beside the departments' exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from shared import clock
from suite.simulators.departments import Behaviour, Departments
from tests.relief.applying import Applying, family, person
from tests.relief.families import Families

SCAN = b"%PDF-1.7\n% a bank's letter"
OPERATIONS = {
    "TAX": "tax/income",
    "SOCIAL_INSURANCE": "social_security/benefits",
    "REAL_ESTATE": "real_estate/homes",
    "MARKET": "market/registrations",
    "PROVIDENT_FUND": "provident_fund/balance",
    "VEHICLES": "traffic/vehicles",
    "SHIPS": "maritime/ships",
    "BANKS": "bank/balances",
    "INSURANCE": "insurance/policies",
    "SECURITIES": "securities/holdings",
    "MARRIAGE": "civil_affairs/marriage",
    "MEDICAL_INSURANCE": "medical_insurance/settlements",
}


@dataclass
class Checking:
    """The stand, the departments, a family of three (two adults, a child) and its verification."""

    relief: Families
    departments: Departments
    town: Applying
    numbers: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    household: str = ""
    id: str = ""

    async def build(self) -> None:
        """Applied, accepted, the survey begun and made."""
        told = family(person(), person("SPOUSE"), person("CHILD", date(2015, 3, 1)), income="0.00")
        self.numbers = [one["idNumber"] for one in told["people"]]
        await self.town.to_house(told)
        self.household = self.town.last["householdId"]
        self.people = [one["personId"] for one in await self.town.members()]

    # ── the departments ──────────────────────────────────────────────────────────────────────────

    def behave(self, department: str, kind: str, *, seconds: float = 0, calls: int | None = None) -> None:
        """How a department behaves from now on."""
        self.departments.behaviours[department] = Behaviour(kind, seconds, calls)

    def holds(self, source: str, item: str, value: str, who: int = 0) -> None:
        """A department knows of something more."""
        key = (OPERATIONS[source], self.numbers[who])
        self.departments.holdings.setdefault(key, []).append({"item": item, "value": value})

    # ── steps ────────────────────────────────────────────────────────────────────────────────────

    def signatures(self, *who: int) -> list[dict[str, Any]]:
        """Authorisations of these members, all by default; the child's is signed by the first."""
        found = []
        for number in who or range(len(self.numbers)):
            one: dict[str, Any] = {"idNumber": self.numbers[number], "signedOn": clock.today().isoformat()}
            found.append(one | ({"signedBy": self.people[0]} if number == 2 else {}))
        return found

    async def open(self, *who: int, sign: bool = True, expect: int = 201, **more: Any) -> Any:
        """One key: opened, signed, run."""
        body: dict[str, Any] = {"householdId": self.household, "applicationId": self.town.id} | more
        if sign:
            body["authorisations"] = self.signatures(*who)
        found = await self.relief.post("/verifications", self.town.clerk, body, expect)
        self.id = found.get("id", self.id)
        return found

    async def do(self, step: str, who: Mapping[str, str], body: Any = None, expect: int = 200) -> Any:
        """One step."""
        return await self.relief.post(f"/verifications/{self.id}/{step}", who, body, expect)

    async def see(self, who: Mapping[str, str] | None = None) -> Any:
        """As it stands."""
        return await self.relief.get(f"/verifications/{self.id}", who or self.town.clerk)

    async def source(self, code: str) -> Any:
        """One source as it stands."""
        return next(one for one in (await self.see())["sources"] if one["source"] == code)

    async def lines(self, who: Mapping[str, str] | None = None, *, clear: bool = True) -> dict[str, Any]:
        """The report's lines by item."""
        path = "report?reason=审核" if clear else "lines?limit=100"
        found = await self.relief.get(f"/verifications/{self.id}/{path}", who or self.town.clerk)
        return {one["item"]: one for one in found["items"]}

    async def run(self) -> Any:
        """Opened, asked and answered; as it stands."""
        await self.open()
        await self.relief.stand.settle()
        return await self.see()

    async def hand_in(self, who: Mapping[str, str] | None = None) -> None:
        """A paper for the objection."""
        headers = {**(who or self.town.clerk), "content-type": "application/octet-stream"}
        headers["x-file-name"] = quote("存款证明.pdf")
        path = f"/api/relief/verifications/{self.id}/files"
        answer = await self.relief.stand.client.post(path, headers=headers, content=SCAN)
        assert answer.status_code == 201, answer.text

    async def pass_time(self, **by: float) -> None:
        """Let time pass, and do what it does."""
        clock.shift(timedelta(**by))
        await self.relief.stand.settle()
