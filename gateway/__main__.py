"""`python -m gateway`: the door as a process, in front of the addresses in `PUYOU_GATEWAY_UPSTREAMS`."""

import sys

from shared.process.importing import importing


def main() -> int:
    """Serve; the exit code."""
    with importing():
        from gateway.app import create_gateway
        from gateway.http1 import Stay, run
        from gateway.settings import GatewaySettings
        from shared.observability.logs import configure_logs
        from shared.process.serving import FINISH_SECONDS, KEEP_ALIVE_SECONDS, listener, say
        from shared.security.keys import ServiceKeys
        from shared.security.tokens import TokenVerifier
        from shared.settings import Settings
    settings, door = Settings(), GatewaySettings()
    configure_logs(settings.log_level)
    keys = ServiceKeys.load(settings.keys_path("gateway"), dev=settings.is_dev)
    if settings.is_dev:
        door = door.with_dev_clock()
    stay = Stay(
        idle_seconds=KEEP_ALIVE_SECONDS,
        finish_seconds=FINISH_SECONDS,
        is_inherited=settings.listen_fd is not None,
        say=lambda word: say(settings.status_fd, word),
    )
    run(create_gateway(door, {}, TokenVerifier(keys.token_keys)), listener(settings), stay)
    return 0


if __name__ == "__main__":
    sys.exit(main())
