"""Opening, renewing and ending sessions. All of it runs under the system's rows.

Sessions live by real time, like the tokens they give: moving the business clock signs nobody out.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from services.brain.desk import SignInLimits
from services.brain.sessions.tables import RefreshToken, Session
from shared import clock
from shared.contracts.brain import SessionRevoked
from shared.db.problems import Unauthorised
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.security.tables import RevokedSession
from shared.security.tokens import LIFETIME, new_refresh_token, refresh_digest

EndReason = Literal[
    "signed_out",
    "revoked",
    "token_reused",
    "account_locked",
    "account_reset",
    "account_closed",
    "post_changed",
    "password_changed",
]


class RefreshRefused(Unauthorised):
    """Unknown, used, expired, or of a session that has ended: the caller is not told which."""

    code = "refresh_refused"
    detail = "登录已失效，请重新登录"


_TIDY_TOKENS = text("delete from refresh_token where expires_at < :now")
_TIDY_SESSIONS = text(
    "update session set ended_at = ends_at, end_reason = 'expired' where ended_at is null and ends_at < :now"
)


async def open_session(
    unit: UnitOfWork, *, account_id: str, area_code: str, role: str, post_id: str | None, second_factor: bool
) -> tuple[Session, str]:
    """A new session and its first refresh token."""
    limits, now = SignInLimits.on(unit.today), clock.real()
    session = Session(
        id=uuid7(),
        account_id=account_id,
        area_code=area_code,
        role=role,
        post_id=post_id,
        second_factor=second_factor,
        started_at=now,
        seen_at=now,
        ends_at=now + limits.session,
    )
    unit.add(session)
    await unit.flush()
    return session, await _new_token(unit, session, limits)


async def account_of(unit: UnitOfWork, token: str) -> str:
    """Whose refresh token it is or was. Raises `RefreshRefused`."""
    statement = (
        select(Session.account_id)
        .join(RefreshToken, col(RefreshToken.session_id) == col(Session.id))
        .where(col(RefreshToken.digest) == refresh_digest(token))
    )
    account_id: str | None = await unit.first(statement)
    if account_id is None:
        raise RefreshRefused
    return account_id


async def rotate(unit: UnitOfWork, token: str) -> tuple[Session, str]:
    """The session of an unused refresh token, and the next one; hold the account's lock. Raises `RefreshRefused`.

    A token that was used before ends the whole session, in a transaction of its own after the refusal.
    """
    digest, now = refresh_digest(token), clock.real()
    row: RefreshToken | None = await unit.session.get(RefreshToken, digest, with_for_update=True)
    if row is None:
        raise RefreshRefused
    session = await unit.get(Session, row.session_id, lock=True)
    if session.ended_at is not None:
        raise RefreshRefused
    if row.used_at is not None:
        raise RefreshRefused(then=partial(_end_one, session_id=session.id))
    if now >= min(row.expires_at, session.ends_at):
        raise RefreshRefused
    row.used_at = session.seen_at = now
    return session, await _new_token(unit, session, SignInLimits.on(unit.today))


async def end_session(unit: UnitOfWork, session_id: str, reason: EndReason) -> Session:
    """End one session; ending it again changes nothing. `NotFound` when there is none."""
    session = await unit.get(Session, session_id, lock=True)
    if session.ended_at is None:
        await _end(unit, [session], reason)
    return session


async def end_sessions(
    unit: UnitOfWork, account_ids: Sequence[str], reason: EndReason, *, but: str = ""
) -> list[Session]:
    """End all sessions of these accounts, except the session `but`."""
    statement = (
        select(Session)
        .where(col(Session.account_id).in_(account_ids), col(Session.ended_at).is_(None), col(Session.id) != but)
        .order_by(col(Session.id))
        .with_for_update()
    )
    open_ones: list[Session] = await unit.all(statement)
    await _end(unit, open_ones, reason)
    return open_ones


async def tidy(unit: UnitOfWork) -> None:
    """Forget refresh tokens nobody can use any more, and mark sessions that ran out."""
    now = {"now": clock.real()}
    await unit.execute(_TIDY_TOKENS, now)
    await unit.execute(_TIDY_SESSIONS, now)


async def _new_token(unit: UnitOfWork, session: Session, limits: SignInLimits) -> str:
    token, now = new_refresh_token(), clock.real()
    expires_at = min(now + limits.idle, session.ends_at)
    unit.add(RefreshToken(digest=refresh_digest(token), session_id=session.id, expires_at=expires_at))
    await unit.flush()
    return token


async def _end_one(unit: UnitOfWork, *, session_id: str) -> None:
    await end_session(unit, session_id, "token_reused")


async def _end(unit: UnitOfWork, ended: Sequence[Session], reason: EndReason) -> None:
    """Brain refuses them at once, in this transaction; the other services when the event arrives."""
    if not ended:
        return
    now = clock.real()
    until = now + LIFETIME
    for session in ended:
        session.ended_at = now
        session.end_reason = reason
        unit.emit(
            SessionRevoked(session_id=session.id, account_id=session.account_id, until=until),
            area_code=session.area_code,
        )
    rows = [{"session_id": session.id, "until": until} for session in ended]
    await unit.execute(insert(table_of(RevokedSession)).values(rows).on_conflict_do_nothing())
