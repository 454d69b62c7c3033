"""What a person was due and was paid, month by month: the page behind every question about money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from shared.db.problems import Invalid
from shared.db.unit import UnitOfWork
from shared.payments.due import Scheme, with_due
from shared.payments.months import plus

MAX_MONTHS = 120


class MonthsOutOfOrder(Invalid):
    code = "months"
    detail = "起始月份不能晚于截止月份"


class TooManyMonths(Invalid):
    code = "too_many_months"
    detail = "一次最多查询10年"


@dataclass(frozen=True, slots=True)
class MonthStatement:
    """One month of one entitlement, in fen. `paid` is with the payee (repayments taken off), `on_the_way` sent or
    waiting in a batch, `to_recover` the open proposal."""

    entitlement_id: str
    scheme: str
    month: date
    due_fen: int
    paid_fen: int
    on_the_way_fen: int
    to_recover_fen: int


_SCHEMES = text(
    "select scheme, array_agg(id order by id) as ids from kernel.entitlement"
    " where person_id = :person_id group by scheme"
)
_ASKED = """
asked as (
    select e.id as entitlement_id, cast(m.month as date) as month
    from kernel.entitlement e
    cross join lateral generate_series(
        greatest(cast(e.from_month as timestamp), cast(cast(:since as date) as timestamp)),
        cast(cast(:until as date) as timestamp), interval '1 month') m (month)
    where e.id = any(cast(:ids as text[]))
)"""
_ROWS = """
select d.entitlement_id, d.month, d.amount_fen as due_fen, coalesce(l.paid, 0) as paid_fen,
    coalesce(l.on_the_way, 0) as on_the_way_fen, coalesce(r.amount_fen, 0) as to_recover_fen
from due d
left join lateral (
    select sum(p.amount_fen) filter (where p.state = 'PAID') as paid,
        sum(p.amount_fen) filter (where p.state <> 'PAID') as on_the_way
    from kernel.payment_line p
    where p.entitlement_id = d.entitlement_id and p.month = d.month
      and p.state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID')
) l on true
left join kernel.recovery r on r.entitlement_id = d.entitlement_id and r.month = d.month
    and r.state in ('PROPOSED', 'CONFIRMED')
order by d.entitlement_id, d.month
"""


async def statement(
    unit: UnitOfWork, schemes: Mapping[str, Scheme], person_id: str, since: date, until: date
) -> list[MonthStatement]:
    """The months from `since` to `until` (firsts of month) of all a person's entitlements the caller may see.

    Raises MonthsOutOfOrder, TooManyMonths.
    """
    if since > until:
        raise MonthsOutOfOrder(field="since")
    if plus(since, MAX_MONTHS) <= until:
        raise TooManyMonths(field="since")
    found: list[MonthStatement] = []
    for held in (await unit.execute(_SCHEMES, {"person_id": person_id})).all():
        asked = text(with_due(schemes[held.scheme].due, _ASKED, _ROWS))
        rows = await unit.execute(asked, {"ids": held.ids, "since": since, "until": until})
        found.extend(
            MonthStatement(
                row.entitlement_id,
                held.scheme,
                row.month,
                int(row.due_fen),
                int(row.paid_fen),
                int(row.on_the_way_fen),
                int(row.to_recover_fen),
            )
            for row in rows
        )
    return found
