"""The people of the story at their desks: each signs in and calls the gateway, nothing else."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta
from time import perf_counter
from types import TracebackType
from typing import Any

import httpx

from shared.settings import Settings


class UnexpectedAnswer(AssertionError):
    """A step did not go as the story says."""


@dataclass(slots=True)
class Actor:
    """One signed-in account."""

    name: str
    client: httpx.AsyncClient
    token: str = ""

    async def sign_in(self, password: str) -> None:
        """Take a token."""
        body = {"provider": "local", "username": self.name, "password": password}
        answer = await self.client.post("/api/brain/auth/sign-in", json=body)
        _expect(answer, 200)
        self.token = answer.json()["accessToken"]

    async def get(self, path: str, *, status: int = 200, **params: str) -> Any:
        """Read; the JSON body."""
        answer = await self.client.get(path, params=params, headers=self._headers)
        _expect(answer, status)
        return _body(answer)

    async def post(self, path: str, body: dict[str, Any] | None = None, *, status: int | None = None) -> Any:
        """Act; the JSON body. Without `status` any success will do."""
        answer = await self.client.post(path, json=body or {}, headers=self._headers)
        _expect(answer, status)
        return _body(answer)

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@dataclass(slots=True)
class Cast:
    """Everyone, by user name."""

    settings: Settings
    address: str
    client: httpx.AsyncClient = field(init=False)
    today: date = field(init=False)
    actors: dict[str, Actor] = field(default_factory=dict)

    async def __aenter__(self) -> "Cast":
        self.client = httpx.AsyncClient(base_url=self.address, timeout=30)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    def days_ago(self, days: int) -> str:
        """A day of the suite's own calendar."""
        return (self.today - timedelta(days=days)).isoformat()

    async def take_seats(self, *names: str) -> None:
        """Look at the suite's calendar and sign these accounts in."""
        self.today = date.fromisoformat((await self.client.get("/api/dev/clock")).json()["today"])
        for name in names:
            actor = Actor(name, self.client)
            await actor.sign_in(self.settings.demo_password)
            self.actors[name] = actor

    def __getitem__(self, name: str) -> Actor:
        return self.actors[name]


async def eventually(look: Any, wanted: Any, *, seconds: float = 10.0, what: str = "") -> tuple[Any, float]:
    """Look again until `wanted(found)`; what was found and how long it took (seconds)."""
    begun = perf_counter()
    while True:
        found = await look()
        if wanted(found):
            return found, perf_counter() - begun
        if perf_counter() - begun > seconds:
            raise UnexpectedAnswer(f"{what}: not within {seconds:.0f} s; last seen {found!r}"[:600])
        await asyncio.sleep(0.03)  # looking costs the suite time too


def _expect(answer: httpx.Response, status: int | None) -> None:
    if not (answer.is_success if status is None else answer.status_code == status):
        request = answer.request
        found = f"{answer.status_code}, expected {status or '2xx'}"
        raise UnexpectedAnswer(f"{request.method} {request.url.path}: {found}: {answer.text[:300]}")


def _body(answer: httpx.Response) -> Any:
    if "json" in answer.headers.get("content-type", ""):
        return answer.json()
    return answer.text
