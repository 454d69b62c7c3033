"""What is due, as SQL: the same rules once more over many entitlements (a property test holds both equal)."""

from __future__ import annotations

from services.eldercare.subsidies.rules import CARE, LONGEVITY, TITLES
from shared.contracts.payments import ELDERCARE
from shared.payments import Check, DueSource, Payments, Scheme

# First the table in force (the most specific area, then the newest), then the band in it.
_LONGEVITY_DUE = DueSource(
    LONGEVITY,
    """
    select w.entitlement_id, w.month, r.amount_fen, t.decision_id
    from wanted w
    join kernel.entitlement t on t.id = w.entitlement_id
    join elder p on p.person_id = t.person_id
    cross join lateral (
        select n.area, n.from_date from subsidy_rate n
        where n.scheme = 'longevity' and n.from_date <= w.month and left(t.area_code, length(n.area)) = n.area
        order by length(n.area) desc, n.from_date desc limit 1
    ) f
    cross join lateral (
        select b.amount_fen from subsidy_rate b
        where b.scheme = 'longevity' and b.area = f.area and b.from_date = f.from_date
          and p.birth <= cast(w.month + interval '1 month' - interval '1 day' - make_interval(years => b.floor) as date)
        order by b.floor desc limit 1
    ) r
    """,
)
_CARE_DUE = DueSource(
    CARE,
    """
    select w.entitlement_id, w.month, r.amount_fen, t.decision_id
    from wanted w
    join kernel.entitlement t on t.id = w.entitlement_id
    cross join lateral (
        select v.level from subsidy_level v
        where v.entitlement_id = w.entitlement_id and v.from_month <= w.month
        order by v.from_month desc limit 1
    ) l
    cross join lateral (
        select n.area, n.from_date from subsidy_rate n
        where n.scheme = 'care_subsidy' and n.from_date <= w.month and left(t.area_code, length(n.area)) = n.area
        order by length(n.area) desc, n.from_date desc limit 1
    ) f
    join subsidy_rate r on r.scheme = 'care_subsidy' and r.area = f.area and r.from_date = f.from_date
      and r.floor = l.level
    """,
)
# The person file says she is dead, but no case is confirmed yet: nothing stops, and nothing is paid out either.
_DECEASED = Check(
    "deceased",
    "人口库已登记死亡，待死亡确认",
    """
    select l.id from kernel.payment_line l
    join elder p on p.person_id = l.person_id and p.life_status = 'DECEASED' and p.death_case_id is null
    where l.batch_id = :batch_id
    """,
)

PAYMENTS = Payments(
    [
        Scheme(LONGEVITY, TITLES[LONGEVITY], _LONGEVITY_DUE, checks=[_DECEASED]),
        Scheme(CARE, TITLES[CARE], _CARE_DUE, checks=[_DECEASED], needs_account=False),
    ],
    ELDERCARE,
)
"""The payment engine of eldercare. 养老服务补贴 is a quota of services and needs no bank account."""
