"""The payer's schemes: one by recorded amounts, one with a source of its own."""

from pathlib import Path

from pydantic import BaseModel

from shared.contracts.payments import BatchApproved, LinePaid, LineReturned, PaymentEvents
from shared.money import format_yuan
from shared.payments import Check, DueSource, Payments, Scheme
from shared.policy import Law, Outcome, Reasons, RuleBook, loads
from shared.service import ServiceSpec
from shared.web.payments import payments_router
from shared.web.policy import policy_router


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

PARAMETERS = loads(
    """
parameters:
  amount:
    description: 高龄津贴月标准
    unit: table
    columns: {from_age: years, amount: fen}
    values:
      - from: 2020-01-01
        source: plan 三(二)
        assumed: true
        value: [{from_age: 80, amount: 50_00}, {from_age: 90, amount: 100_00}, {from_age: 100, amount: 500_00}]
  standard:
    description: 低保月标准（每人）
    unit: fen
    values:
      - {from: 2016-01-01, area: "330903", value: 664_00, source: "plan 一(一)1"}
      - {from: 2020-01-01, area: "330903", value: 810_00, source: "plan 一(一)1, K-01", assumed: true}
""",
    "longevity",
)
BOOK = RuleBook("payer")


class Elder(BaseModel):
    age: int


@BOOK.rule("payer.longevity", version=1, title="高龄津贴", facts=Elder)
def longevity(facts: Elder, law: Law, why: Reasons) -> Outcome:
    band = law.table("longevity.amount").band("from_age", facts.age)
    amount = int(band["amount"]) if band else 0
    sentence = f"年满{facts.age}周岁，每月{format_yuan(amount)}元。"
    why.because("longevity.age", sentence, result=amount, source="ZJ-EL 27", age=facts.age)
    return Outcome("granted" if amount else "refused", amount)


SPEC = ServiceSpec(
    name="payer",
    title="发放",
    folder=Path(__file__).parent,
    rooms=[payments_router("payer", payments), policy_router("payer", PARAMETERS, BOOK)],
)
