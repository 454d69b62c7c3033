"""One service on a database of its own, its loops driven by hand: what a service's tests stand on.

In tests/<service>/conftest.py:

    @pytest.fixture(scope="session")
    async def relief_template(admin, prefix):
        async with prepared(admin, prefix, SPEC) as template:
            yield template

    @pytest.fixture
    async def relief(admin, relief_template):
        async with standing(admin, relief_template, SPEC) as stand:
            yield stand
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import URL, text

from shared import clock
from shared.db.migrate import bootstrap
from shared.db.principals import Principal, Role, system_principal
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Event
from shared.events.local import LocalTransport
from shared.events.transport import Message
from shared.ids import uuid7
from shared.security.keys import Keyring
from shared.security.tokens import Claims, TokenSigner
from shared.service import Runtime, ServiceSpec, create_service
from shared.settings import Settings
from suite import servers

SYSTEM = system_principal("test")
LOOPS = ("alarm", "relay", "inbox", "calls", "notices")


@dataclass
class Stand:
    """The app, a client, and the ways tests drive it."""

    app: FastAPI
    runtime: Runtime
    client: httpx.AsyncClient
    signer: TokenSigner

    def headers(
        self, role: Role, area: str = "330903100000", *, org: str = "", account: str = "a1", person: str = ""
    ) -> dict[str, str]:
        """The headers of a signed-in account."""
        claims = Claims.starting(
            clock.real(),
            account_id=account,
            session_id=f"s-{account}",
            role=role,
            area_code=area,
            org_id=org,
            person_id=person,
        )
        return {"authorization": f"Bearer {self.signer.issue(claims)}"}

    @asynccontextmanager
    async def unit(self, who: Principal = SYSTEM) -> AsyncIterator[UnitOfWork]:
        """A unit of work; it commits at the end of the block."""
        async with self.runtime.database.unit(who, "test", worker=True) as unit:
            unit.audited = False
            yield unit

    async def rows(self, sql: str, **params: object) -> list[tuple[Any, ...]]:
        """Rows of a query, past all scopes."""
        async with self.unit() as unit:
            return [tuple(row) for row in (await unit.execute(text(sql), params)).all()]

    async def scalar(self, sql: str, **params: object) -> Any:
        """The first value of a query, past all scopes."""
        found = await self.rows(sql, **params)
        return found[0][0] if found else None

    async def hear(self, *events: Event, source: str = "") -> None:
        """Let these events arrive, in this order, and run until nothing due is left. The producer is the first
        part of the type unless named."""
        messages = []
        for event in events:
            envelope = Envelope(
                id=uuid7(),
                source=source or event.event_type().partition(".")[0],
                type=event.event_type(),
                subject=event.subject(),
                time=clock.now(),
                data=event.model_dump(mode="json", by_alias=True),
            )
            messages.append(Message(envelope.id, envelope.type, envelope.stream, envelope.model_dump_json()))
        await self.runtime.inbox.receive(messages)
        await self.settle()

    async def settle(self) -> None:
        """Run every loop until nothing is left that is due now. An event that failed is an error here."""
        loops = [self.runtime.loops[name] for name in LOOPS if name in self.runtime.loops]
        while sum([await loop.work() for loop in loops]):
            pass
        errors = await self.rows("select type, error from kernel.inbox where error is not null and state <> 'done'")
        assert not errors, errors[0][1]

    async def told(self, event_type: str) -> list[dict[str, Any]]:
        """The payloads of this service's events of one type, in order."""
        return [
            payload
            for (payload,) in await self.rows(
                "select cast(envelope as jsonb) -> 'data' from kernel.outbox where type = :type order by seq",
                type=event_type,
            )
        ]


@asynccontextmanager
async def prepared(admin: URL, prefix: str, spec: ServiceSpec) -> AsyncIterator[str]:
    """Migrate one template of the service's database; copies of it take milliseconds."""
    name = f"{prefix}{spec.name[:4]}"
    await servers.prepare(admin, name, [spec], "pw")
    yield name
    await servers.drop(admin, name, [spec.name])


@asynccontextmanager
async def standing(admin: URL, template: str, spec: ServiceSpec, *, departments_url: str = "") -> AsyncIterator[Stand]:
    """The service on a fresh copy of the template."""
    name = f"{template}{secrets.token_hex(2)}"
    await bootstrap(admin, name, [spec.name], "pw", template=template)
    settings = Settings(
        env="test",
        database_prefix=name,
        database_host=admin.host or "",
        database_port=admin.port or 0,
        database_password="pw",
        departments_url=departments_url,
        pool_wait_seconds=30,  # beside a busy worker of the same run
    )
    ring = Keyring.generate(dev=True)
    app = create_service(spec, settings, spec.keys_from(ring), LocalTransport())
    runtime: Runtime = app.state.runtime
    await runtime.database.check_login()
    signing = ring.for_service("brain", signs_tokens=True)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{spec.name}") as client:
            yield Stand(app, runtime, client, TokenSigner(signing.token_keys))
    finally:
        await runtime.stop()
        await servers.drop(admin, name, [spec.name])
