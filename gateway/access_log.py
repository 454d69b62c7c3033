"""One line per call on the logger `puyou.gateway.access`; shared.observability.logs makes it JSON.

Route templates instead of paths, no query, no body, no address, no name: what a line says of a person is the
id of the account that called.
"""

import logging

from gateway.exchange import Exchange

logger = logging.getLogger("puyou.gateway.access")


def write(exchange: Exchange, seconds: float) -> None:
    """Log one finished call; `status` 0 is a caller who left, or an answer cut short."""
    if not logger.isEnabledFor(logging.INFO):
        return
    line = {
        "requestId": exchange.request_id,
        "traceId": exchange.trace_id,
        "method": exchange.method,
        "upstream": exchange.upstream,
        "route": exchange.route,
        "status": exchange.status,
        "ms": round(seconds * 1_000, 1),
        "account": exchange.account,
    }
    logger.info("call", extra=line)
