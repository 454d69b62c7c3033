"""One JSON line per call on the logger `puyou.gateway.access`, the shape of shared.observability.logs.

Route templates instead of paths, no query, no body, no address, no name: what a line says of a person is the
id of the account that called. Lines are handed over in batches: a record of `logging` for each costs more than
all else the door does for a call. A door that is killed takes its last fifth of a second of lines with it.
"""

import asyncio
import logging
from json.encoder import encode_basestring as quoted

from gateway.exchange import Exchange
from shared import clock
from shared.observability.logs import READY, masked

logger = logging.getLogger("puyou.gateway.access")

BATCH_SECONDS = 0.2
_MOST_LINES = 500


class AccessLog:
    """Collects the lines of one gateway."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, exchange: Exchange, seconds: float) -> None:
        """Log one finished call; `status` 0 is a caller who left, or an answer cut short."""
        if not logger.isEnabledFor(logging.INFO):
            return
        request_id, trace_id = exchange.request_id, exchange.trace_id
        if exchange.named_by_caller:  # who could have written a person's number there
            request_id, trace_id = masked(request_id), masked(trace_id)
        account = "null" if exchange.account is None else quoted(exchange.account)
        self._lines.append(
            f'{{"time": "{clock.now().isoformat(timespec="milliseconds")}", "level": "info", '
            f'"logger": "puyou.gateway.access", "message": "call", "requestId": "{request_id}", '
            f'"traceId": "{trace_id}", "method": {quoted(exchange.method)}, "upstream": "{exchange.upstream}", '
            f'"route": {quoted(exchange.route)}, "status": {exchange.status}, "ms": {seconds * 1_000:.1f}, '
            f'"account": {account}}}'
        )
        if len(self._lines) >= _MOST_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)

    def flush(self) -> None:
        """Hand over what has come together."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            lines, self._lines = self._lines, []
            logger.info("\n".join(lines), extra={READY: True})
