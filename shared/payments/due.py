"""What is due, as SQL over many entitlements: the one place that says it for runs, settlements and statements.

A statement here is a chain of CTEs:

    asked(entitlement_id, month)                               months somebody asks about
    wanted(entitlement_id, month)                              of these, inside the term and before every live end
    gross(entitlement_id, month, amount_fen, decision_id)      what the scheme's `DueSource` says of the wanted
    due(entitlement_id, month, amount_fen, decision_id)        of every asked month, 0 where nothing is due

so a scheme with its own source cannot forget the end of an entitlement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

END = "end_entitlement"
"""Effect: nothing is due for months that begin on or after `from_date` (a first of month, or the day of death)."""
HOLD = "hold_payment"
"""Effect: due, but not paid from `from_date` on, until the effect is annulled; then it is arrears."""
AMOUNT = "set_amount"
"""Effect: amounts recorded under this cause count."""
ENTITLEMENT = "entitlement"
"""Kind of object of these effects."""


@dataclass(frozen=True, slots=True)
class DueSource:
    """How much is due, as a SELECT over the relation `wanted(entitlement_id, month)`.

    It returns (entitlement_id text, month date, amount_fen bigint, decision_id text), at most one row for each
    wanted month and none where nothing is due. It may begin with CTEs of its own, takes no parameters and must not
    look at lines: what is due does not depend on what was paid. Ends and the entitlement's term are applied around it.
    """

    name: str
    sql: str


AMOUNTS = DueSource(
    "amounts",
    """
    select w.entitlement_id, w.month, a.amount_fen, a.decision_id
    from wanted w
    cross join lateral (
        select g.amount_fen, g.decision_id
        from kernel.entitlement_amount g
        where g.entitlement_id = w.entitlement_id and g.from_month <= w.month
          and (g.cause = '' or exists (
              select from kernel.effect f
              where f.object_kind = 'entitlement' and f.object_id = g.entitlement_id and f.kind = 'set_amount'
                and f.cause = g.cause and f.annulled_at is null))
        order by g.from_month desc, g.seq desc
        limit 1
    ) a
    """,
)
"""The plain case: the amount recorded for the latest month not after the month asked about."""


@dataclass(frozen=True, slots=True)
class Check:
    """A reason to leave a line out of a batch: `sql` selects the ids of such lines from the relation `pending`
    (id, batch_id, entitlement_id, scheme, person_id, area_code, account_id, month, amount_fen), which it joins to
    other tables by indexed columns. It may use :batch_id; ids that are not pending in the batch do not count.

    `reason` is what the clerk reads. The month is looked at again in the next run.
    """

    code: str
    reason: str
    sql: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """A kind of money a service pays. `code` as in entitlements, `title` as people call it."""

    code: str
    title: str
    due: DueSource = AMOUNTS
    checks: Sequence[Check] = ()
    needs_account: bool = True
    """Lines without a bank account are left out. False for quotas and payments in kind."""
    one_per_person: bool = True
    """A second entitlement of one person to the scheme is left out as a duplicate."""


_WANTED = """
wanted as (
    select a.entitlement_id, a.month
    from asked a
    join """
_IN_TERM = """ e on e.id = a.entitlement_id
    where a.month >= e.from_month and (e.to_month is null or a.month <= e.to_month)
      and not exists (
          select from kernel.effect f
          where f.object_kind = 'entitlement' and f.object_id = a.entitlement_id and f.kind = 'end_entitlement'
            and f.annulled_at is null and f.from_date <= a.month)
),
gross as ("""

# Not asked left join gross: nothing is known of the size of either, and a nested loop over both is quadratic.
_DUE = """
),
due as (
    select u.entitlement_id, u.month, max(u.amount_fen) as amount_fen, max(u.decision_id) as decision_id
    from (
        select entitlement_id, month, cast(0 as bigint) as amount_fen, null as decision_id from asked
        union all
        select entitlement_id, month, amount_fen, decision_id from gross
    ) u
    group by u.entitlement_id, u.month
)"""


def with_due(source: DueSource, asked: str, then: str, *, term: str = "kernel.entitlement") -> str:
    """The whole statement: `asked` are CTEs up to one called `asked`, `then` goes on after the CTE `due`.

    `term` is where the terms are read: a CTE of `asked` with id, from_month and to_month of the few entitlements
    meant saves a look at the whole table. All parts are constants of the code; values travel as parameters.
    """
    return f"with {asked},{_WANTED}{term}{_IN_TERM}{source.sql}{_DUE}{then}"
