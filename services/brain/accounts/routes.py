"""Accounts as administrators manage them: the system administrator makes them, the security administrator gives
posts, locks and resets (三员分立, domain §1.8). None of them sees a person."""

from collections.abc import Collection
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlmodel import col

from services.brain.accounts import service
from services.brain.accounts.schemas import (
    AccountIn,
    AccountOut,
    AppointIn,
    EndPostIn,
    PostChangedOut,
    ReasonIn,
    ResetIn,
)
from services.brain.accounts.tables import Account
from services.brain.desk import DeskOf
from services.brain.organisation import posts
from services.brain.reach import require_reach
from shared.db.problems import NotFound
from shared.db.unit import UnitOfWork
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.paging import PageParameters
from shared.web.wire import ShortText


class AccountQuery(PageParameters):
    """`username` for one account."""

    username: ShortText | None = Field(None, description="用户名")


router = Router(prefix="/api/brain", tags=["账号"])


@router.get("/accounts")
@permit("account", "read")
async def list_accounts(unit: Unit, query: Annotated[AccountQuery, Query()]) -> Page[AccountOut]:
    """账号，不含姓名。"""
    statement = service.accounts_like(username=query.username)
    found = await paginate(unit, statement, [col(Account.area_code), col(Account.id)], query, _out)
    closed = await service.closed_among(unit, [item.id for item in found.items])
    items = [item.model_copy(update={"is_closed": item.id in closed}) for item in found.items]
    return found.model_copy(update={"items": items})


@router.post("/accounts", status_code=201)
@permit("account", "create")
async def create_account(body: AccountIn, unit: Unit, desk: DeskOf) -> AccountOut:
    """建立账号；首次登录须绑定第二因子并更换初始密码。"""
    require_reach(unit, body.area_code)
    async with unit.elevated("create an account"):
        account_id = await service.create_account(unit, desk, **body.model_dump())
    return _out(await unit.get(Account, account_id))


@router.post("/accounts/{account_id}/lock")
@permit("account", "lock")
async def lock_account(account_id: UuidStr, body: ReasonIn, unit: Unit) -> AccountOut:
    """锁定账号，其会话立即失效。"""
    await unit.get(Account, account_id)
    unit.note(reason=body.reason, detail={"account": account_id})
    async with unit.elevated("lock an account"):
        account = await service.lock_account(unit, account_id, body.reason)
    return await _one(unit, account)


@router.post("/accounts/{account_id}/unlock")
@permit("account", "lock")
async def unlock_account(account_id: UuidStr, body: ReasonIn, unit: Unit) -> AccountOut:
    """解除锁定。"""
    await unit.get(Account, account_id)
    unit.note(reason=body.reason, detail={"account": account_id})
    async with unit.elevated("unlock an account"):
        account = await service.unlock_account(unit, account_id)
    return await _one(unit, account)


@router.post("/accounts/{account_id}/reset")
@permit("account", "reset")
async def reset_account(account_id: UuidStr, body: ResetIn, unit: Unit, desk: DeskOf) -> AccountOut:
    """重置密码和第二因子，其会话立即失效。"""
    await unit.get(Account, account_id)
    unit.note(reason=body.reason, detail={"account": account_id})
    async with unit.elevated("reset an account"):
        account = await service.reset_account(unit, desk, account_id, body.initial_password)
    return await _one(unit, account)


@router.post("/accounts/{account_id}/posts", status_code=201)
@permit("post", "change")
async def appoint(account_id: UuidStr, body: AppointIn, unit: Unit) -> PostChangedOut:
    """自某日起任职；原任职同日终止，数据范围随之变更。"""
    await unit.get(Account, account_id, lock=True)
    if body.area_code:
        require_reach(unit, body.area_code)
    new = posts.NewPost(
        account_id=account_id,
        unit_id=body.unit_id,
        role=body.role,
        from_date=body.from_date,
        area_code=body.area_code or "",
        org_id=body.org_id or "",
    )
    async with unit.elevated("appoint"):
        post = await posts.appoint(unit, new)
    require_reach(unit, post.area_code)
    unit.note(detail={"account": account_id, "post": post.id})
    return PostChangedOut.model_validate(post)


@router.post("/accounts/{account_id}/posts/end")
@permit("post", "change")
async def end_post(account_id: UuidStr, body: EndPostIn, unit: Unit) -> PostChangedOut:
    """自某日起离任。"""
    await unit.get(Account, account_id, lock=True)
    if (await posts.get_post(unit, body.post_id)).account_id != account_id:
        raise NotFound
    unit.note(detail={"account": account_id, "post": body.post_id})
    async with unit.elevated("end a post"):
        post = await posts.end_post(unit, body.post_id, body.on_date)
    return PostChangedOut.model_validate(post)


async def _one(unit: UnitOfWork, account: Account) -> AccountOut:
    return _out(account, await service.closed_among(unit, [account.id]))


def _out(account: Account, closed: Collection[str] = ()) -> AccountOut:
    return AccountOut(
        id=account.id,
        username=account.username,
        area_code=account.area_code,
        is_demo=account.is_demo,
        is_locked=account.locked_at is not None,
        lock_reason=account.lock_reason,
        is_closed=account.id in closed,
        created_at=account.created_at,
    )
