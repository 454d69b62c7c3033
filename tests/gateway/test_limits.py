"""Moving windows: exact against a plain list of calls, and bounded whatever comes."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import GatewaySettings
from gateway.limits import BoundedWindows, RateLimits, network_of
from gateway.problems import Problem

steps = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30), st.integers(1, 3)), min_size=1, max_size=200)


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


@given(steps=steps, limit=st.integers(1, 6), expiry=st.integers(1, 90))
def test_a_window_lets_through_what_a_list_of_calls_would(
    steps: list[tuple[str, float, int]], limit: int, expiry: int
) -> None:
    clock, seen = Hand(), defaultdict[str, list[float]](list)
    windows = BoundedWindows(10_000, clock)
    for key, wait, amount in steps:
        clock.time += wait
        recent = [call for call in seen[key] if call > clock.time - expiry]
        allowed = len(recent) + amount <= limit
        assert windows.acquire_entry(key, limit, expiry, amount) is allowed
        if allowed:
            seen[key] += [clock.time] * amount
            recent += [clock.time] * amount
        start, count = windows.get_moving_window(key, limit, expiry)
        assert count == len(recent)
        assert start == (recent[0] if recent else clock.time)


@given(calls=st.lists(st.tuples(st.integers(0, 400), st.floats(0, 5)), max_size=400), most=st.integers(1, 50))
def test_memory_never_grows_past_its_bound(calls: list[tuple[int, float]], most: int) -> None:
    clock = Hand()
    windows = BoundedWindows(most, clock)
    for key, wait in calls:
        clock.time += wait
        windows.acquire_entry(str(key), 5, 60)
        held = sum(len(window) for _, window in windows._windows.values())
        assert windows.size == held <= max(most, 5)


def test_keys_that_fell_silent_are_forgotten() -> None:
    clock = Hand()
    windows = BoundedWindows(10_000, clock)
    for key in range(1_000):
        windows.acquire_entry(str(key), 5, 60)
    clock.time += 61
    for _ in range(501):
        windows.acquire_entry("busy", 1_000, 60)
    assert set(windows._windows) == {"busy"}


def test_when_full_the_longest_silent_is_forgotten_first() -> None:
    windows = BoundedWindows(3, Hand())
    for key in ("a", "b", "c", "a", "d"):
        windows.acquire_entry(key, 5, 60)
    assert (windows.get("a"), windows.get("b"), windows.get("d")) == (2, 0, 1)


def test_retry_after_is_when_there_is_room_again() -> None:
    clock = Hand()
    limits = RateLimits(GatewaySettings(account_rate="2/minute"), clock)
    limits.account("one")
    clock.time += 20
    limits.account("one")
    with pytest.raises(Problem) as refused:
        limits.account("one")
    assert refused.value.headers[b"retry-after"] == b"40"
    clock.time += 40
    limits.account("one")


def test_an_account_and_an_address_of_one_name_are_two() -> None:
    limits = RateLimits(GatewaySettings(account_rate="1/minute", address_rate="1/minute"), Hand())
    limits.account("192.0.2.1")
    limits.address("192.0.2.1")


@pytest.mark.parametrize(
    ("client", "same_as"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::2"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_one_subscriber_has_one_rate_however_many_addresses(client: str, same_as: str) -> None:
    assert network_of(client) == network_of(same_as)


def test_strangers_have_rates_of_their_own() -> None:
    clients = ["192.0.2.1", "192.0.2.2", "2001:db8:1:2::1", "2001:db8:1:3::1", "", "not:an:address"]
    assert len({network_of(client) for client in clients}) == len(clients)
    assert network_of("192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize("rate", ["", "many", "5", "5/fortnight", "/minute"])
def test_a_rate_that_is_none_stops_the_start(rate: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        GatewaySettings(account_rate=rate)
