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
from shared.events.rabbit import RabbitTransport
from shared.security.keys import Keyring
from shared.security.tokens import Claims, TokenSigner
from shared.service import Part, Runtime, create_service, transport_of
from shared.settings import Settings
from suite import servers
from tests.broker import Broker, eventually
from tests.kernel.toy.app import SPEC, poison, seen
from tests.kernel.toy.tables import Bed

SYSTEM = system_principal("test")
_ON_ITS_WAY = (
    "select count(*) from kernel.outbox o where sent_at is not null"
    " and not exists (select 1 from kernel.inbox i where i.id = o.id)"
)


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
            await eventually(self.has_arrived)

    async def has_arrived(self) -> bool:
        """Whether everything that was sent is in the inbox; the toy hears all it says."""
        return await self.scalar(_ON_ITS_WAY) == 0

    def begin_to_work(self) -> None:
        """Start the loops that other tests drive by hand."""
        for loop in self.runtime.loops.values():
            loop.start()

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
async def toy(admin: URL, toy_databases: str, request: pytest.FixtureRequest) -> AsyncIterator[Toy]:
    """The toy; with the parameter "rabbit", its events go over a real broker."""
    name = f"{toy_databases}{secrets.token_hex(2)}"
    broker: Broker | None = request.getfixturevalue("broker") if getattr(request, "param", "") == "rabbit" else None
    await bootstrap(admin, name, ["toy"], "pw", template=toy_databases)
    try:
        async with running(name, admin, broker) as toy:
            yield toy
    finally:
        await servers.drop(admin, name, ["toy"])
        if broker:
            await broker.drop(name, ["toy"])


@asynccontextmanager
async def running(name: str, admin: URL, broker: Broker | None = None, part: Part = Part.ALL) -> AsyncIterator[Toy]:
    """A process of the toy service on a database that is there."""
    settings = Settings(
        env="test",
        database_prefix=name,
        database_host=admin.host or "",
        database_port=admin.port or 0,
        database_password="pw",
        broker_url=broker.url if broker else "",
    )
    ring = Keyring.generate(dev=True)
    transport = transport_of(settings)
    app = create_service(SPEC, settings, ring.for_service("toy", seals_audit=True), transport, part)
    runtime: Runtime = app.state.runtime
    seen.clear()
    poison.clear()
    try:
        await runtime.database.check_login()
        if isinstance(transport, RabbitTransport):
            await transport.start("toy")
            await eventually(lambda: transport.is_up("toy"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://toy") as client:
            signing = ring.for_service("brain", signs_tokens=True)
            yield Toy(app, runtime, client, TokenSigner(signing.token_keys))
    finally:
        await runtime.stop()
