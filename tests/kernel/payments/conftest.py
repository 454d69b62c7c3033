"""The payer on a real database."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import URL, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

import shared.kernel_tables
import shared.payments.tables
import shared.policy.tables  # noqa: F401 - registers the tables
from shared import clock
from shared.db.database import Database
from shared.db.migrate import bootstrap
from shared.db.policies import statements
from shared.db.principals import Principal, Role, system_principal
from shared.db.tables import KernelBase
from shared.db.unit import UnitOfWork
from shared.events.local import LocalTransport
from shared.security.keys import Keyring
from shared.security.tokens import Claims, TokenSigner
from shared.service import create_service
from shared.settings import Settings
from suite import servers
from tests.kernel.payments.payer.app import SPEC

SYSTEM = system_principal("test")
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


def _make_missing(connection: Connection, owner: str) -> None:
    """Kernel tables that no migration makes yet."""
    connection.execute(text(f'set local role "{owner}"'))
    for base in KernelBase.__subclasses__():
        table = base.__table__  # type: ignore[attr-defined]
        if connection.dialect.has_table(connection, table.name, schema="kernel"):
            continue
        table.create(connection)
        for statement in statements(table.name, base.__scopes__, "kernel"):
            connection.execute(text(statement))


@pytest.fixture(scope="session")
async def payer_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    name = f"{prefix}p"
    await servers.prepare(admin, name, [SPEC], "pw")
    engine = create_async_engine(admin.set(database=f"{name}_payer"))
    async with engine.begin() as connection:
        await connection.run_sync(_make_missing, f"{name}_payer_owner")
    await engine.dispose()
    yield name
    await servers.drop(admin, name, ["payer"])


@pytest.fixture
async def payer(admin: URL, payer_template: str) -> AsyncIterator[Payer]:
    name = f"{payer_template}{secrets.token_hex(2)}"
    await bootstrap(admin, name, ["payer"], "pw", template=payer_template)
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
