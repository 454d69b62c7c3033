"""Families of the relief tests: entered in a line, asked about in a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.relief.benefits import service as benefits
from services.relief.benefits.service import NewCase
from services.relief.households import service as households
from services.relief.households.rules import Condition
from services.relief.households.service import NewHousehold, NewMember
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.settled import SettledEffect
from shared.db.principals import Role
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments import open_account
from tests.service_fixture import Stand

LIUHENG = "330903100000"
VILLAGE = "330903100201"
DONGGANG = "330903003000"
DISTRICT = "330903000000"
CARD = "6228480360100000015"


def person_id(number: int) -> str:
    """A person key of the right form."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    text = ""
    for _ in range(26):
        number, rest = divmod(number, 32)
        text = letters[rest] + text
    return f"p1{text}"


@dataclass
class Family:
    """A household that was entered: its ids by position."""

    household_id: str
    case_id: str
    people: list[str]
    member_ids: list[str]


@dataclass
class Families:
    """The stand and the families in it."""

    stand: Stand
    count: int = 0
    deaths: dict[str, str] = field(default_factory=dict)

    async def enter(
        self,
        *births: date,
        income: int = 0,
        kind: str = "DIBAO",
        since: date = date(2020, 1, 1),
        area: str = VILLAGE,
        conditions: Mapping[int, Sequence[Condition]] | None = None,
        unit: UnitOfWork | None = None,
    ) -> Family:
        """A family of adults born on these days (one of 45 without any) with a running case and an account."""
        if unit is None:
            async with self.stand.unit() as own:
                return await self.enter(
                    *births, income=income, kind=kind, since=since, area=area, conditions=conditions, unit=own
                )
        births = births or (date(1975, 6, 1),)
        people = [person_id(1000 + self.count + number) for number in range(len(births))]
        self.count += len(births)
        members = [
            NewMember(
                person,
                "OTHER" if number else "SELF",
                birth,
                since,
                name=f"示{'甲乙丙丁戊己庚辛'[number % 8]}",
                conditions=(conditions or {}).get(number, ()),
                id=uuid7(),
            )
            for number, (person, birth) in enumerate(zip(people, births, strict=True))
        ]
        (household_id,) = await households.add_many(unit, [NewHousehold(area, people[0], members, income * 100, since)])
        account = await open_account(unit, person_id=people[0], area_code=area, holder="示甲", card=CARD)
        case = NewCase(household_id, kind, area, people[0], since, account_id=account)
        (case_id,) = await benefits.add_many(unit, [case])
        return Family(household_id, case_id, people, [member.id for member in members])

    # ── deaths ───────────────────────────────────────────────────────────────────────────────────

    def confirmed(self, person: str, on: date, case: str = "") -> DeathConfirmed:
        """The event of a confirmed death."""
        self.deaths[person] = case or self.deaths.get(person) or uuid7()
        return DeathConfirmed(
            death_case_id=self.deaths[person], person_id=person, death_date=on, confirmed_by=["district"]
        )

    def revoked(self, person: str, case: str = "") -> DeathRevoked:
        """The event of its withdrawal."""
        case = case or self.deaths.setdefault(person, uuid7())
        return DeathRevoked(death_case_id=case, person_id=person, reason="本人到场", by=["a", "b"])

    async def answers(self, *, undone: bool = False) -> list[list[SettledEffect]]:
        """What was answered to each death, or to each withdrawal, oldest first."""
        told = await self.stand.told(f"relief.death.{'unsettled' if undone else 'settled'}.v1")
        return [[SettledEffect.model_validate(effect) for effect in one["effects"]] for one in told]

    # ── money ────────────────────────────────────────────────────────────────────────────────────

    async def due(self, family: Family, month: date) -> int:
        """Fen due in a month."""
        async with self.stand.unit() as unit:
            case = await unit.get(benefits.BenefitCase, family.case_id)
            return (await benefits.due_in(unit, [case], month))[family.case_id]

    async def run(self, month: date, scheme: str = "dibao") -> str:
        """A batch of a month, filled, checked, approved and sent; its id."""
        made, checked = self.officer("maker"), self.officer("approver")
        async with self.stand.unit(made) as unit:
            batch = await benefits.PAYMENTS.open_batch(unit, scheme, month, DISTRICT)
            await benefits.PAYMENTS.run(unit, batch.id)
            await benefits.PAYMENTS.check(unit, batch.id)
        async with self.stand.unit(checked) as unit:
            await benefits.PAYMENTS.approve(unit, batch.id)
        async with self.stand.unit(made) as unit:
            await benefits.PAYMENTS.send(unit, batch.id)
        return batch.id

    # ── people's tokens ──────────────────────────────────────────────────────────────────────────

    def officer(self, account: str, role: Role = Role.FINANCE_OFFICER) -> Any:
        """A principal of the district."""
        from shared.db.principals import Principal

        return Principal(account_id=account, role=role, lo="330903", hi="330904", area_code=DISTRICT, name=account)

    @property
    def town(self) -> dict[str, str]:
        return self.stand.headers(Role.TOWN_CLERK, LIUHENG, account="town")

    @property
    def other_town(self) -> dict[str, str]:
        return self.stand.headers(Role.TOWN_CLERK, DONGGANG, account="town-2")

    @property
    def village(self) -> dict[str, str]:
        return self.stand.headers(Role.VILLAGE_CLERK, VILLAGE, account="village")

    @property
    def district(self) -> dict[str, str]:
        return self.stand.headers(Role.DISTRICT_OFFICER, DISTRICT, account="district")

    @property
    def finance(self) -> dict[str, str]:
        return self.stand.headers(Role.FINANCE_OFFICER, DISTRICT, account="finance")

    @property
    def reviewer(self) -> dict[str, str]:
        return self.stand.headers(Role.DISTRICT_REVIEWER, DISTRICT, account="reviewer")

    def resident(self, person: str) -> dict[str, str]:
        return self.stand.headers(Role.RESIDENT, "", person=person, account=f"r-{person[-4:]}")

    async def get(self, path: str, who: Mapping[str, str], expect: int = 200) -> Any:
        """The JSON of an answer with this status; `path` below the service's root."""
        answer = await self.stand.client.get(f"/api/relief{path}", headers=who)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(self, path: str, who: Mapping[str, str], body: Any = None, expect: int = 200) -> Any:
        """The same for a change."""
        answer = await self.stand.client.post(f"/api/relief{path}", headers=who, json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()
