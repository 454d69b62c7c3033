"""The payer on a real database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared import clock
from shared.db.database import Database
from shared.db.principals import Principal, Role, system_principal
from shared.db.unit import UnitOfWork
from shared.events.local import LocalTransport
from shared.security.keys import Keyring
from shared.security.tokens import Claims, TokenSigner
from shared.service import create_service
from shared.settings import Settings
from suite import servers
from tests.kernel.payments.payer.app import SPEC

SYSTEM = system_principal("test")
TABLES = (
    *("payment_line", "recovery", "payment_batch", "entitlement_amount", "entitlement", "payee_account"),
    *("effect", "annulled_cause", "decision", "parameter_set", "outbox", "audit"),
)
DISTRICT = "330903000000"


def officer(account: str, role: Role = Role.FINANCE_OFFICER) -> Principal:
    return Principal(account_id=account, role=role, lo="330903", hi="330904", area_code=DISTRICT, name=account)


@dataclass
class Payer:
    """The payer's database and short ways to it."""

    database: Database
    client: httpx.AsyncClient
    signer: TokenSigner

    def headers(self, role: Role, account: str, area: str = DISTRICT, person_id: str = "") -> dict[str, str]:
        claims = Claims.starting(
            clock.now(),
            account_id=account,
            session_id=f"s-{account}",
            role=role,
            area_code=area,
            person_id=person_id,
        )
        return {"authorization": f"Bearer {self.signer.issue(claims)}"}

    @asynccontextmanager
    async def unit(self, who: Principal = SYSTEM) -> AsyncIterator[UnitOfWork]:
        async with self.database.unit(who, "test", worker=True) as unit:
            yield unit

    async def rows(self, sql: str, **params: object) -> list[tuple[object, ...]]:
        async with self.unit() as unit:
            unit.audited = False
            return [tuple(row) for row in (await unit.execute(text(sql), params)).all()]


@pytest.fixture(scope="session")
async def _running_payer(admin: URL, prefix: str) -> AsyncIterator[Payer]:
    name = f"{prefix}p"
    await servers.prepare(admin, name, [SPEC], "pw")
    settings = Settings(
        env="test",
        database_prefix=name,
        database_host=admin.host or "",
        database_port=admin.port or 5432,
        database_password="pw",
    )
    ring = Keyring.generate(dev=True)
    app = create_service(SPEC, settings, ring.for_service("payer"), LocalTransport())
    signer = TokenSigner(ring.for_service("brain", signs_tokens=True).token_keys)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://payer") as client:
            yield Payer(app.state.runtime.database, client, signer)
    finally:
        await app.state.runtime.stop()
        await servers.drop(admin, name, ["payer"])


@pytest.fixture
async def payer(admin: URL, _running_payer: Payer) -> AsyncIterator[Payer]:
    """The payer with empty tables: cheaper than a database for each test, and nothing is rolled back."""
    yield _running_payer
    engine = create_async_engine(admin.set(database=_running_payer.database.url.database))
    async with engine.begin() as connection:
        for table in TABLES:
            await connection.execute(text(f"delete from kernel.{table}"))
    await engine.dispose()
