"""Passwords: what is accepted, and how they are kept (Argon2id).

Rule: at least 8 characters of at least three of the four classes upper case, lower case, digit, other, and
not containing the user name (等保三级, GB/T 22239-2019 §8.1.4.1). The rule is checked where a password is
chosen, never where it is verified.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.db.problems import Invalid

SHORTEST = 8
LONGEST = 128
_CLASSES_NEEDED = 3

_T = TypeVar("_T")


class WeakPassword(Invalid):
    """The chosen password breaks the rule; `detail` says how."""

    code = "weak_password"
    detail = "密码不符合要求"


def check_complexity(password: str, username: str, *, field: str = "password") -> None:
    """Raise `WeakPassword` unless `password` may be chosen by the account `username`."""
    password, username = _normal(password), _normal(username).strip()
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(detail=f"密码长度应为{SHORTEST}至{LONGEST}个字符", field=field)
    classes = {_class_of(character) for character in password}
    if len(classes) < _CLASSES_NEEDED:
        raise WeakPassword(detail="密码应包含大写字母、小写字母、数字、其他字符中的至少三类", field=field)
    if username and username.casefold() in password.casefold():
        raise WeakPassword(detail="密码不得包含用户名", field=field)


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """What one hash costs. The default is RFC 9106's second choice: 64 MiB, about 0.1 s."""

    passes: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4


CHEAP = PasswordCost(passes=1, memory_kib=8, lanes=1)
"""For tests only."""


class Passwords:
    """Hashes and verifies in threads of its own, `in_flight` at a time, so memory and CPU stay bounded."""

    def __init__(self, cost: PasswordCost = PasswordCost(), *, in_flight: int = 2) -> None:
        self._hasher = PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)
        self._threads = ThreadPoolExecutor(in_flight, thread_name_prefix="password")

    async def hash(self, password: str) -> str:
        """The text to store: parameters, salt and hash in one."""
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one stored.

        For an unknown account give None: the answer is no and takes as long as for a known one.
        """
        return await self._run(lambda: self._matches(stored, password))

    def needs_rehash(self, stored: str) -> bool:
        """Whether the stored hash was made at another cost: hash again after a successful sign-in."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    def _matches(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(stored or self._nobodys, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return True

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(16))

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _normal(text: str) -> str:
    # Chinese input methods give full-width letters and digits; one password must not depend on the keyboard.
    # A lone surrogate, which JSON can carry, becomes a question mark instead of an error.
    return unicodedata.normalize("NFKC", text).encode(errors="replace").decode()


def _class_of(character: str) -> str:
    if character.isupper():
        return "upper"
    if character.islower():
        return "lower"
    return "digit" if character.isdigit() else "other"
