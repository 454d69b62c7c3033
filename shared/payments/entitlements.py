"""Granting, changing, ending and holding entitlements; the accounts money goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from shared import effects
from shared.china import bank_card
from shared.china.errors import NumberError
from shared.db.problems import Invalid, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments.due import AMOUNT, END, ENTITLEMENT, HOLD
from shared.payments.months import month_of
from shared.payments.tables import Entitlement, EntitlementAmount, PayeeAccount


@dataclass(frozen=True, slots=True)
class Grant:
    """A new entitlement. `amount_fen` is its first monthly amount; None where the scheme has its own source."""

    scheme: str
    person_id: str
    area_code: str
    from_month: date
    amount_fen: int | None
    decision_id: str = ""
    household_id: str = ""
    org_id: str = ""
    account_id: str | None = None
    to_month: date | None = None


_RECONSIDER = text("""
    update kernel.entitlement
    set reconsider_from = least(coalesce(reconsider_from, cast(:month as date)), cast(:month as date))
    where id = any(cast(:ids as text[])) and (reconsider_from is null or reconsider_from > cast(:month as date))
""")
_RECONSIDER_SCHEME = text("""
    update kernel.entitlement
    set reconsider_from = least(coalesce(reconsider_from, cast(:month as date)), cast(:month as date))
    where scheme = :scheme and (reconsider_from is null or reconsider_from > cast(:month as date))
      and (to_month is null or to_month >= cast(:month as date))
""")
_OF_PERSON = text("""
    select id from kernel.entitlement
    where person_id = :person_id and (to_month is null or to_month >= cast(:month as date))
    order by id for update
""")


_FOLLOW = (
    text("update kernel.entitlement set area_code = :area_code where person_id = :person_id"),
    text("update kernel.payee_account set area_code = :area_code where person_id = :person_id and closed_at is null"),
    text(
        "update kernel.recovery set area_code = :area_code"
        " where person_id = :person_id and state in ('PROPOSED', 'CONFIRMED')"
    ),
)


async def grant(unit: UnitOfWork, grants: Sequence[Grant]) -> list[str]:
    """Open entitlements; their ids in order. The next run pays them from `from_month` on."""
    rows: list[dict[str, Any]] = [
        {
            "id": uuid7(),
            "scheme": new.scheme,
            "person_id": new.person_id,
            "household_id": new.household_id,
            "org_id": new.org_id,
            "area_code": new.area_code,
            "account_id": new.account_id,
            "from_month": month_of(new.from_month),
            "to_month": month_of(new.to_month) if new.to_month else None,
            "decision_id": new.decision_id,
            "reconsider_from": month_of(new.from_month),
            "created_at": unit.now,
        }
        for new in grants
    ]
    amounts = [
        {
            "entitlement_id": row["id"],
            "person_id": new.person_id,
            "org_id": new.org_id,
            "area_code": new.area_code,
            "from_month": row["from_month"],
            "amount_fen": new.amount_fen,
            "decision_id": new.decision_id,
            "cause": "",
            "recorded_at": unit.now,
        }
        for row, new in zip(rows, grants, strict=True)
        if new.amount_fen is not None
    ]
    for model, of_it in ((Entitlement, rows), (EntitlementAmount, amounts)):
        if of_it:
            await unit.enter(model, of_it)
    return [row["id"] for row in rows]


async def set_amount(
    unit: UnitOfWork, entitlement_id: str, from_month: date, amount_fen: int, *, decision_id: str, cause: str = ""
) -> None:
    """From this month on so much a month. With a `cause` the change is an effect: annulling it takes it back.

    The entitlement must be locked; settle it afterwards.
    """
    row = await unit.get(Entitlement, entitlement_id)
    month = month_of(from_month)
    unit.add(
        EntitlementAmount(
            entitlement_id=row.id,
            person_id=row.person_id,
            org_id=row.org_id,
            area_code=row.area_code,
            from_month=month,
            amount_fen=amount_fen,
            decision_id=decision_id,
            cause=cause,
            recorded_at=unit.now,
        )
    )
    await unit.flush()
    if cause:
        await _effect(unit, row, AMOUNT, cause, month)
    await reconsider(unit, [entitlement_id], month)


async def end(unit: UnitOfWork, entitlement_ids: Sequence[str], first_month: date, *, cause: str) -> None:
    """Nothing is due from `first_month` on. An effect of `cause`. The entitlements must be locked."""
    for row in await _rows(unit, entitlement_ids):
        await _effect(unit, row, END, cause, month_of(first_month))


async def hold(unit: UnitOfWork, entitlement_ids: Sequence[str], from_month: date, *, cause: str) -> None:
    """Pay nothing from `from_month` on for now (proof of life due, card failed). An effect of `cause`: when it is
    annulled and settled, the next run pays the months held back. Lines in open batches are left out at the check."""
    for row in await _rows(unit, entitlement_ids):
        await _effect(unit, row, HOLD, cause, month_of(from_month))


async def of_person(unit: UnitOfWork, person_id: str, month: date) -> list[str]:
    """Entitlements of a person whose term reaches `month`, locked."""
    rows = await unit.execute(_OF_PERSON, {"person_id": person_id, "month": month})
    return list(rows.scalars())


async def reconsider(unit: UnitOfWork, entitlement_ids: Sequence[str], month: date) -> None:
    """Have the next run look at these entitlements from `month` on again."""
    await unit.execute(_RECONSIDER, {"ids": list(entitlement_ids), "month": month})


async def reconsider_scheme(unit: UnitOfWork, scheme: str, month: date) -> int:
    """The same for a whole scheme, after its amounts were changed by a statement; the number of entitlements. The
    next run pays what has risen and proposes to recover what has fallen."""
    result = await unit.execute(_RECONSIDER_SCHEME, {"scheme": scheme, "month": month})
    return int(result.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A bank account to enter; an organisation's has no person."""

    person_id: str
    area_code: str
    holder: str
    card: str
    org_id: str = ""


async def open_account(
    unit: UnitOfWork, *, person_id: str, area_code: str, holder: str, card: str, org_id: str = ""
) -> str:
    """Enter a bank account; its id. Raises Invalid (`bank_card_format`, `bank_card_checksum`)."""
    return (await open_accounts(unit, [NewAccount(person_id, area_code, holder, card, org_id)]))[0]


async def open_accounts(unit: UnitOfWork, accounts: Sequence[NewAccount]) -> list[str]:
    """Enter many; their ids in order. Raises as `open_account`."""
    rows: list[dict[str, Any]] = []
    for new in accounts:
        try:
            number = bank_card.parse(new.card)
        except NumberError as error:
            raise Invalid(error.code, error.detail, field="card") from error
        account_id = uuid7()
        rows.append(
            {
                "id": account_id,
                "person_id": new.person_id,
                "org_id": new.org_id,
                "area_code": new.area_code,
                "holder": unit.vault.seal(PayeeAccount, "holder", account_id, new.holder),
                "card": unit.vault.seal(PayeeAccount, "card", account_id, number),
                "last_digits": number[-4:],
                "opened_at": unit.now,
            }
        )
    if rows:
        await unit.enter(PayeeAccount, rows)
    return [row["id"] for row in rows]


async def follow(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """A person moved: her rights, accounts and open recoveries come with her; what was paid stays where it was paid."""
    for statement in _FOLLOW:
        await unit.execute(statement, {"person_id": person_id, "area_code": area_code})


async def pay_to(unit: UnitOfWork, entitlement_id: str, account_id: str) -> None:
    """Pay an entitlement to another account from the next check or run on. NotFound for an unknown account."""
    account = await unit.get(PayeeAccount, account_id)
    if account.closed_at is not None:
        raise NotFound
    row = await unit.get(Entitlement, entitlement_id, lock=True)
    row.account_id = account_id
    await unit.flush()


async def _rows(unit: UnitOfWork, entitlement_ids: Sequence[str]) -> list[Entitlement]:
    return await unit.lock(Entitlement, entitlement_ids)


async def _effect(unit: UnitOfWork, row: Entitlement, kind: str, cause: str, from_date: date) -> None:
    await effects.record(
        unit,
        cause=cause,
        kind=kind,
        object_kind=ENTITLEMENT,
        object_id=row.id,
        person_id=row.person_id,
        area_code=row.area_code,
        org_id=row.org_id,
        from_date=from_date,
    )
