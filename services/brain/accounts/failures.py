"""Lock-out: five failures in a row under one user name close it for a quarter of an hour (等保 8.1.4.1)."""

import unicodedata
from datetime import timedelta
from functools import partial

from sqlalchemy import delete, text
from sqlmodel import col

from services.brain.accounts.tables import SignInFailures, SignInStep
from services.brain.desk import SignInLimits
from shared import clock
from shared.db.problems import Forbidden, Unauthorised
from shared.db.unit import UnitOfWork


class SignInRefused(Unauthorised):
    """User name, password or code is wrong; the caller is not told which."""

    code = "sign_in_refused"
    detail = "用户名、密码或验证码不正确"


class SignInLocked(Forbidden):
    """Too many failures under this user name."""

    code = "sign_in_locked"
    detail = "连续登录失败次数过多，请稍后再试"


_COUNT = text(
    "insert into sign_in_failures as f (username_index, failures, last_at) values (:index, 1, :now)"
    " on conflict (username_index) do update set last_at = :now,"
    " failures = case when f.last_at < :since then 1 else f.failures + 1 end,"
    " locked_until = case when f.last_at >= :since and f.failures + 1 >= :limit then cast(:until as timestamptz)"
    " end"
)


def normal_username(username: str) -> str:
    """One spelling of a user name, however it is typed."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


async def refuse_when_locked(unit: UnitOfWork, username: str) -> None:
    """Raise `SignInLocked` while the name is locked."""
    row = await unit.session.get(SignInFailures, _index(unit, username))
    now = clock.real()
    if row is not None and row.locked_until is not None and row.locked_until > now:
        seconds = int((row.locked_until - now).total_seconds()) + 1
        raise SignInLocked(headers={"Retry-After": str(seconds)})


def refusal(username: str, account_id: str = "") -> SignInRefused:
    """The refusal to raise: it is counted after the rollback, in a transaction of its own."""
    return SignInRefused(then=partial(count_failure, username=username, account_id=account_id))


async def count_failure(unit: UnitOfWork, *, username: str, account_id: str = "") -> None:
    """One more failure in a row; failures longer ago than a lock lasts no longer count."""
    limits, now = SignInLimits.on(unit.today), clock.real()
    unit.note(detail={"account": account_id})
    await unit.execute(
        _COUNT,
        {
            "index": _index(unit, username),
            "now": now,
            "since": now - limits.lock,
            "until": now + limits.lock,
            "limit": limits.failures,
        },
    )


async def forget_failures(unit: UnitOfWork, username: str) -> None:
    """A successful sign-in ends the row of failures."""
    await unit.execute(delete(SignInFailures).where(col(SignInFailures.username_index) == _index(unit, username)))


async def tidy_failures(unit: UnitOfWork) -> None:
    """Forget rows of failures that ended a day ago, and steps that have run out."""
    since = clock.real() - timedelta(days=1)
    await unit.execute(delete(SignInFailures).where(col(SignInFailures.last_at) < since))
    await unit.execute(delete(SignInStep).where(col(SignInStep.expires_at) < since))


def _index(unit: UnitOfWork, username: str) -> bytes:
    return unit.vault.index("username", normal_username(username))
