"""The toy service on a real database, its loops driven by hand."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from shared import clock
from shared.db.migrate import bootstrap
from shared.db.principals import Role, system_principal
from shared.events.local import LocalTransport
from shared.security.keys import Keyring
from shared.security.tokens import Claims, TokenSigner
from shared.service import Runtime, create_service
from shared.settings import Settings
from suite import servers
from tests.kernel.toy.app import SPEC, poison, seen
from tests.kernel.toy.tables import Bed

SYSTEM = system_principal("test")


@dataclass
class Toy:
    """The app, a client, and the ways tests drive it."""

    app: FastAPI
    runtime: Runtime
    client: httpx.AsyncClient
    signer: TokenSigner

    def headers(self, role: Role, area: str = "330903100000", *, org: str = "", account: str = "a1") -> dict[str, str]:
        claims = Claims.starting(
            clock.real(), account_id=account, session_id=f"s-{account}", role=role, area_code=area, org_id=org
        )
        return {"authorization": f"Bearer {self.signer.issue(claims)}"}

    async def settle(self) -> None:
        """Run relay and inbox until nothing is left that is due now."""
        while await self.runtime.loops["relay"].work() + await self.runtime.loops["inbox"].work():
            pass

    async def beds(self, *ids: str, area: str = "330903100001", org: str = "org1") -> None:
        async with self.runtime.database.unit(SYSTEM, "test") as unit:
            for bed_id in ids:
                unit.add(Bed(id=bed_id, area_code=area, org_id=org))

    async def scalar(self, sql: str, **params: object) -> object:
        async with self.runtime.database.unit(SYSTEM, "test", worker=True) as unit:
            unit.audited = False
            return (await unit.execute(text(sql), params)).scalar()


@pytest.fixture(scope="session")
async def toy_databases(admin: URL, prefix: str) -> AsyncIterator[str]:
    await servers.prepare(admin, prefix, [SPEC], "pw")
    yield prefix
    await servers.drop(admin, prefix, ["toy"])


@pytest.fixture
async def toy(admin: URL, toy_databases: str) -> AsyncIterator[Toy]:
    name = f"{toy_databases}{secrets.token_hex(2)}"
    await bootstrap(admin, name, ["toy"], "pw", template=toy_databases)
    try:
        async with _running(name, admin) as running:
            yield running
    finally:
        await servers.drop(admin, name, ["toy"])


@asynccontextmanager
async def _running(name: str, admin: URL) -> AsyncIterator[Toy]:
    settings = Settings(
        env="test",
        database_prefix=name,
        database_host=admin.host or "",
        database_port=admin.port or 0,
        database_password="pw",
    )
    ring = Keyring.generate(dev=True)
    app = create_service(SPEC, settings, ring.for_service("toy", seals_audit=True), LocalTransport())
    runtime: Runtime = app.state.runtime
    await runtime.database.check_login()
    seen.clear()
    poison.clear()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://toy") as client:
        signing = ring.for_service("brain", signs_tokens=True)
        yield Toy(app, runtime, client, TokenSigner(signing.token_keys))
    await runtime.stop()
