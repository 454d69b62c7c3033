"""The one interface every outside department stands behind, and its HTTP form."""

import json
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # imported at the first call: most processes of a suite never make one
    import aiohttp

Answer = dict[str, Any]


class TemporarilyAway(Exception):
    """Slow, down or broken: worth trying again."""


class Refused(Exception):
    """The department understood and said no; trying again changes nothing."""


class Outside(Protocol):
    """`call_id` makes the call idempotent: the same id is the same call."""

    async def call(self, department: str, operation: str, call_id: str, payload: dict[str, Any]) -> Answer: ...


class HttpOutside:
    """POST `<base>/<department>/<operation>` with `{callId, …payload}`.

    200 carries `{"result": {…}}`; 409 and 422 `{"reason": "…"}` are refusals; everything else, a body that is not
    what was agreed included, is tried again.
    """

    def __init__(self, base_url: str, *, seconds: float = 5.0) -> None:
        self._base = base_url.rstrip("/")
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def call(self, department: str, operation: str, call_id: str, payload: dict[str, Any]) -> Answer:
        """One try."""
        import aiohttp

        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._seconds))
        body = json.dumps({"callId": call_id, **payload}, ensure_ascii=False).encode()
        try:
            async with self._session.post(
                f"{self._base}/{department}/{operation}", data=body, headers={"content-type": "application/json"}
            ) as response:
                text = await response.text()
                return _read(response.status, text)
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError) as error:
            raise TemporarilyAway(f"{department}: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close kept connections."""
        if self._session is not None:
            await self._session.close()


def _read(status: int, text: str) -> Answer:
    try:
        body = json.loads(text)
    except ValueError:
        raise TemporarilyAway(f"answer {status} is not JSON") from None
    if status in (409, 422) and isinstance(body, dict):
        raise Refused(str(body.get("reason", ""))[:500] or "对方未予受理")
    if status != 200 or not isinstance(body, dict) or not isinstance(body.get("result"), dict):
        raise TemporarilyAway(f"answer {status} is not what was agreed")
    result: Answer = body["result"]
    return result
