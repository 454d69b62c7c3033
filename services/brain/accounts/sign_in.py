"""From a proven identity to tokens, and on from there. Runs under the system's rows (public routes).

A right password alone opens nothing for an account without a second factor, nor for one whose password is too old:
such a sign-in stops with a step token. It is random, kept as a digest, good once, for one account, for the one
thing that is missing and for minutes. A second factor can be enrolled only in the days after the account was made
or reset, and the administrator's initial password is replaced in the same step.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from services.brain.accounts import service
from services.brain.accounts.failures import forget_failures
from services.brain.accounts.providers import PROVIDERS, Identified, accept_code
from services.brain.accounts.tables import Account, Credential, SignInStep
from services.brain.desk import Desk, SignInLimits
from services.brain.organisation.posts import post_on
from services.brain.people.service import resolve
from services.brain.sessions import service as sessions
from shared import clock
from shared.db.principals import Role
from shared.db.problems import Forbidden, Invalid, Unauthorised
from shared.db.unit import UnitOfWork
from shared.security import totp
from shared.security.passwords import check_complexity
from shared.security.tokens import LIFETIME, Claims, new_refresh_token, refresh_digest

StepKind = Literal["enrol", "renew"]


class AccountLocked(Forbidden):
    code = "account_locked"
    detail = "账号已被安全管理员锁定"


class AccountClosed(Forbidden):
    code = "account_closed"
    detail = "账号已关闭"


class NoPost(Forbidden):
    code = "no_post"
    detail = "账号目前没有任职，不能登录"


class EnrolmentOver(Forbidden):
    code = "enrolment_over"
    detail = "绑定第二因子的期限已过，请联系安全管理员重置账号"


class StepRefused(Unauthorised):
    code = "step_refused"
    detail = "操作已超时或已完成，请重新登录"


class WrongCode(Invalid):
    code = "wrong_code"
    detail = "动态验证码不正确"


class SamePassword(Invalid):
    code = "same_password"
    detail = "新密码不能与原密码相同"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a signed-in caller holds; `expires_in` in seconds, of the access token."""

    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class StepNeeded:
    """The sign-in stopped; the token is for the one thing that is missing. `expires_in` in seconds."""

    kind: StepKind
    step_token: str
    expires_in: int


async def sign_in(unit: UnitOfWork, desk: Desk, provider: str, attempt: Any) -> Tokens | StepNeeded:
    """Identify, then open a session or say what is missing. Raises what the provider raises, `AccountLocked`,
    `AccountClosed`, `NoPost`, `EnrolmentOver`."""
    found = await PROVIDERS[provider].identify(unit, desk, attempt)
    account = await _open_account(unit, found.account.id)
    unit.note(detail={"account": found.account.id})
    if found.missing:
        return await _stop(unit, found, found.missing)
    await forget_failures(unit, account.username)
    return await _open(unit, desk, account, second_factor=found.second_factor)


async def refresh(unit: UnitOfWork, desk: Desk, token: str) -> Tokens:
    """New tokens for an unused refresh token. Raises `RefreshRefused`; a token used twice ends the session."""
    account = await _open_account(unit, await sessions.account_of(unit, token))
    session, next_token = await sessions.rotate(unit, token)
    standing = await _standing(unit, account)
    if standing.post_id != session.post_id:
        end = partial(_end_after_transfer, session_id=session.id)
        raise sessions.RefreshRefused(then=end)
    unit.note(detail={"account": account.id})
    return _issue(unit, desk, account, standing, session.id, next_token, second_factor=session.second_factor)


async def offer_second_factor(unit: UnitOfWork, step_token: str) -> tuple[str, str]:
    """A fresh secret to enrol: (enrolment URI, user name). Asking again replaces it. Raises `StepRefused`."""
    step = await _step(unit, step_token, "enrol")
    account = await unit.get(Account, step.account_id)
    secret = totp.new_secret()
    step.totp_secret = unit.vault.seal_bytes(SignInStep, "totp_secret", step.digest.hex(), secret)
    return totp.enrolment_uri(secret, account.username), account.username


async def confirm_second_factor(unit: UnitOfWork, desk: Desk, step_token: str, code: str, new_password: str) -> Tokens:
    """The phone shows the right code: the factor counts from now on, and the initial password is replaced.

    Raises `StepRefused`, `WrongCode`, `WeakPassword`, `SamePassword`.
    """
    step = await _step(unit, step_token, "enrol")
    if step.totp_secret is None:
        raise StepRefused
    account = await _open_account(unit, step.account_id)
    secret = unit.vault.open_bytes(SignInStep, "totp_secret", step.digest.hex(), step.totp_secret)
    if totp.accepted_step(secret, code, clock.real()) is None:
        raise WrongCode(field="code")
    credential = await unit.get(Credential, account.id, lock=True)
    credential.totp_secret = unit.vault.seal_bytes(Credential, "totp_secret", account.id, secret)
    credential.totp_last_step = -1
    accept_code(unit, credential, code)
    await set_password(unit, desk, account, credential, new_password)
    step.used_at = clock.real()
    return await _open_anew(unit, desk, account)


async def renew_password(unit: UnitOfWork, desk: Desk, step_token: str, new_password: str) -> Tokens:
    """Replace a password that grew too old. Raises `StepRefused`, `WeakPassword`, `SamePassword`."""
    step = await _step(unit, step_token, "renew")
    account = await _open_account(unit, step.account_id)
    credential = await unit.get(Credential, account.id, lock=True)
    await set_password(unit, desk, account, credential, new_password)
    step.used_at = clock.real()
    return await _open_anew(unit, desk, account)


async def set_password(
    unit: UnitOfWork, desk: Desk, account: Account, credential: Credential, new_password: str
) -> None:
    """Store a password of the holder's own choice. Raises `WeakPassword`, `SamePassword`."""
    check_complexity(new_password, account.username, field="newPassword")
    if await desk.passwords.verify(credential.password_hash, new_password):
        raise SamePassword(field="newPassword")
    credential.password_hash = await desk.passwords.hash(new_password)
    credential.password_set_at = clock.real()
    await unit.flush()


@dataclass(frozen=True, slots=True)
class _Standing:
    role: Role
    area_code: str
    org_id: str
    post_id: str | None
    person_id: str


async def _standing(unit: UnitOfWork, account: Account) -> _Standing:
    """The post of the day; without one a person's account is a resident's. Raises `NoPost`."""
    post = await post_on(unit, account.id, unit.today)
    person_id = await resolve(unit, account.person_id) if account.person_id else ""
    if post is not None:
        return _Standing(Role(post.role), post.area_code, post.org_id, post.id, person_id)
    if not person_id:
        raise NoPost
    return _Standing(Role.RESIDENT, account.area_code, "", None, person_id)


async def _open_account(unit: UnitOfWork, account_id: str) -> Account:
    """The account under lock: whoever locks, closes or transfers it at this moment ends the session we make."""
    account = await unit.get(Account, account_id, lock=True)
    if account.locked_at is not None:
        raise AccountLocked
    if await service.is_closed(unit, account.id):
        raise AccountClosed
    return account


async def _open(unit: UnitOfWork, desk: Desk, account: Account, *, second_factor: bool) -> Tokens:
    standing = await _standing(unit, account)
    session, token = await sessions.open_session(
        unit,
        account_id=account.id,
        area_code=account.area_code,
        role=standing.role.value,
        post_id=standing.post_id,
        second_factor=second_factor,
    )
    return _issue(unit, desk, account, standing, session.id, token, second_factor=second_factor)


async def _open_anew(unit: UnitOfWork, desk: Desk, account: Account) -> Tokens:
    """After a change of credentials: whoever was signed in with the old ones is not any more."""
    await unit.flush()
    await sessions.end_sessions(unit, [account.id], "password_changed")
    await forget_failures(unit, account.username)
    unit.note(detail={"account": account.id})
    return await _open(unit, desk, account, second_factor=True)


def _issue(
    unit: UnitOfWork,
    desk: Desk,
    account: Account,
    standing: _Standing,
    session_id: str,
    refresh_token: str,
    *,
    second_factor: bool,
) -> Tokens:
    claims = Claims.starting(
        clock.real(),
        account_id=account.id,
        session_id=session_id,
        role=standing.role,
        area_code=standing.area_code,
        org_id=standing.org_id,
        person_id=standing.person_id,
        name=unit.vault.open(Account, "name", account.id, account.name),
        second_factor=second_factor,
    )
    return Tokens(desk.signer.issue(claims), refresh_token, int(LIFETIME.total_seconds()))


async def _stop(unit: UnitOfWork, found: Identified, kind: StepKind) -> StepNeeded:
    if kind == "enrol":
        credential = await unit.get(Credential, found.account.id)
        if clock.real() > credential.enrol_until:
            raise EnrolmentOver
    limits = SignInLimits.on(unit.today)
    token = new_refresh_token()
    unit.add(
        SignInStep(
            digest=refresh_digest(token), account_id=found.account.id, kind=kind, expires_at=clock.real() + limits.step
        )
    )
    await unit.flush()
    return StepNeeded(kind, token, int(limits.step.total_seconds()))


async def _step(unit: UnitOfWork, token: str, kind: StepKind) -> SignInStep:
    step = await unit.session.get(SignInStep, refresh_digest(token), with_for_update=True)
    if step is None or step.kind != kind or step.used_at is not None or clock.real() >= step.expires_at:
        raise StepRefused
    return step


async def _end_after_transfer(unit: UnitOfWork, *, session_id: str) -> None:
    await sessions.end_session(unit, session_id, "post_changed")
