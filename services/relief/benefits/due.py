"""What is due, as SQL: `rules` once more over many families."""

from __future__ import annotations

from collections.abc import Mapping

from services.relief.benefits.rules import DIBAO, TEKUN
from shared.payments import Check, DueSource, Scheme

# `paid`: the case of each wanted month. `rates`: what is in force there, looked up once for an area and month and not
# once a family, with the birthdays its ages come to.
_CASES = """
    with paid as materialized (
        select w.entitlement_id, w.month, c.decision_id, c.household_id, c.area_code
        from wanted w
        join benefit_case c on c.entitlement_id = w.entitlement_id
            and (c.closed_from is null or w.month < c.closed_from)
    ),
    rates as materialized (
        select distinct on (p.area_code, p.month) p.area_code, p.month, n.standard_fen, n.severe_disability_fen,
            n.critical_illness_fen, n.single_parent_child_fen, n.aged_fen, n.minor_fen, n.destitute_fen,
            n.care_partly_fen, n.care_fully_fen,
            cast(p.month - make_interval(years => n.aged_from) as date) as aged_born,
            cast(p.month - make_interval(years => n.adult_from) as date) as adult_born
        from (select distinct area_code, month from paid) p
        join benefit_rate n on n.from_date <= p.month and left(p.area_code, length(n.area)) = n.area
        order by p.area_code, p.month, length(n.area) desc, n.from_date desc
    )"""

# Beside case and rates: the income record in force, and over the members counted in the month their number and
# supplements, beside the number counted when the income record began.
DIBAO_DUE = DueSource(
    DIBAO,
    f"""{_CASES}
    select x.entitlement_id, x.month,
        cast((s.heads * (r.standard_fen * s.divisor - i.monthly_fen) + s.supplements * s.divisor
            + s.divisor * 100 - 1) / (s.divisor * 100) * 100 as bigint) as amount_fen,
        coalesce(nullif(i.decision_id, ''), x.decision_id) as decision_id
    from paid x
    join rates r on r.area_code = x.area_code and r.month = x.month
    cross join lateral (
        select n.from_month, n.monthly_fen, n.decision_id from income n
        where n.household_id = x.household_id and n.from_month <= x.month
        order by n.from_month desc, n.seq desc limit 1
    ) i
    cross join lateral (
        select count(*) filter (where m.counts) as heads,
            greatest(1, count(*) filter (where m.counted)) as divisor,
            cast(coalesce(sum(greatest(
                case when m.birth <= r.aged_born then r.aged_fen else 0 end,
                case when m.birth > r.adult_born then r.minor_fen else 0 end,
                coalesce((
                    select max(case k.kind when 'SEVERE_DISABILITY' then r.severe_disability_fen
                        when 'CRITICAL_ILLNESS' then r.critical_illness_fen
                        when 'SINGLE_PARENT_CHILD' then r.single_parent_child_fen end)
                    from member_condition k
                    where k.member_id = m.id and k.from_month <= x.month
                      and (k.to_month is null or x.month <= k.to_month)), 0)
            )) filter (where m.counts), 0) as bigint) as supplements
        from (
            select p.id, p.birth,
                p.valid_from <= x.month and (p.valid_to is null or x.month <= p.valid_to)
                    and (e.ends is null or x.month < e.ends) as counts,
                p.valid_from <= i.from_month and (p.valid_to is null or i.from_month <= p.valid_to)
                    and (e.ends is null or i.from_month < e.ends) as counted
            from member p
            left join lateral (
                select min(f.from_date) as ends from kernel.effect f
                where f.object_kind = 'member' and f.object_id = p.id and f.kind = 'end_share'
                  and f.annulled_at is null
            ) e on true
            where p.household_id = x.household_id
        ) m
    ) s
    where s.heads > 0 and i.monthly_fen < r.standard_fen * s.divisor
    """,  # noqa: S608 - constants
)
TEKUN_DUE = DueSource(
    TEKUN,
    f"""{_CASES}
    select x.entitlement_id, x.month,
        cast(sum(r.destitute_fen + case k.tier when 2 then r.care_fully_fen when 1 then r.care_partly_fen else 0 end)
            as bigint) as amount_fen,
        max(x.decision_id) as decision_id
    from paid x
    join rates r on r.area_code = x.area_code and r.month = x.month
    join member p on p.household_id = x.household_id
        and p.valid_from <= x.month and (p.valid_to is null or x.month <= p.valid_to)
    cross join lateral (
        select max(case n.kind when 'CARE_FULLY' then 2 when 'CARE_PARTLY' then 1 else 0 end) as tier
        from member_condition n
        where n.member_id = p.id and n.from_month <= x.month and (n.to_month is null or x.month <= n.to_month)
    ) k
    where not exists (
        select from kernel.effect f
        where f.object_kind = 'member' and f.object_id = p.id and f.kind = 'end_share' and f.annulled_at is null
          and f.from_date <= x.month)
    group by x.entitlement_id, x.month
    """,  # noqa: S608 - constants
)

# Living members go on drawing after the payee's death, but not through the account of the dead.
_PAYEE_DECEASED = Check(
    "payee_deceased",
    "领款人已登记死亡，须更换领款账户",
    """
    select l.id from kernel.payment_line l
    join kernel.payee_account a on a.id = l.account_id
    join kernel.effect f on f.person_id = a.person_id and f.kind = 'end_share' and f.annulled_at is null
    where l.batch_id = :batch_id
    """,
)

SCHEME_OF: Mapping[str, str] = {DIBAO: "dibao", TEKUN: "tekun"}
"""The payment scheme of a kind of case; 低边 has none."""
SCHEMES = (
    Scheme(SCHEME_OF[DIBAO], "低保金", DIBAO_DUE, checks=[_PAYEE_DECEASED]),
    Scheme(SCHEME_OF[TEKUN], "特困供养金", TEKUN_DUE, checks=[_PAYEE_DECEASED]),
)
ONE_OFF = Scheme("temporary", "临时救助金", checks=[_PAYEE_DECEASED], one_per_person=False)
"""What the district pays once through the bank: its amount stands with the entitlement, for one month."""
