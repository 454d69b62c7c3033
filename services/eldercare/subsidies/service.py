"""Subsidies: proposing, confirming, paying, suspending, ending (E-25)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select, update
from sqlmodel import col

from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Elder
from services.eldercare.law import PARAMETERS
from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.subsidies.proposing import apply, candidate, decide_for, propose, propose_since
from services.eldercare.subsidies.rates import keep_rates
from services.eldercare.subsidies.rules import (
    CARE,
    NotEligible,
    SamePerson,
    stepped,
)
from services.eldercare.subsidies.running import Filled, prepare_settling, run, run_everywhere
from services.eldercare.subsidies.tables import Subsidy, SubsidyLevel
from shared import effects
from shared.db.problems import NotFound
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.ids import uuid7
from shared.payments import Grant, NewAccount, after, month_of, open_account, open_accounts, pay_to
from shared.payments.due import END, ENTITLEMENT
from shared.payments.months import plus
from shared.policy.service import Made, keep, keep_many

__all__ = [
    "Filled",
    "NewSubsidy",
    "Subsidy",
    "apply",
    "decide_for",
    "prepare_settling",
    "propose",
    "propose_since",
    "run",
    "run_everywhere",
]


# ── entering many ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NewSubsidy:
    """A running subsidy as the bulk entry takes it; `account` is the holder's name and a card number."""

    person_id: str
    scheme: str
    from_month: date
    account: tuple[str, str] | None = None


async def add_many(unit: UnitOfWork, subsidies: Sequence[NewSubsidy]) -> list[str]:
    """Enter running subsidies of known elders with their entitlements, decisions and accounts; entitlement ids."""
    await keep_rates(unit)
    ids = sorted({new.person_id for new in subsidies})
    people = {elder.person_id: elder for elder in await unit.all(select(Elder).where(col(Elder.person_id).in_(ids)))}
    made = [
        Made(decide_for(new.scheme, people[new.person_id], month_of(new.from_month)), new.person_id)
        for new in subsidies
    ]
    decision_ids = await keep_many(unit, made, PARAMETERS)
    opened = iter(
        await open_accounts(
            unit,
            [
                NewAccount(new.person_id, people[new.person_id].area_code, *new.account)
                for new in subsidies
                if new.account is not None
            ],
        )
    )
    grants: list[Grant] = []
    rows: list[dict[str, Any]] = []
    for new, decision_id in zip(subsidies, decision_ids, strict=True):
        elder, month = people[new.person_id], month_of(new.from_month)
        grants.append(_grant(new.scheme, elder, month, decision_id, next(opened) if new.account else None))
        row = candidate(unit, new.person_id, elder.area_code, new.scheme, month)
        rows.append(row | {"state": "ACTIVE", "decision_id": decision_id})
    entitlement_ids = await PAYMENTS.grant(unit, *grants)
    levels = []
    for row, entitlement_id in zip(rows, entitlement_ids, strict=True):
        row["entitlement_id"] = entitlement_id
        if row["scheme"] == CARE:
            levels.append(_level(entitlement_id, people[row["person_id"]], row["from_month"]))
    if rows:
        await unit.enter(Subsidy, rows)
    if levels:
        await unit.enter(SubsidyLevel, levels)
    return entitlement_ids


def _grant(scheme: str, elder: Elder, month: date, decision_id: str, account_id: str | None) -> Grant:
    return Grant(
        scheme=scheme,
        person_id=elder.person_id,
        area_code=elder.area_code,
        from_month=month,
        amount_fen=None,
        decision_id=decision_id,
        account_id=account_id,
    )


def _level(entitlement_id: str, elder: Elder, month: Any) -> dict[str, Any]:
    return {
        "entitlement_id": entitlement_id,
        "from_month": month,
        "level": elder.ability_level or 0,
        "person_id": elder.person_id,
        "area_code": elder.area_code,
    }


# ── people decide ────────────────────────────────────────────────────────────────────────────────


async def confirm(unit: UnitOfWork, subsidy_ids: Sequence[str]) -> list[Subsidy]:
    """A person has looked at these candidates: each is decided with its reasons kept. All or none.

    Raises NotFound, SubsidyInWrongState, NotEligible, ElderDeceased.
    """
    done = []
    for subsidy, elder in await _locked(unit, subsidy_ids):
        subsidy.state = stepped(subsidy.state, "confirm")
        decision = decide_for(subsidy.scheme, elder, subsidy.from_month)
        if decision.outcome != "granted":
            raise NotEligible(detail=f"不符合补贴条件：{decision.reasons[-1].sentence}")
        subsidy.decision_id = await keep(unit, decision, PARAMETERS, person_id=elder.person_id)
        subsidy.confirmed_by, subsidy.version = unit.principal.account_id, subsidy.version + 1
        done.append(subsidy)
    await unit.flush()
    return done


async def refuse(unit: UnitOfWork, subsidy_id: str, reason: str) -> Subsidy:
    """A candidate is not confirmed."""
    return await _step(unit, subsidy_id, "refuse", reason)


async def activate(unit: UnitOfWork, subsidy_ids: Sequence[str]) -> list[Subsidy]:
    """Another person approves: entitlements begin, the next batch pays from `from_month` on. All or none."""
    await keep_rates(unit)
    done = []
    for subsidy, elder in await _locked(unit, subsidy_ids):
        subsidy.state = stepped(subsidy.state, "activate")
        if subsidy.confirmed_by == unit.principal.account_id:
            raise SamePerson
        grant = _grant(subsidy.scheme, elder, subsidy.from_month, subsidy.decision_id, None)
        [subsidy.entitlement_id] = await PAYMENTS.grant(unit, grant)
        if subsidy.scheme == CARE:
            level = _level(subsidy.entitlement_id, elder, subsidy.from_month)
            await unit.enter(SubsidyLevel, [level])
        subsidy.version += 1
        done.append(subsidy)
    await unit.flush()
    return done


async def _locked(unit: UnitOfWork, subsidy_ids: Sequence[str]) -> list[tuple[Subsidy, Elder]]:
    """Elders before subsidies, smallest id first."""
    wanted = sorted(set(subsidy_ids))
    seen = await unit.all(select(Subsidy).where(col(Subsidy.id).in_(wanted)))
    if len(seen) != len(wanted):
        raise NotFound
    people = {elder.person_id: elder for elder in await unit.lock(Elder, [row.person_id for row in seen])}
    found = []
    for subsidy in await unit.lock(Subsidy, wanted):
        elder = people.get(subsidy.person_id)
        if elder is None:
            raise NotFound
        if not elders.is_alive(elder):
            raise elders.ElderDeceased
        found.append((subsidy, elder))
    return found


async def suspend(unit: UnitOfWork, subsidy_id: str, reason: str) -> Subsidy:
    """Proof of life is due: nothing is paid from this month on until it is there."""
    subsidy = await _step(unit, subsidy_id, "suspend", reason)
    subsidy.suspension_id = f"suspension-{uuid7()}"
    assert subsidy.entitlement_id is not None
    await PAYMENTS.hold(unit, [subsidy.entitlement_id], month_of(unit.today), cause=subsidy.suspension_id)
    await unit.flush()
    return subsidy


async def resume(unit: UnitOfWork, subsidy_id: str) -> Subsidy:
    """The proof is there: the next batch pays what was held back."""
    subsidy = await _step(unit, subsidy_id, "resume", "")
    async with unit.elevated("subsidies.resume: the hold is withdrawn"):
        await effects.annul(unit, subsidy.suspension_id)
    await PAYMENTS.settle_cause(unit, subsidy.suspension_id)
    subsidy.suspension_id = ""
    await unit.flush()
    return subsidy


async def end(unit: UnitOfWork, subsidy_id: str, last_month: date, reason: str) -> Subsidy:
    """For another reason than death: nothing is due after `last_month`; what was paid too much is to be recovered."""
    subsidy = await _step(unit, subsidy_id, "end", reason)
    assert subsidy.entitlement_id is not None
    await PAYMENTS.end(
        unit, cause=f"end-{subsidy.id}", first_month=after(last_month), entitlement_ids=[subsidy.entitlement_id]
    )
    return subsidy


async def _step(unit: UnitOfWork, subsidy_id: str, action: str, reason: str) -> Subsidy:
    subsidy = await unit.get(Subsidy, subsidy_id, lock=True)
    unit.expect_version(subsidy.version)
    subsidy.state, subsidy.reason = stepped(subsidy.state, action), reason
    subsidy.version += 1
    await unit.flush()
    return subsidy


async def pay_into(unit: UnitOfWork, subsidy_id: str, holder: str, card: str) -> Subsidy:
    """The account the money goes to. Raises Invalid for a wrong card number, SubsidyInWrongState before the start."""
    subsidy = await unit.get(Subsidy, subsidy_id)
    if subsidy.entitlement_id is None:
        stepped(subsidy.state, "suspend")
    account_id = await open_account(
        unit, person_id=subsidy.person_id, area_code=subsidy.area_code, holder=holder, card=card
    )
    await pay_to(unit, str(subsidy.entitlement_id), account_id)
    return subsidy


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


def listing(*, scheme: str | None = None, state: str | None = None, person_id: str | None = None) -> Select[Any]:
    """Subsidies of the caller's rows."""
    statement = select(Subsidy)
    for column, value in ((Subsidy.scheme, scheme), (Subsidy.state, state), (Subsidy.person_id, person_id)):
        if value is not None:
            statement = statement.where(col(column) == value)
    return statement


async def of_person(unit: UnitOfWork, person_id: str) -> list[Subsidy]:
    """Her subsidies, at most 20."""
    return await unit.all(listing(person_id=person_id).order_by(col(Subsidy.id)).limit(20))


async def last_months(unit: UnitOfWork, subsidies: Sequence[Subsidy]) -> dict[str, date]:
    """Subsidy id → its last month, for those that live effects end."""
    by_entitlement = {subsidy.entitlement_id: subsidy.id for subsidy in subsidies if subsidy.entitlement_id}
    rows = await unit.execute(
        select(col(Effect.object_id), col(Effect.from_date)).where(
            col(Effect.object_kind) == ENTITLEMENT,
            col(Effect.kind) == END,
            col(Effect.object_id).in_(by_entitlement),
            col(Effect.annulled_at).is_(None),
        )
    )
    found: dict[str, date] = {}
    for row in rows:
        subsidy_id, last = by_entitlement[row.object_id], plus(month_of(row.from_date), -1)
        found[subsidy_id] = min(last, found.get(subsidy_id, last))
    return found


def doubtful() -> Select[Any]:
    """Running subsidies that ask for a look: the person file says deceased without a confirmed case, or the facts no
    longer meet the rule of 养老服务补贴."""
    dead = (col(Elder.life_status) == "DECEASED") & col(Elder.death_case_id).is_(None)
    lost = (col(Subsidy.scheme) == CARE) & ~col(Elder.relief_class).in_(("MINIMUM", "MARGINAL"))
    return (
        select(Subsidy)
        .join(Elder, col(Elder.person_id) == col(Subsidy.person_id))
        .where(col(Subsidy.state).in_(("ACTIVE", "SUSPENDED")), dead | lost)
    )


async def follow(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The elder moved."""
    for model in (Subsidy, SubsidyLevel):
        table = table_of(model)
        await unit.execute(update(table).where(table.c.person_id == person_id).values(area_code=area_code))
    await PAYMENTS.follow(unit, person_id, area_code)
