"""The law of reversal (design §6): a history with a confirmed and withdrawn death, other changes interleaved, ends
like the same history without them."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from services.relief.benefits import standing
from services.relief.benefits.service import BenefitCase
from shared import clock
from shared.payments.months import month_of, plus
from tests.relief.families import Families
from tests.relief.lives import START, Lives, Pair
from tests.relief.test_due import due_by_sql

_MONEY = """
    select m.month, coalesce(l.net, 0), coalesce(r.open, 0)
    from (select distinct month from kernel.payment_line) m
    left join (
        select l.month, sum(l.amount_fen) as net from kernel.payment_line l
        join kernel.entitlement e on e.id = l.entitlement_id
        where e.household_id = :id and l.state in ('SENT', 'UNKNOWN', 'PAID') group by l.month
    ) l on l.month = m.month
    left join (
        select r.month, sum(r.amount_fen) as open from kernel.recovery r
        join kernel.entitlement e on e.id = r.entitlement_id
        where e.household_id = :id and r.state in ('PROPOSED', 'CONFIRMED') group by r.month
    ) r on r.month = m.month
    order by m.month
"""
_TASKS = """
    select k.what, count(*) from (
        select 'recheck ' || r.due_on as what from recheck r
        join benefit_case c on c.id = r.case_id and r.cause <> all(c.answered)
        where r.household_id = :id and r.done_at is null and exists (
            select from kernel.effect f where f.kind = 'recheck' and f.object_id = r.case_id and f.cause = r.cause
              and f.annulled_at is null)
        union all
        select 'visit ' || v.due_on from visit v
        where v.household_id = :id and v.done_at is null and exists (
            select from kernel.effect f where f.kind = 'condolence_visit' and f.object_id = v.household_id
              and f.cause = v.cause and f.annulled_at is null)
    ) k group by k.what order by k.what
"""
_PEOPLE = """
    select m.valid_from, m.valid_to, m.birth, m.relation, (
        select min(f.from_date) from kernel.effect f
        where f.kind = 'end_share' and f.object_id = m.id and f.annulled_at is null)
    from member m where m.household_id = :id order by m.id
"""


async def picture(relief: Families, pair: Pair, position: int, dues: dict[Any, int], last: date) -> dict[str, Any]:
    """All a family has: state, what is due each month, what it was paid less what it owes, who counts, open tasks."""
    family = pair.both[position]
    async with relief.stand.unit() as unit:
        case = await unit.get(BenefitCase, family.case_id)
        shown = (await standing.figures(unit, [case], month_of(last)))[case.id]
    household = family.household_id
    money = await relief.stand.rows(_MONEY, id=household)
    return {
        "state": shown.state,
        "now": shown.amount_fen,
        "due": [dues.get((case.id, plus(START, number)), 0) for number in range(40) if plus(START, number) <= last],
        "balance": [(month, int(net) - int(owed)) for month, net, owed in money],
        "members": await relief.stand.rows(_PEOPLE, id=household),
        "tasks": await relief.stand.rows(_TASKS, id=household),
        "base": (case.kind, case.state, case.closed_from, case.review_class),
    }


@pytest.mark.prove
@pytest.mark.plan("A-09", part="a family's benefit ends as if the withdrawn death had never been confirmed")
async def test_a_withdrawn_death_leaves_nothing_behind(
    relief: Families, seed: int, size: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = Lives(relief, seed, monkeypatch)
    count = size(30, stated=300)
    with clock.frozen(lives.now):
        await lives.begin(count)
    for _ in range(6):
        for _ in range(count * 2 // 3 + 10):
            await lives.step()
        await lives.pass_month()
    await lives.run_out()

    last = month_of(lives.today)
    with clock.frozen(lives.now):
        async with relief.stand.unit() as unit:
            dues = await due_by_sql(unit, START, last)
        for pair in lives.pairs:
            tried, spared = [await picture(relief, pair, position, dues, last) for position in (0, 1)]
            assert tried == spared, (seed, pair)
            # what is due was paid, and what was paid too much is asked for
            paid = dict(spared["balance"])
            assert [paid.get(plus(START, number), 0) for number in range(len(spared["due"]))] == spared["due"]
    assert min(lives.acts["mistake"], lives.acts["withdraw"]) >= count // 3
    if count >= 300:  # a small draw may miss the rare ones
        for act in ("death", "join", "leave", "condition", "income", "recheck", "close", "repay", "raise_standard"):
            assert lives.acts[act], (act, lives.acts)
    mistaken = await relief.stand.scalar(
        "select count(*) from kernel.effect where cause like 'mistake-%' and annulled_at is null"
    )
    assert mistaken == 0
