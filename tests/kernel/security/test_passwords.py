"""Choosing, keeping and checking passwords."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from shared.security.passwords import CHEAP, PasswordCost, Passwords, WeakPassword, check_complexity


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(CHEAP)
    yield made
    made.close()


@pytest.mark.parametrize(
    "password",
    ["Abcdef12", "abcdef1!", "ABCDEF1!", "Abcdefg!", "Ab1!Ab1!", "密码Abcdef1", "x" * 125 + "A1!"],
)
def test_accepted(password: str) -> None:
    check_complexity(password, "town-clerk")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "长度"),
        ("Abcde1!", "长度"),
        ("x" * 126 + "A1!", "长度"),
        ("abcdefgh", "三类"),
        ("abcdefg1", "三类"),
        ("ABCDEFG1", "三类"),
        ("puyou-demo", "三类"),
        ("密码密码密码12", "三类"),
        ("ａｂｃｄｅｆｇ１", "三类"),  # full-width letters are letters, not other characters
        ("Town-Clerk1", "用户名"),
        ("1!XTOWN-clerk", "用户名"),
        ("Ａ1!ｔｏｗｎ-clerk", "用户名"),
    ],
)
def test_refused_with_the_reason(password: str, said: str) -> None:
    with pytest.raises(WeakPassword, match="weak_password") as caught:
        check_complexity(password, "town-clerk", field="newPassword")
    assert said in caught.value.detail
    assert caught.value.errors[0]["field"] == "newPassword"


def test_an_account_without_a_name_yet() -> None:
    check_complexity("Abcdef12", "")


async def test_a_password_is_recognised_and_no_other(passwords: Passwords) -> None:
    stored = await passwords.hash("Abcdef1!")
    assert stored.startswith("$argon2id$")
    assert "Abcdef1!" not in stored
    assert await passwords.verify(stored, "Abcdef1!")
    assert await passwords.verify(stored, "Ａｂｃｄｅｆ１！")  # the same keys under a Chinese input method
    assert not await passwords.verify(stored, "Abcdef1")
    assert not await passwords.verify(stored, "")
    assert not await passwords.verify(stored, "\ud800")  # JSON can carry it: a no, not a crash
    assert stored != await passwords.hash("Abcdef1!")


async def test_an_unknown_account_or_a_broken_hash_is_a_no(passwords: Passwords) -> None:
    assert not await passwords.verify(None, "Abcdef1!")
    assert not await passwords.verify("", "Abcdef1!")
    assert not await passwords.verify("$argon2id$rubbish", "Abcdef1!")


async def test_an_unknown_account_takes_as_long_as_a_known_one() -> None:
    slow = Passwords(PasswordCost(passes=4, memory_kib=16 * 1024, lanes=1))
    stored = await slow.hash("Abcdef1!")
    await slow.verify(None, "warm up")

    async def spent(of: str | None) -> float:
        start = time.perf_counter()
        await slow.verify(of, "Wrong-1!")
        return time.perf_counter() - start

    # in turns, so that a busy machine is busy for both
    rounds = [(await spent(None), await spent(stored)) for _ in range(8)]
    unknown, known = (min(times) for times in zip(*rounds, strict=True))
    slow.close()
    assert unknown > known / 3


async def test_a_new_cost_asks_for_a_new_hash(passwords: Passwords) -> None:
    stored = await passwords.hash("Abcdef1!")
    assert not passwords.needs_rehash(stored)
    dearer = Passwords(PasswordCost(passes=2, memory_kib=16, lanes=1))
    assert dearer.needs_rehash(stored)
    assert await dearer.verify(stored, "Abcdef1!")
    dearer.close()


async def test_hashing_is_bounded_and_leaves_the_loop_free() -> None:
    passwords = Passwords(PasswordCost(passes=3, memory_kib=8 * 1024, lanes=1), in_flight=2)
    running, most, lock = 0, 0, threading.Lock()

    class Counted(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            try:
                return super().hash(password, salt=salt)
            finally:
                with lock:
                    running -= 1

    passwords._hasher = Counted(3, 8 * 1024, 1)
    work = asyncio.gather(*(passwords.hash("Abcdef1!") for _ in range(12)))
    turns = 0
    while not work.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert len(set(await work)) == 12
    assert most == 2
    assert turns > 5  # the loop went on turning meanwhile
    passwords.close()
