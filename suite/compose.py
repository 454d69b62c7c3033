"""The whole system on one page: which services there are, and how they stand behind the gateway.

This is the only place that knows all services. Embedded, they live in this process and events go straight from
outbox to inbox; what changes in a distributed suite is the transport and two addresses, nothing in a service.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import FastAPI

from gateway import AsgiUpstream, Gateway, GatewaySettings, Upstream, create_gateway
from services.affairs.app import SPEC as AFFAIRS
from services.brain.app import SPEC as BRAIN
from services.charity.app import SPEC as CHARITY
from services.eldercare.app import SPEC as ELDERCARE
from services.relief.app import SPEC as RELIEF
from shared import clock
from shared.db.database import Database
from shared.events.local import LocalTransport
from shared.security.keys import Keyring
from shared.security.tokens import TokenVerifier
from shared.service import Runtime, ServiceSpec, create_service
from shared.settings import Settings
from suite.development import development_app
from suite.home import Home

SERVICES: Sequence[ServiceSpec] = (BRAIN, ELDERCARE, RELIEF, CHARITY, AFFAIRS)
NAMES = [spec.name for spec in SERVICES]


@dataclass(slots=True)
class Suite:
    """All services behind one gateway in this process. `works=False` leaves the loops to be driven by hand."""

    settings: Settings
    keyring: Keyring
    works: bool = True
    gateway_settings: GatewaySettings = field(default_factory=GatewaySettings)
    apps: dict[str, FastAPI] = field(default_factory=dict)
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        transport = LocalTransport()
        for spec in SERVICES:
            self.apps[spec.name] = create_service(spec, self.settings, spec.keys_from(self.keyring), transport)
        upstreams: dict[str, Upstream] = {name: AsgiUpstream(app) for name, app in self.apps.items()}
        if self.settings.is_dev:
            upstreams["dev"] = AsgiUpstream(development_app(self))
        door = self.gateway_settings
        if self.settings.is_dev:
            door = door.with_dev_clock()
        verifier = TokenVerifier(self.keyring.for_service("gateway").token_keys)
        self.gateway = create_gateway(door, upstreams, verifier, on_start=self.start, on_stop=self.stop, now=clock.real)

    @property
    def home(self) -> Home:
        """The folder of this suite."""
        return Home(self.settings.home)

    def runtime(self, service: str) -> Runtime:
        """The living parts of one service."""
        runtime: Runtime = self.apps[service].state.runtime
        return runtime

    def database(self, service: str) -> Database:
        """One service's database (seed and tests)."""
        return self.runtime(service).database

    async def start(self) -> None:
        """Check every login, then begin the standing work."""
        for name in self.apps:
            await self.runtime(name).start(works=self.works)

    async def stop(self) -> None:
        """End in order; what is in hand is finished first."""
        for name in self.apps:
            await self.runtime(name).stop()

    async def clock_moved(self) -> None:
        """Look at everything now."""
        for name in self.apps:
            self.runtime(name).wake()

    async def settle(self, rounds: int = 200) -> None:
        """Drive relay, inbox, timers and outside calls by hand until nothing due is left."""
        for _ in range(rounds):
            moved = 0
            for name in self.apps:
                loops = self.runtime(name).loops
                for loop in ("alarm", "relay", "inbox", "calls", "notices"):
                    if loop in loops:
                        moved += await loops[loop].work()
            if not moved:
                return
        raise RuntimeError(f"the suite did not come to rest in {rounds} rounds")
