"""How often: moving windows per account, or per address while nobody is known; in memory.

Each gateway process counts for itself; behind n of them a caller has n times the rate.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv6Address
from math import ceil
from time import monotonic

from limits import parse

from gateway import metrics
from gateway.problems import Problem
from gateway.settings import GatewaySettings


class BoundedWindows:
    """Moving windows in memory that never hold more than `most` calls, all keys together.

    When full, the key that called longest ago is forgotten. No thread, no timer: every call looks at the two
    oldest keys and drops them when their windows have passed.
    """

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        self.most = most
        self.clock = clock
        self.size = 0
        self._windows: OrderedDict[str, tuple[int, deque[float]]] = OrderedDict()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Take `amount` of `limit` calls in the last `expiry` seconds, or none of them."""
        now = self.clock()
        window = self._current(key, expiry, now)
        if len(window) + amount > limit:
            return False
        window.extend([now] * amount)
        self.size += amount
        self._windows[key] = (expiry, window)
        self._windows.move_to_end(key)
        self._forget(now)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """(time of the oldest call in the window, number of calls)."""
        now = self.clock()
        window = self._current(key, expiry, now)
        return (window[0] if window else now), len(window)

    def _current(self, key: str, expiry: int, now: float) -> deque[float]:
        _, window = self._windows.get(key) or (expiry, deque())
        while window and window[0] <= now - expiry:
            window.popleft()
            self.size -= 1
        return window

    def _forget(self, now: float) -> None:
        for _ in range(2):
            key, (expiry, window) = next(iter(self._windows.items()))
            if window and window[-1] > now - expiry and self.size <= self.most:
                return
            if len(self._windows) == 1:
                return
            self.clear(key)

    def get(self, key: str) -> int:
        """Calls remembered for `key`."""
        return len(self._windows[key][1]) if key in self._windows else 0

    def clear(self, key: str) -> None:
        """Forget one key."""
        _, window = self._windows.pop(key, (0, deque[float]()))
        self.size -= len(window)


class RateLimits:
    """The three rates of the door. Each method lets the call pass or raises a 429."""

    def __init__(self, settings: GatewaySettings, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._windows = BoundedWindows(settings.rate_entries, clock)
        self._account = _Rate("account", settings.account_rate)
        self._address = _Rate("address", settings.address_rate)
        self._sign_in = _Rate("sign_in", settings.sign_in_rate)

    def account(self, account_id: str) -> None:
        """One more call of a signed-in account."""
        self._hit(self._account, account_id)

    def address(self, client: str) -> None:
        """One more call from an address, by nobody known."""
        self._hit(self._address, network_of(client))

    def sign_in(self, client: str) -> None:
        """One more attempt to sign in from an address."""
        self._hit(self._sign_in, network_of(client))

    def _hit(self, rate: "_Rate", of: str) -> None:
        key = f"{rate.kind}/{of}"
        if self._windows.acquire_entry(key, rate.calls, rate.seconds):
            return
        metrics.RATE_LIMITED.labels(rate.kind).inc()
        begun, _ = self._windows.get_moving_window(key, rate.calls, rate.seconds)
        wait = max(1, ceil(begun + rate.seconds - self._clock()))
        detail = f"请求过于频繁，请在 {wait} 秒后重试"
        raise Problem(429, "rate_limited", detail, {b"retry-after": str(wait).encode()})


class _Rate:
    """So many calls in so many seconds."""

    def __init__(self, kind: str, written: str) -> None:
        rate = parse(written)
        self.kind = kind
        self.calls = rate.amount
        self.seconds = rate.get_expiry()


def network_of(client: str) -> str:
    """An IPv4 address itself; of IPv6 the /64, which is what one subscriber holds."""
    if ":" not in client:
        return client
    try:
        packed = IPv6Address(client.partition("%")[0]).packed
    except ValueError:
        return client
    return packed[:8].hex()
