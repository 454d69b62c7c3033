"""A hundred thousand persons in brain's own table, filled through its own use case, and who reads them."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Self

from fastapi import FastAPI
from sqlalchemy import URL, text

from services.brain.app import SPEC
from services.brain.people.service import NewPerson, register_people
from shared import clock
from shared.china import resident_id
from shared.db.database import Database
from shared.db.principals import Role, system_principal
from shared.events.local import LocalTransport
from shared.security.keys import Keyring, ServiceKeys
from shared.security.person_key import PersonKey
from shared.security.tokens import Claims, TokenSigner
from shared.service import Part, create_service
from shared.settings import Settings
from suite import servers
from suite.postgres import Address

PREFIX = "read"
PASSWORD = "read"  # noqa: S105 - of a server that lives as long as the benchmark
AREA = "330903"
CALLERS = 50
_VILLAGES = [f"{AREA}{town:03d}{village:03d}" for town in (1, 2, 3, 4, 100, 101, 102) for village in range(200, 230)]
_BATCH = 2_000
_PATHS = 4_000

Found = Sequence[tuple[str, str]]
"""Area and id of persons, in random order."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where server and keys are; handed to the two servers on their command line."""

    host: str
    port: int
    superuser: str
    password: str
    keyring: str

    @classmethod
    def of(cls, address: Address, keyring: Path) -> Self:
        return cls(address.host, address.port, address.superuser, address.password, str(keyring))

    def as_argument(self) -> str:
        return json.dumps(asdict(self))

    @property
    def admin(self) -> URL:
        return URL.create("postgresql+asyncpg", self.superuser, self.password, self.host, self.port, "postgres")

    @property
    def keys(self) -> ServiceKeys:
        ring = Keyring.load(Path(self.keyring), dev=True)
        return ring.for_service(SPEC.name, derives_person_ids=True, signs_tokens=True, seals_audit=True)

    def settings(self, port: int = 0) -> Settings:
        """As for a deployment: nothing is switched off."""
        return Settings(
            env="prod",
            port=port,
            database_prefix=PREFIX,
            database_host=self.host,
            database_port=self.port,
            database_password=PASSWORD,
        )

    def brain(self, settings: Settings) -> FastAPI:
        """The service, as the process that answers requests."""
        return create_service(SPEC, settings, self.keys, LocalTransport(), Part.API)


def fill(place: Place, number: int) -> Found:
    """Make the database and its persons."""
    return asyncio.run(_fill(place, number))


async def _fill(place: Place, number: int) -> Found:
    await servers.prepare(place.admin, PREFIX, [SPEC], PASSWORD)
    database: Database = place.brain(place.settings()).state.runtime.database
    who, key, chance = system_principal("benchmark"), place.keys.person_key, Random(1)
    assert key is not None
    waiting = list(_people(number, chance))
    for first in range(0, number, _BATCH):
        async with database.unit(who, "fill", worker=True) as unit:
            unit.audited = False
            await register_people(unit, PersonKey(key), waiting[first : first + _BATCH])
    async with database.unit(who, "look", worker=True) as unit:
        unit.audited = False
        await unit.connection.execute(text("update kernel.outbox set sent_at = now()"))
        found = await unit.connection.execute(text("select area_code, id from person order by id"))
        persons = [(area, person) for area, person in found.all()]
    await database.close()
    await servers.analyse(place.admin, PREFIX, [SPEC.name])
    chance.shuffle(persons)
    return persons[:_PATHS]


def _people(number: int, chance: Random) -> Iterator[NewPerson]:
    first = date(1930, 1, 1)
    for place in range(number):
        sequence, day = divmod(place, 25_000)
        id_number = resident_id.make("330999", first + timedelta(days=day), 100 + sequence)
        yield NewPerson(
            name=f"王示{chr(0x4E00 + place % 5000)}", area_code=chance.choice(_VILLAGES), id_number=id_number
        )


def sign_in(place: Place, path: Path) -> Path:
    """Fresh tokens of officers of the district, a line each."""
    signer = TokenSigner(place.keys.token_keys)
    claims = (
        Claims.starting(
            clock.real(),
            account_id=f"account-{number}",
            session_id=f"session-{number}",
            role=Role.DISTRICT_OFFICER,
            area_code=f"{AREA}000000",
        )
        for number in range(CALLERS)
    )
    path.write_text("".join(f"{signer.issue(each)}\n" for each in claims), encoding="ascii")
    return path


def paths(side: str, mix: str, persons: Found) -> Iterator[str]:
    """What is asked of a side: lists from a place on, files by id, or both in turns."""
    for number, (area, person) in enumerate(persons):
        if mix == "detail" or (mix == "both" and number % 2):
            yield f"/people/{person}" if side == "bare" else f"/api/brain/people/{person}"
        elif side == "bare":
            yield f"/people?area={area}&after={person}"
        else:
            cursor = urlsafe_b64encode(json.dumps([area, person]).encode()).decode().rstrip("=")
            yield f"/api/brain/people?cursor={cursor}"
