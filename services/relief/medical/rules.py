"""What four layers pay of a bill, explained; steps of a burden; what a visit may find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from pydantic import BaseModel

from services.relief.law import BOOK
from shared.db.problems import Conflict, Invalid, NotFound
from shared.money import format_yuan
from shared.policy import Law, Outcome, Reasons

LAYERS: Mapping[str, str] = {
    "BASIC": "基本医疗保险",
    "SERIOUS": "大病保险",
    "ASSISTANCE": "医疗救助",
    "SUPPLEMENTARY": "精准扶贫医疗保险",
}
"""In the order they pay."""
GENERAL = "GENERAL"
STATES = ("RAISED", "ASSIGNED", "VISITED", "WITHDRAWN")
OUTCOMES = ("APPLICATION", "ALREADY_COVERED", "NO_DIFFICULTY", "REFERRED", "REFUSED_HELP")

_SOURCE = "规划一(一)1；国办发〔2021〕42号"


class BillKnown(Conflict):
    code = "bill_known"
    detail = "该结算单号已登记"


class BillCancelled(Conflict):
    code = "bill_cancelled"
    detail = "该结算单已撤销"


class BillInFuture(Invalid):
    code = "date_in_future"
    detail = "结算日期晚于今天"


class OutOfScopeTooLarge(Invalid):
    code = "out_of_scope_too_large"
    detail = "范围外费用不能超过总费用"


class PersonUnknown(NotFound):
    code = "person_unknown"
    detail = "该人员在结算日不是任何登记家庭的成员"


class BurdenInWrongState(Conflict):
    code = "burden_in_wrong_state"
    detail = "核查任务当前状态不允许此操作"


# ── four layers ──────────────────────────────────────────────────────────────────────────────────


class LayerFacts(BaseModel):
    """A bill in fen, and what the year held before it: deductibles and caps are those of a year."""

    person_class: str
    total_fen: int
    out_of_scope_fen: int
    year_total_fen: int = 0
    year_out_of_scope_fen: int = 0


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer in force: what it pays of what is left over the deductible, up to the cap (0: none), in fen."""

    name: str
    deductible: int
    rate: Decimal
    cap: int
    looks_at_all: bool

    def pays(self, left_fen: int) -> int:
        """Whole fen, the rest is not paid."""
        share = int((max(0, left_fen - self.deductible) * self.rate).to_integral_value(ROUND_FLOOR))
        return min(share, self.cap) if self.cap else share


def layers_of(law: Law, person_class: str) -> list[Layer]:
    """The layers a person has, in order. Assistance pays no less than the share of the plan."""
    floor = law.ratio("medical.self_paid_compliant_rate")
    rows = {str(row["layer"]): row for row in law.table("medical.layers") if row["person_class"] == person_class}
    found = []
    for name in LAYERS:
        if (row := rows.get(name)) is not None:
            rate = Decimal(str(row["rate"]))
            rate = max(rate, floor) if name == "ASSISTANCE" else rate
            looks_at_all = row["scope"] == "ALL"
            found.append(Layer(name, int(str(row["deductible"])), rate, int(str(row["cap"])), looks_at_all))
    return found


def paid_by(layers: list[Layer], total_fen: int, out_of_scope_fen: int) -> dict[str, int]:
    """Fen each layer pays of a year's cost so far."""
    left, paid = total_fen, dict.fromkeys(LAYERS, 0)
    for layer in layers:
        seen = left if layer.looks_at_all else max(0, left - out_of_scope_fen)
        paid[layer.name] = layer.pays(seen)
        left -= paid[layer.name]
    return paid


def of_bill(layers: list[Layer], facts: LayerFacts) -> dict[str, int]:
    """Fen each layer pays of one bill: of the year with it, less of the year before it."""
    before = paid_by(layers, facts.year_total_fen, facts.year_out_of_scope_fen)
    total, outside = facts.year_total_fen + facts.total_fen, facts.year_out_of_scope_fen + facts.out_of_scope_fen
    after = paid_by(layers, total, outside)
    return {name: after[name] - before[name] for name in LAYERS}


@BOOK.rule("relief.medical", version=1, title="医疗费用四层保障", facts=LayerFacts)
def medical(facts: LayerFacts, law: Law, why: Reasons) -> Outcome:
    """Basic insurance, serious-illness insurance, assistance, supplementary insurance, each of what the one before it
    has left; the outcome's amount is what the patient pays."""
    layers = layers_of(law, facts.person_class)
    paid = of_bill(layers, facts)
    left = facts.total_fen
    why.because(
        "medical.compliant",
        f"医疗总费用{format_yuan(left)}元，其中范围外{format_yuan(facts.out_of_scope_fen)}元不纳入报销",
        result=left - facts.out_of_scope_fen,
        source=_SOURCE,
    )
    for layer in layers:
        left -= paid[layer.name]
        why.because(
            f"medical.{layer.name.lower()}",
            f"{LAYERS[layer.name]}（起付线{format_yuan(layer.deductible)}元，比例{layer.rate:.0%}）"
            f"支付{format_yuan(paid[layer.name])}元",
            result=paid[layer.name],
            source=_SOURCE,
            left_fen=left,
        )
    why.because("medical.own", f"个人负担{format_yuan(left)}元", result=left, source=_SOURCE)
    return Outcome("settled", left)


# ── burdens ──────────────────────────────────────────────────────────────────────────────────────


def step_of(burden_fen: int, step_fen: int) -> int:
    """How many whole steps a burden has reached, the limit included."""
    return burden_fen // step_fen
