"""Ways to say who one is. `local` is a password of ours and a second factor; government sign-ins come as further
providers, each with its own way in (`LocalSignIn` is local's) and the same outcome."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlmodel import col, select

from services.brain.accounts.failures import normal_username, refusal, refuse_when_locked
from services.brain.accounts.tables import Account, Credential
from services.brain.desk import Desk, SignInLimits
from shared import clock
from shared.db.problems import Unauthorised
from shared.db.unit import UnitOfWork
from shared.security import totp


class CodeRequired(Unauthorised):
    """The password is right; the second factor is asked for."""

    code = "second_factor_required"
    detail = "请输入动态验证码"


@dataclass(frozen=True, slots=True)
class Identified:
    """Whose account it is. `missing`: what must be done before a session is opened."""

    account: Account
    second_factor: bool
    missing: Literal["enrol", "renew"] | None = None


class Provider(Protocol):
    """A sign-in adapter. `attempt` is the body it declared for itself; a refusal is a Problem."""

    name: str

    async def identify(self, unit: UnitOfWork, desk: Desk, attempt: Any) -> Identified: ...


@dataclass(frozen=True, slots=True)
class LocalAttempt:
    """What local asks for."""

    username: str
    password: str
    code: str | None


class Local:
    """Password and time-based code."""

    name = "local"

    async def identify(self, unit: UnitOfWork, desk: Desk, attempt: LocalAttempt) -> Identified:
        """An unknown name and a wrong password are answered alike and take alike long."""
        await refuse_when_locked(unit, attempt.username)
        account = await _account_named(unit, attempt.username)
        if account is not None and account.is_demo and not desk.is_dev:
            account = None
        stored = (await unit.get(Credential, account.id)).password_hash if account else None
        if not await desk.passwords.verify(stored, attempt.password) or account is None:
            raise refusal(attempt.username, account.id if account else "")
        if account.is_demo:
            return Identified(account, second_factor=False)
        # Locked only now: hashing takes a tenth of a second, and equal sign-ins must not queue behind it.
        credential = await unit.get(Credential, account.id, lock=True)
        if credential.password_hash != stored:
            raise refusal(attempt.username, account.id)
        if desk.passwords.needs_rehash(credential.password_hash):
            credential.password_hash = await desk.passwords.hash(attempt.password)
        if credential.totp_secret is None:
            return Identified(account, second_factor=False, missing="enrol")
        if not attempt.code:
            raise CodeRequired(field="code")
        if not accept_code(unit, credential, attempt.code):
            raise refusal(attempt.username, account.id)
        is_old = clock.real() - credential.password_set_at > SignInLimits.on(unit.today).password
        return Identified(account, second_factor=True, missing="renew" if is_old else None)


def accept_code(unit: UnitOfWork, credential: Credential, code: str) -> bool:
    """Whether the code is right and not yet used; each is good once."""
    if credential.totp_secret is None:
        return False
    secret = unit.vault.open_bytes(Credential, "totp_secret", credential.account_id, credential.totp_secret)
    step = totp.accepted_step(secret, code, clock.real(), last_step=credential.totp_last_step)
    if step is None:
        return False
    credential.totp_last_step = step
    return True


async def _account_named(unit: UnitOfWork, username: str) -> Account | None:
    found: Account | None = await unit.first(select(Account).where(col(Account.username) == normal_username(username)))
    return found


PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (Local(),)}
"""All ways to sign in, by the name the request gives."""
