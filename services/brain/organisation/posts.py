"""Posts: who holds which role where, from a day to a day. Runs under the system's rows.

A transfer closes the old post and opens the new one on the same day; from that day the account sees the rows of the
new post. Its sessions end then: at once, or by a timer when the day lies ahead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select

from services.brain.organisation.tables import Post, PostHolder
from services.brain.organisation.units import unit_on
from services.brain.sessions.service import end_sessions
from shared.china import areas
from shared.clock import start_of_day
from shared.contracts.brain import PostChanged
from shared.db.database import on_constraint
from shared.db.principals import Role
from shared.db.problems import Conflict, Forbidden, Invalid, NotFound
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events.timers import set_timer
from shared.ids import uuid7

POST_BEGINS = "post.begins"
"""The timer's kind; its payload is `{accountId}`."""


class PostPlanned(Conflict):
    code = "post_planned"
    detail = "该账号在此日期当日或之后已有任职安排"


class PostEnded(Conflict):
    code = "post_ended"
    detail = "该任职已经结束"


class PostOutsideUnit(Invalid):
    code = "post_outside_unit"
    detail = "任职区划不在该单位的区划之内"


class NoSuchUnit(Invalid):
    code = "unit_not_found"
    detail = "该单位在此日期不存在"


class OwnPost(Forbidden):
    """Nobody gives herself rights (等保 8.1.4.2)."""

    code = "own_post"
    detail = "不能变更本人的任职"


on_constraint("ex_post_period", PostPlanned)
on_constraint("uq_post_account_id_valid_from", PostPlanned)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """`area_code` is the unit's where it is left out; `org_id`, whose rows institution roles see, is the unit."""

    account_id: str
    unit_id: str
    role: Role
    from_date: date
    area_code: str = ""
    org_id: str = ""


async def get_post(unit: UnitOfWork, post_id: str) -> Post:
    """A post among the caller's rows, else NotFound."""
    return await unit.get(Post, post_id)


async def appoint(unit: UnitOfWork, new: NewPost) -> Post:
    """Give an account a post from a day on; a post it holds on that day ends then (a transfer).

    Raises `PostPlanned`, `PostOutsideUnit`, `NoSuchUnit`, `OwnPost`.
    """
    if new.account_id == unit.principal.account_id:
        raise OwnPost
    if new.role is Role.SYSTEM:
        raise Invalid("role_not_for_accounts", "该角色不能授予账号", field="role")
    holder = await _lock_holder(unit, new.account_id)
    try:
        place = await unit_on(unit, new.unit_id, new.from_date)
    except NotFound:
        raise NoSuchUnit(field="unitId") from None
    area_code = new.area_code or place.area_code
    if not areas.covers(place.area_code, area_code):
        raise PostOutsideUnit(field="areaCode")
    last: Post | None = await unit.first(
        select(Post).where(col(Post.account_id) == new.account_id).order_by(col(Post.valid_from).desc()).limit(1)
    )
    old: str | None = None
    if last is not None and (last.valid_to is None or last.valid_to > new.from_date):
        if last.valid_from >= new.from_date or last.valid_to is not None:
            raise PostPlanned
        last.valid_to = new.from_date
        old = last.id
        await unit.flush()
    post = Post(
        id=uuid7(),
        account_id=new.account_id,
        unit_id=new.unit_id,
        role=new.role.value,
        area_code=areas.full(area_code),
        org_id=new.org_id or new.unit_id,
        valid_from=new.from_date,
    )
    unit.add(post)
    await _changed(unit, holder, old=old, new=post.id, on_date=new.from_date, area_code=post.area_code)
    return post


async def appoint_many(unit: UnitOfWork, new: Sequence[NewPost]) -> list[str]:
    """First posts of new accounts, set-based (loading a bureau). Areas are given; returns the posts' ids."""
    rows = [
        {
            "id": uuid7(),
            "account_id": one.account_id,
            "unit_id": one.unit_id,
            "role": one.role.value,
            "area_code": areas.full(one.area_code),
            "org_id": one.org_id or one.unit_id,
            "valid_from": one.from_date,
        }
        for one in new
    ]
    if not rows:
        return []
    await unit.enter(PostHolder, [{"account_id": one.account_id, "seq": 1} for one in new])
    await unit.enter(Post, rows)
    for row in rows:
        event = PostChanged(account_id=str(row["account_id"]), old_post=None, new_post=str(row["id"]), seq=1)
        unit.emit(event, area_code=str(row["area_code"]))
    return [str(row["id"]) for row in rows]


async def end_post(unit: UnitOfWork, post_id: str, on_date: date) -> Post:
    """The account leaves its post: the first day without it is `on_date`. Raises `PostEnded`, `OwnPost`."""
    post = await unit.get(Post, post_id)
    if post.account_id == unit.principal.account_id:
        raise OwnPost
    holder = await _lock_holder(unit, post.account_id)
    post = await unit.get(Post, post_id, lock=True)
    if post.valid_to is not None:
        raise PostEnded
    if on_date <= post.valid_from:
        raise Invalid("post_not_begun", "离任日期应晚于任职日期", field="onDate")
    post.valid_to = on_date
    await _changed(unit, holder, old=post.id, new=None, on_date=on_date, area_code=post.area_code)
    return post


async def post_on(unit: UnitOfWork, account_id: str, day: date) -> Post | None:
    """The post an account holds on a day."""
    found: Post | None = await unit.first(posts_on(day).where(col(Post.account_id) == account_id))
    return found


def posts_on(day: date) -> Any:
    """The statement that lists the posts held on a day."""
    return select(Post).where(col(Post.valid_from) <= day, or_(col(Post.valid_to).is_(None), col(Post.valid_to) > day))


async def _lock_holder(unit: UnitOfWork, account_id: str) -> PostHolder:
    row = upsert(table_of(PostHolder)).values(account_id=account_id, seq=0).on_conflict_do_nothing()
    await unit.execute(row)
    return await unit.get(PostHolder, account_id, lock=True)


async def _changed(
    unit: UnitOfWork, holder: PostHolder, *, old: str | None, new: str | None, on_date: date, area_code: str
) -> None:
    holder.seq += 1
    event = PostChanged(account_id=holder.account_id, old_post=old, new_post=new, seq=holder.seq)
    unit.emit(event, area_code=area_code)
    await unit.flush()
    if on_date <= unit.today:
        await end_sessions(unit, [holder.account_id], "post_changed")
    else:
        key = f"{holder.account_id}/{holder.seq}"
        await set_timer(unit, POST_BEGINS, key, start_of_day(on_date), {"accountId": holder.account_id})
