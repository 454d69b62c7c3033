"""Brain on a database of its own, with a bureau, its accounts and some people."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import URL

from services.brain.accounts.service import NewAccount, create_accounts
from services.brain.app import SPEC
from services.brain.desk import Desk
from services.brain.kinship.rules import Kind
from services.brain.kinship.service import NewKinship, relate
from services.brain.organisation.codes import UnitKind
from services.brain.organisation.posts import NewPost, appoint
from services.brain.organisation.units import NewUnit, found_units
from services.brain.people.codes import MaritalStatus
from services.brain.people.service import NewPerson, register_people
from shared import clock
from shared.china import resident_id
from shared.db.principals import Role
from shared.security import totp
from tests.service_fixture import Stand, prepared, standing

DISTRICT = "330903000000"
TOWN = "330903100000"
VILLAGE = "330903100201"
OTHER_TOWN = "330903003000"
OTHER_VILLAGE = "330903003001"
FOUNDED = date(2020, 1, 1)
PASSWORD = "Island-2026"


def number(sequence: int, born: date = date(1940, 5, 6)) -> str:
    """A valid ID number of nobody; a thousand to a day of birth."""
    return resident_id.make("330999", born + timedelta(days=sequence // 1000), sequence % 1000)


@dataclass
class Brain:
    """The stand, and what tests of brain need again and again."""

    stand: Stand
    units: dict[str, str] = field(default_factory=dict)
    _sequence: int = 0

    @property
    def desk(self) -> Desk:
        desk: Desk = self.stand.app.state.desk
        return desk

    async def get(self, path: str, headers: dict[str, str], **params: Any) -> Any:
        return await self.stand.client.get(f"/api/brain{path}", headers=headers, params=params)

    async def post(self, path: str, headers: dict[str, str] | None = None, **body: Any) -> Any:
        return await self.stand.client.post(f"/api/brain{path}", headers=headers or {}, json=body)

    async def patch(self, path: str, headers: dict[str, str], **body: Any) -> Any:
        return await self.stand.client.patch(f"/api/brain{path}", headers=headers, json=body)

    def clerk(self, area: str = TOWN) -> dict[str, str]:
        return self.stand.headers(Role.TOWN_CLERK, area)

    def officer(self) -> dict[str, str]:
        return self.stand.headers(Role.DISTRICT_OFFICER, DISTRICT, account="officer")

    def resident(self, person_id: str) -> dict[str, str]:
        return self.stand.headers(Role.RESIDENT, VILLAGE, account=f"r-{person_id}", person=person_id)

    def security(self) -> dict[str, str]:
        return self.stand.headers(Role.SECURITY_ADMIN, DISTRICT, account="security")

    def system(self) -> dict[str, str]:
        return self.stand.headers(Role.SYSTEM_ADMIN, DISTRICT, account="system")

    async def account(
        self,
        username: str,
        role: Role | None = Role.TOWN_CLERK,
        *,
        unit: str = "town",
        is_demo: bool = False,
        person_id: str | None = None,
        area: str = TOWN,
    ) -> str:
        """An account with the tests' password, in a post since the founding (None: no post)."""
        new = NewAccount(
            username=username,
            name="测试员",
            area_code=area,
            password_hash=await self.desk.passwords.hash(PASSWORD),
            person_id=person_id,
            is_demo=is_demo,
        )
        async with self.stand.unit() as work:
            [account_id] = await create_accounts(work, self.desk, [new])
            if role is not None:
                await appoint(
                    work,
                    NewPost(account_id=account_id, unit_id=self.units[unit], role=role, from_date=FOUNDED),
                )
        return account_id

    async def enrolled(self, username: str, **options: Any) -> tuple[str, bytes]:
        """An account with a second factor: its id and the secret."""
        account_id = await self.account(username, **options)
        secret = totp.new_secret()
        async with self.stand.unit() as work:
            sealed = work.vault.seal_bytes("credential", "totp_secret", account_id, secret)
            await work.connection.exec_driver_sql(
                "update credential set totp_secret = $1 where account_id = $2", (sealed, account_id)
            )
        return account_id, secret

    async def sign_in(self, username: str, password: str = PASSWORD, code: str | None = None) -> Any:
        body: dict[str, Any] = {"provider": "local", "username": username, "password": password}
        return await self.post("/auth/sign-in", **body | ({"code": code} if code else {}))

    async def people(self, *options: dict[str, Any]) -> list[str]:
        """Register people in the village; options override."""
        new = []
        for option in options:
            self._sequence += 1
            new.append(
                NewPerson(**{"name": "王示例", "area_code": VILLAGE, "id_number": number(self._sequence)} | option)
            )
        async with self.stand.unit() as work:
            return await register_people(work, self.desk.person_key, new)

    async def couple(self, **of_the_second: Any) -> tuple[str, str]:
        """Two people married to each other."""
        married = {"marital_status": MaritalStatus.MARRIED}
        one, two = await self.people(married, married | of_the_second)
        await self.relate(one, two, Kind.SPOUSE)
        return one, two

    async def relate(self, person_id: str, relative_id: str, kind: Kind, since: date = date(1965, 1, 1)) -> str:
        async with self.stand.unit() as work:
            new = NewKinship(person_id=person_id, relative_id=relative_id, kind=kind, from_date=since)
            return (await relate(work, new)).id


def code_now(secret: bytes) -> str:
    """What the phone shows."""
    return totp.code_at(secret, totp.step_at(clock.real()))


def bearer(answer: Any) -> dict[str, str]:
    """Headers of whoever signed in."""
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['accessToken']}"}


@pytest.fixture(scope="session")
async def brain_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    async with prepared(admin, prefix, SPEC) as template:
        yield template


@pytest.fixture
async def brain(admin: URL, brain_template: str) -> AsyncIterator[Brain]:
    async with _running(admin, brain_template) as running:
        yield running


@pytest.fixture(scope="module")
async def one_brain(admin: URL, brain_template: str) -> AsyncIterator[Brain]:
    """One for a whole module, for tests that leave nothing behind."""
    async with _running(admin, brain_template) as running:
        yield running


@asynccontextmanager
async def _running(admin: URL, template: str) -> AsyncIterator[Brain]:
    async with standing(admin, template, SPEC) as stand:
        running = Brain(stand)
        async with stand.unit() as work:
            names = ["bureau", "town", "village", "other"]
            ids = await found_units(work, _bureau())
            running.units = dict(zip(names, ids, strict=True))
        yield running


def _bureau() -> Sequence[NewUnit]:
    return [
        NewUnit(
            name="普陀区民政局",
            kind=UnitKind.CIVIL_BUREAU,
            area_code=DISTRICT,
            from_date=FOUNDED,
            unit_id="bureau",
        ),
        NewUnit(
            name="六横镇", kind=UnitKind.TOWN, area_code=TOWN, parent_id="bureau", from_date=FOUNDED, unit_id="town"
        ),
        NewUnit(
            name="示例村01",
            kind=UnitKind.VILLAGE,
            area_code=VILLAGE,
            parent_id="town",
            from_date=FOUNDED,
            unit_id="village",
        ),
        NewUnit(name="东港街道", kind=UnitKind.TOWN, area_code=OTHER_TOWN, parent_id="bureau", from_date=FOUNDED),
    ]
