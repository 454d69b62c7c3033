"""Months that were paid before the suite begins: real batches, run, checked, approved by two, sent and answered."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.db.database import Database
from shared.db.principals import system_principal
from shared.payments.bank import BankAnswer, answer
from shared.payments.months import month_of, plus
from shared.payments.service import Payments
from suite.seed.places import DISTRICT

if TYPE_CHECKING:
    from suite.compose import Suite

MONTHS_BACK = 3
_HASTE = text("select set_config('statement_timeout', '0', true), set_config('synchronous_commit', 'off', true)")
_LINES = text("select id from kernel.payment_line where batch_id = :batch_id and state = 'SENT'")


def first_month(today: date) -> date:
    """The month every seeded entitlement begins in."""
    return plus(month_of(today), -MONTHS_BACK)


async def pay_months(suite: "Suite", service: str, payments: Payments, schemes: Sequence[str]) -> None:
    """Pay every month up to the last full one, the schemes side by side."""
    await asyncio.gather(*(_pay_scheme(suite.database(service), payments, scheme) for scheme in schemes))


async def _pay_scheme(database: Database, payments: Payments, scheme: str) -> None:
    """Three officers, each in a unit of her own: nobody approves her own."""
    maker, checker, bank = (system_principal(f"suite.seed.{name}") for name in ("maker", "approver", "bank"))
    for back in range(MONTHS_BACK, 0, -1):
        async with database.unit(maker, "suite:history", worker=True) as unit:
            await unit.execute(_HASTE)
            batch = await payments.open_batch(unit, scheme, plus(month_of(unit.today), -back), DISTRICT)
            await payments.run(unit, batch.id)
            await payments.check(unit, batch.id)
            unit.emitted.clear()
        async with database.unit(checker, "suite:history", worker=True) as unit:
            await unit.execute(_HASTE)
            await payments.approve(unit, batch.id)
            unit.emitted.clear()
        async with database.unit(bank, "suite:history", worker=True) as unit:
            await unit.execute(_HASTE)
            await payments.send(unit, batch.id)
            lines = (await unit.execute(_LINES, {"batch_id": batch.id})).scalars()
            # not `payments.answer`, which tells everybody: it was long ago
            await answer(unit, payments.schemes, batch.id, [BankAnswer(line, "PAID") for line in lines])
            unit.emitted.clear()
