"""A town's reserve: opened by the district, spent by the town, filled up again when it falls too low (R-04).

Every movement is one line of the ledger between two accounts. The reserve's row is locked first; the database keeps its
balance from the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, insert, select
from sqlmodel import col

from services.relief.delegation.rules import NotATown
from services.relief.delegation.service import town_of
from services.relief.households.rules import AreaOutside
from services.relief.law import in_force
from services.relief.temporary.rules import (
    ReplenishDone,
    ReplenishOpen,
    ReserveExists,
    ReserveMissing,
    ReserveShort,
    is_low,
)
from services.relief.temporary.tables import Reserve, ReserveEntry, ReserveRequest
from shared.db.database import on_constraint
from shared.db.principals import Scope
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

on_constraint("pk_reserve", ReserveExists)
on_constraint("ck_reserve_balance", ReserveShort)
on_constraint("uq_reserve_request_open", ReplenishOpen)


async def open_reserve(unit: UnitOfWork, area_code: str) -> Reserve:
    """Give a town its reserve, filled. Raises NotATown, AreaOutside, ReserveExists."""
    town = _towns(unit, area_code)
    await open_reserves(unit, [town])
    return await unit.get(Reserve, town, lock=True)


async def open_reserves(unit: UnitOfWork, towns: Sequence[str]) -> None:
    """The same for many towns, in two statements."""
    amounts = {town: in_force(unit.today, town).fen("temporary.reserve") for town in towns}
    by, at = unit.principal.account_id, unit.now
    opened = [
        {"area_code": town, "float_fen": fen, "balance_fen": 0, "opened_by": by, "opened_at": at}
        for town, fen in amounts.items()
    ]
    await unit.execute(insert(table_of(Reserve)), opened)
    lines = [_line(unit, town, "FUND", "DISTRICT", "RESERVE", fen) for town, fen in amounts.items()]
    await unit.execute(insert(table_of(ReserveEntry)), lines)


async def spend(unit: UnitOfWork, area_code: str, case_id: str, amount_fen: int) -> None:
    """Pay a family out of the town's reserve. Raises ReserveMissing, ReserveShort; asks to be filled up when it falls
    too low."""
    town = town_of(area_code)
    reserve = await _locked(unit, town)
    if reserve.balance_fen < amount_fen:
        raise ReserveShort
    await _book(unit, town, "GRANT", "RESERVE", "FAMILY", amount_fen, case_id=case_id)
    left = reserve.balance_fen - amount_fen
    share = in_force(unit.today, town).ratio("temporary.replenish_below")
    asked = select(col(ReserveRequest.id)).where(
        col(ReserveRequest.area_code) == town, col(ReserveRequest.state) == "OPEN"
    )
    if is_low(left, reserve.float_fen, share) and await unit.first(asked) is None:
        await _ask(unit, town, left)


async def spend_districts(unit: UnitOfWork, area_code: str, case_id: str, amount_fen: int) -> None:
    """Pay a family out of the district's money; the same ledger says so."""
    await _book(unit, town_of(area_code), "GRANT", "DISTRICT", "FAMILY", amount_fen, case_id=case_id)


async def ask_to_fill(unit: UnitOfWork, area_code: str) -> ReserveRequest:
    """The town asks before it must. Raises AreaOutside, ReplenishOpen, ReserveMissing."""
    town = _towns(unit, area_code)
    reserve = await _locked(unit, town)
    return await _ask(unit, town, reserve.balance_fen)


async def fill(unit: UnitOfWork, request_id: str) -> ReserveRequest:
    """Fill a reserve up to its float, by what is missing now. Raises ReplenishDone."""
    seen = await unit.get(ReserveRequest, request_id)
    reserve = await _locked(unit, seen.area_code)
    request = await unit.get(ReserveRequest, request_id, lock=True)
    if request.state != "OPEN":
        raise ReplenishDone
    missing = reserve.float_fen - reserve.balance_fen
    if missing > 0:
        await _book(unit, seen.area_code, "REPLENISH", "DISTRICT", "RESERVE", missing)
    request.state, request.filled_fen = "DONE", missing
    request.done_by, request.done_at = unit.principal.account_id, unit.now
    await unit.flush()
    return request


async def _ask(unit: UnitOfWork, town: str, balance_fen: int) -> ReserveRequest:
    request = ReserveRequest(
        id=uuid7(),
        area_code=town,
        balance_fen=balance_fen,
        asked_by=unit.principal.account_id,
        asked_at=unit.now,
    )
    unit.add(request)
    await unit.flush()
    return request


def _towns(unit: UnitOfWork, area_code: str) -> str:
    who, town = unit.principal, town_of(area_code)
    if not town:
        raise NotATown(detail="备用金设在乡镇（街道）", field="areaCode")
    if who.scope is Scope.AREA and not who.lo <= town < who.hi:
        raise AreaOutside(field="areaCode")
    return town


async def _locked(unit: UnitOfWork, town: str) -> Reserve:
    found: list[Reserve] = await unit.lock(Reserve, [town])
    if not found:
        raise ReserveMissing
    return found[0]


async def _book(
    unit: UnitOfWork, town: str, kind: str, from_account: str, to_account: str, amount_fen: int, *, case_id: str = ""
) -> None:
    line = _line(unit, town, kind, from_account, to_account, amount_fen, case_id=case_id)
    await unit.execute(insert(table_of(ReserveEntry)), [line])


def _line(
    unit: UnitOfWork, town: str, kind: str, from_account: str, to_account: str, amount_fen: int, *, case_id: str = ""
) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "area_code": town,
        "kind": kind,
        "from_account": from_account,
        "to_account": to_account,
        "amount_fen": amount_fen,
        "case_id": case_id,
        "made_by": unit.principal.account_id,
        "made_at": unit.now,
    }


def reserves() -> Select[Any]:
    """Reserves of the caller's rows."""
    return select(Reserve)


def entries(area_code: str | None) -> Select[Any]:
    """The ledger, of one town where named."""
    statement = select(ReserveEntry)
    return statement if area_code is None else statement.where(col(ReserveEntry.area_code) == town_of(area_code))


def requests(*, is_open: bool | None = None) -> Select[Any]:
    """Requests of the caller's rows."""
    statement = select(ReserveRequest)
    if is_open is not None:
        state = col(ReserveRequest.state)
        statement = statement.where(state == "OPEN" if is_open else state != "OPEN")
    return statement
