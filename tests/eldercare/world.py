"""The small world of the eldercare tests: who is in it, and what everybody's access token is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.eldercare.beds import service as beds
from services.eldercare.beds.service import NewBed
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import NewElder
from services.eldercare.institutions import service as institutions
from services.eldercare.institutions.service import NewInstitution
from shared.db.principals import Role
from shared.db.unit import UnitOfWork
from shared.events import Event
from tests.service_fixture import Stand

LIUHENG = "330903100000"
VILLAGE = "330903100201"
DONGGANG = "330903003000"
DISTRICT = "330903000000"
HOME, OTHER_HOME = "org-home", "org-other"


def person_id(number: int) -> str:
    """A person key of the right form."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    text = ""
    for _ in range(26):
        number, rest = divmod(number, 32)
        text = letters[rest] + text
    return f"p1{text}"


@dataclass
class World:
    """The stand and its people."""

    stand: Stand
    people: dict[str, str] = field(default_factory=dict)

    async def build(self) -> None:
        async with self.stand.unit() as unit:
            await institutions.add_many(
                unit,
                [
                    NewInstitution(HOME, "52330903MJ65432168", "示例养老院", LIUHENG, phone="05800000001"),
                    NewInstitution(OTHER_HOME, "51330903MJ1234561T", "另一养老院", DONGGANG),
                ],
            )
            await beds.add_many(
                unit,
                [
                    NewBed(HOME, "A1", id="bed-a1"),
                    NewBed(HOME, "A2", "NURSING", id="bed-a2"),
                    NewBed(HOME, "A3", "DEMENTIA", id="bed-a3"),
                    NewBed(OTHER_HOME, "B1", id="bed-b1"),
                ],
            )
            await self.enter(unit, "ann", 1, name="安示例", birth=date(1940, 5, 1), ability_level=3)
            await self.enter(unit, "bo", 2, name="薄示", birth=date(1950, 2, 28))
            await self.enter(unit, "cai", 3, area=DONGGANG, birth=date(1930, 1, 1), ability_level=0)

    async def enter(self, unit: UnitOfWork, key: str, number: int, *, area: str = VILLAGE, **facts: Any) -> str:
        """Another elder."""
        found = self.people[key] = person_id(number)
        if facts.get("ability_level") is not None:
            facts.setdefault("ability_on", date(2026, 1, 1))
        await elders.add_many(unit, [NewElder(found, area, **{"birth": date(1945, 1, 1), **facts})])
        return found

    def __getitem__(self, key: str) -> str:
        return self.people[key]

    # ── calls ────────────────────────────────────────────────────────────────────────────────────

    async def get(self, path: str, who: Mapping[str, str], expect: int = 200) -> Any:
        """The JSON of an answer with this status; `path` below the service's root."""
        answer = await self.stand.client.get(f"/api/eldercare{path}", headers=who)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(
        self, path: str, who: Mapping[str, str], body: Any = None, expect: int = 200, *, method: str = "POST"
    ) -> Any:
        """The same for a change."""
        answer = await self.stand.client.request(method, f"/api/eldercare{path}", headers=who, json=body)
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

    @property
    def district(self) -> dict[str, str]:
        return self.stand.headers(Role.DISTRICT_OFFICER, DISTRICT, account="district")

    @property
    def home(self) -> dict[str, str]:
        return self.stand.headers(Role.INSTITUTION_ADMIN, LIUHENG, org=HOME, account="home")

    def resident(self, key: str) -> dict[str, str]:
        return self.stand.headers(Role.RESIDENT, "", person=self[key], account=key)
