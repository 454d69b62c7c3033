"""The gateway as a process of its own, everything on: `python -m benchmarks.gateway.door PORT UPSTREAM KEYS`."""

import socket
import sys
from base64 import b64decode

from gateway import GatewaySettings, create_gateway
from gateway.http1 import Stay, run
from shared.observability.logs import configure_logs
from shared.security.keys import KeySet, SigningKeys
from shared.security.tokens import TokenVerifier


def main(port: int, upstream: str, seed: str) -> None:
    """Serve until SIGTERM."""
    configure_logs()
    keys = SigningKeys.from_seeds(KeySet(current=1, keys={1: b64decode(seed)}), signs=False)
    settings = GatewaySettings(upstreams={"relief": upstream}, account_rate="1000000/minute")
    gateway = create_gateway(settings, {}, TokenVerifier(keys))
    run(gateway, socket.create_server(("127.0.0.1", port)), Stay())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
