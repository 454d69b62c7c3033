"""The merged API document: asked of all services at once, kept for a short life."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from gateway.cached import Cached
from gateway.openapi import merge
from gateway.openapi30 import in_3_0
from gateway.problems import Reply
from gateway.upstreams import Broken, ClientGone, Unreachable, Upstream, ask

SECONDS_TO_ANSWER = 10.0


class Documents:
    """`/openapi.json`, and its translation for the docs page."""

    def __init__(
        self, upstreams: Mapping[str, Upstream], *, public_paths: frozenset[str], seconds: float, version: str
    ) -> None:
        self._upstreams = upstreams
        self._public_paths = public_paths
        self._version = version
        self._cached = Cached(self._make, seconds)

    async def openapi(self) -> Reply:
        """OpenAPI 3.1."""
        return (await self._cached.get())[0]

    async def for_viewer(self) -> Reply:
        """The same in OpenAPI 3.0."""
        return (await self._cached.get())[1]

    async def _make(self) -> tuple[Reply, Reply]:
        found = await asyncio.gather(*map(_document, self._upstreams.values()))
        documents = {name: document for name, document in zip(self._upstreams, found, strict=True) if document}
        # Large documents take a while: not on the loop that serves everybody.
        return await asyncio.to_thread(self._render, documents)

    def _render(self, documents: dict[str, dict[str, Any]]) -> tuple[Reply, Reply]:
        merged = merge(
            documents,
            public_paths=self._public_paths,
            missing=self._upstreams.keys() - documents.keys(),
            version=self._version,
        )
        return _reply(merged), _reply(in_3_0(merged))


def _reply(document: dict[str, Any]) -> Reply:
    return Reply(json.dumps(document, ensure_ascii=False).encode(), headers={b"cache-control": b"no-cache"})


async def _document(upstream: Upstream) -> dict[str, Any] | None:
    try:
        answer = await ask(upstream, "/openapi.json", within=SECONDS_TO_ANSWER, headers={})
        document = json.loads(answer.body)
    except (TimeoutError, Unreachable, Broken, ClientGone, ValueError):
        return None
    return document if answer.status == 200 and isinstance(document, dict) else None
