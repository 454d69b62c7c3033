"""Who calls: whoever holds the connection, or, when that is a reverse proxy we trust, whom it names.

A proxy appends the address it was called from to X-Forwarded-For. What stands left of the first address that is not
one of our proxies was written by that caller, and counts for nothing.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_SCHEMES = frozenset({"http", "https"})


class Proxies:
    """The reverse proxies in front of the door."""

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self._networks = tuple(networks)

    def caller(self, peer: str, scheme: str, forwarded_for: bytes, forwarded_proto: bytes) -> tuple[str, str]:
        """(address, scheme) of the caller. A proxy's word that is no address is not passed over: then it is the
        proxy that calls."""
        if not self._networks or not self._are_ours(_address(peer)):
            return peer, scheme
        proto = forwarded_proto.decode("latin-1").rpartition(",")[2].strip().lower()
        return self._named(peer, forwarded_for), proto if proto in _SCHEMES else scheme

    def _named(self, peer: str, forwarded_for: bytes) -> str:
        found = peer
        for entry in reversed(forwarded_for.decode("latin-1").split(",")):
            address = _address(_without_port(entry.strip()))
            if address is None:
                break
            found = str(address)
            if not self._are_ours(address):
                break
        return found

    def _are_ours(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _without_port(entry: str) -> str:
    """Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


@lru_cache(maxsize=10_000)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """None for what is none, and for an address of one link only (`%eth0`): a caller's cannot be."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address
