"""Alive: this process answers. Ready: it and every service behind it do."""

import asyncio
import json
from collections.abc import Mapping

from gateway.cached import Cached
from gateway.problems import Reply
from gateway.upstreams import Broken, ClientGone, Unreachable, Upstream, ask

_KEPT_SECONDS = 0.5  # so that asking often does not multiply into every service


class Health:
    """`/health/live` and `/health/ready`."""

    def __init__(self, upstreams: Mapping[str, Upstream], within: float) -> None:
        self._upstreams = upstreams
        self._within = within
        self._cached = Cached(self._ask_all, _KEPT_SECONDS)
        self.leaving = False  # takes calls still, and wants no more
        self.draining = False  # takes none

    async def live(self) -> Reply:
        """Always 200."""
        return _reply(200, {"status": "ok"})

    async def ready(self) -> Reply:
        """200 when every service says so; 503 names those that do not."""
        if self.draining or self.leaving:
            return _reply(503, {"status": "draining"})
        found = await self._cached.get()
        ready = all(state == "ok" for state in found.values())
        return _reply(200 if ready else 503, {"status": "ok" if ready else "not_ready", "services": found})

    async def _ask_all(self) -> dict[str, str]:
        states = await asyncio.gather(*(_state(upstream, self._within) for upstream in self._upstreams.values()))
        return dict(zip(self._upstreams, states, strict=True))


async def _state(upstream: Upstream, within: float) -> str:
    try:
        answer = await ask(upstream, "/health/ready", within=within, headers={})
    except TimeoutError:
        return "slow"
    except (Unreachable, Broken, ClientGone):
        return "down"
    return "ok" if answer.status == 200 else "not_ready"


def _reply(status: int, document: dict[str, object]) -> Reply:
    return Reply(json.dumps(document).encode(), status, headers={b"cache-control": b"no-store"})
