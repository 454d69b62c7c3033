"""HTTP/1.1 on both sides of the door, on the parser of Node.js (`httptools`).

`serve` listens for callers and calls the ASGI application; `Pool` keeps connections to a service. Written by us
because a general server and a general client cost three times what the door itself does (docs/performance.md).
"""

from gateway.http1.pool import Pool
from gateway.http1.server import Server, Stay, run

__all__ = ["Pool", "Server", "Stay", "run"]
