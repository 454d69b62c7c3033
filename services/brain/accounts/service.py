"""Accounts: making, locking, closing and resetting them. Runs under the system's rows unless it says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import col, select

from services.brain.accounts.failures import normal_username
from services.brain.accounts.tables import Account, Credential
from services.brain.desk import Desk, SignInLimits
from services.brain.sessions.service import end_sessions
from shared import clock, effects
from shared.china import areas
from shared.db.database import on_constraint
from shared.db.problems import Conflict, Forbidden, Invalid
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.ids import uuid7
from shared.security.passwords import check_complexity

CLOSE_ACCOUNT = "close_account"
"""The effect's kind: nobody signs in to the account while one lives."""


class UsernameTaken(Conflict):
    code = "username_taken"
    detail = "该用户名已被使用"


class PersonHasAccount(Conflict):
    code = "person_has_account"
    detail = "该人员已有账号"


class OwnAccount(Forbidden):
    """Nobody locks, unlocks or resets herself (等保 8.1.4.2)."""

    code = "own_account"
    detail = "不能对本人的账号进行此操作"


on_constraint("uq_account_username", UsernameTaken)
on_constraint("uq_account_person", PersonHasAccount)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to make. `password_hash` comes from `desk.passwords.hash`; a demo account has no second factor."""

    username: str
    name: str
    area_code: str
    password_hash: str
    person_id: str | None = None
    is_demo: bool = False
    account_id: str = ""


async def create_accounts(unit: UnitOfWork, desk: Desk, new: Sequence[NewAccount]) -> list[str]:
    """Make accounts, set-based; their ids in the same order. Raises `UsernameTaken`, `PersonHasAccount`."""
    if any(one.is_demo for one in new) and not desk.is_dev:
        raise ValueError("demo accounts exist in dev only")
    enrol_until = clock.real() + SignInLimits.on(unit.today).enrolment
    accounts, credentials = [], []
    for one in new:
        account_id = one.account_id or uuid7()
        accounts.append(
            {
                "id": account_id,
                "username": normal_username(one.username),
                "name": unit.vault.seal(Account, "name", account_id, one.name),
                "person_id": one.person_id,
                "area_code": areas.full(one.area_code),
                "is_demo": one.is_demo,
                "created_at": unit.now,
            }
        )
        credentials.append(
            {
                "account_id": account_id,
                "password_hash": one.password_hash,
                "password_set_at": clock.real(),
                "totp_last_step": -1,
                "enrol_until": enrol_until,
            }
        )
    if accounts:
        await unit.enter(Account, accounts)
        await unit.enter(Credential, credentials)
    return [str(row["id"]) for row in accounts]


async def create_account(
    unit: UnitOfWork,
    desk: Desk,
    *,
    username: str,
    name: str,
    area_code: str,
    initial_password: str,
    person_id: str | None = None,
) -> str:
    """Make one account with an initial password, which is replaced when the second factor is enrolled."""
    check_complexity(initial_password, username, field="initialPassword")
    hashed = await desk.passwords.hash(initial_password)
    new = NewAccount(username=username, name=name, area_code=area_code, password_hash=hashed, person_id=person_id)
    return (await create_accounts(unit, desk, [new]))[0]


async def lock_account(unit: UnitOfWork, account_id: str, reason: str) -> Account:
    """Nobody signs in until it is unlocked; its sessions end."""
    account = await _others(unit, account_id)
    if account.locked_at is None:
        account.locked_at = unit.now
    account.lock_reason = reason
    await unit.flush()
    await end_sessions(unit, [account_id], "account_locked")
    return account


async def unlock_account(unit: UnitOfWork, account_id: str) -> Account:
    """Sign-in is open again."""
    account = await _others(unit, account_id)
    account.locked_at = account.lock_reason = None
    await unit.flush()
    return account


async def reset_account(unit: UnitOfWork, desk: Desk, account_id: str, initial_password: str) -> Account:
    """A new initial password, no second factor, enrolment open again; its sessions end."""
    account = await _others(unit, account_id)
    if account.is_demo:
        raise Invalid("demo_account", "演示账号不能重置")
    check_complexity(initial_password, account.username, field="initialPassword")
    credential = await unit.get(Credential, account_id, lock=True)
    credential.password_hash = await desk.passwords.hash(initial_password)
    credential.password_set_at = clock.real()
    credential.totp_secret = None
    credential.totp_last_step = -1
    credential.enrol_until = clock.real() + SignInLimits.on(unit.today).enrolment
    await unit.flush()
    await end_sessions(unit, [account_id], "account_reset")
    return account


async def close_accounts_of(
    unit: UnitOfWork, person_ids: Sequence[str], *, cause: str, from_date: date
) -> list[Account]:
    """Close the accounts under any of a person's ids as effects of `cause`; their sessions end."""
    accounts: list[Account] = await unit.all(
        select(Account).where(col(Account.person_id).in_(person_ids)).order_by(col(Account.id)).with_for_update()
    )
    for account in accounts:
        await effects.record(
            unit,
            cause=cause,
            kind=CLOSE_ACCOUNT,
            object_kind="account",
            object_id=account.id,
            person_id=person_ids[0],
            area_code=account.area_code,
            from_date=from_date,
        )
    await end_sessions(unit, [account.id for account in accounts], "account_closed")
    return accounts


async def is_closed(unit: UnitOfWork, account_id: str) -> bool:
    """True while a closing effect lives."""
    return any(effect.kind == CLOSE_ACCOUNT for effect in await effects.live(unit, "account", account_id))


async def closed_among(unit: UnitOfWork, account_ids: Sequence[str]) -> set[str]:
    """Those of these accounts that are closed; under the caller's own rows."""
    found = await unit.all(
        select(Effect.object_id).where(
            col(Effect.object_kind) == "account",
            col(Effect.object_id).in_(account_ids),
            col(Effect.kind) == CLOSE_ACCOUNT,
            col(Effect.annulled_at).is_(None),
        )
    )
    return set(found)


def accounts_like(*, username: str | None) -> Any:
    """The statement that lists accounts."""
    statement = select(Account)
    return statement if username is None else statement.where(col(Account.username) == normal_username(username))


async def _others(unit: UnitOfWork, account_id: str) -> Account:
    if account_id == unit.principal.account_id:
        raise OwnAccount
    return await unit.get(Account, account_id, lock=True)
