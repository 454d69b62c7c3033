"""The payer's schemes: one by recorded amounts, one with a source of its own."""

from pathlib import Path

from shared.contracts.payments import BatchApproved, LinePaid, LineReturned, PaymentEvents
from shared.payments import Check, DueSource, Payments, Scheme
from shared.service import ServiceSpec


class PayerBatchApproved(BatchApproved, type="payer.payment.batch-approved.v1"):
    pass


class PayerLinePaid(LinePaid, type="payer.payment.line-paid.v1"):
    pass


class PayerLineReturned(LineReturned, type="payer.payment.line-returned.v1"):
    pass


EVENTS = PaymentEvents(PayerBatchApproved, PayerLinePaid, PayerLineReturned)

# As relief will do it: what a household gets follows from its living members, not from a recorded amount. Here each
# member is an amount of the entitlement with its own row, and dies by an effect on that row.
SHARES = DueSource(
    "shares",
    """
    select w.entitlement_id, w.month, sum(s.amount_fen) as amount_fen, max(s.decision_id) as decision_id
    from wanted w
    join kernel.entitlement_amount s on s.entitlement_id = w.entitlement_id and s.from_month <= w.month
    where not exists (
        select from kernel.effect f
        where f.object_kind = 'share' and f.object_id = cast(s.seq as text) and f.kind = 'end_share'
          and f.annulled_at is null and f.from_date <= w.month)
    group by w.entitlement_id, w.month
    """,
)
DEAD = Check(
    "dead",
    "已登记死亡",
    """
    select l.id from kernel.payment_line l
    join kernel.effect f on f.object_kind = 'person' and f.object_id = l.person_id and f.kind = 'reported_dead'
      and f.annulled_at is null
    where l.batch_id = :batch_id
    """,
)
LONGEVITY = Scheme("longevity", "高龄津贴", checks=[DEAD])
QUOTA = Scheme("quota", "养老服务补贴", needs_account=False)
FAMILY = Scheme("family", "低保金", due=SHARES, needs_account=False)

payments = Payments([LONGEVITY, QUOTA, FAMILY], EVENTS)

SPEC = ServiceSpec(name="payer", title="发放", folder=Path(__file__).parent, rooms=[])
