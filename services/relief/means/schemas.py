"""Income and property on the wire: asked on the spot, nothing is kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from services.relief.households.schemas import IncomeIn, Labour
from services.relief.means.rules import Activity, Amount, Incomes, NewJob, Property, Supporter
from shared.china.areas import AreaCode
from shared.money import MoneyFen
from shared.policy import Decision
from shared.web import Wire
from shared.web.policy import ReasonOut, reasons_of

Income = Literal[
    "WAGE", "BUSINESS", "PROPERTY", "TRANSFER", "PENSION", "PENSION_BASE", "PREFERENTIAL_PENSION", "FAMILY_PLANNING",
    "SCHOLARSHIP", "BRAVERY", "RELIEF", "DISABILITY_SUBSIDY", "LONGEVITY",
]  # fmt: skip
Deduction = Literal["WORK_COST", "DISABILITY_COST", "ILLNESS_COST"]
Work = Literal["FARMING", "LIVESTOCK", "FISHING", "AQUACULTURE", "CASUAL"]
Exempt = Literal["", "RECIPIENT", "SEVERE_DISABILITY"]
LimitKind = Literal["DIBAO", "MARGINAL", "RIGID"]
Area = Annotated[Decimal, Field(ge=0, le=100_000, decimal_places=2)]
Count = Annotated[int, Field(ge=0, le=50)]


class AmountIn(Wire):
    """An income of the last twelve months."""

    item: Income
    yearly: IncomeIn


class DeductionIn(Wire):
    """A cost of the last twelve months, after all reimbursement."""

    item: Deduction
    yearly: IncomeIn


class NewJobIn(Wire):
    """A benefit member's new job."""

    monthly: IncomeIn
    months_since: Annotated[int, Field(ge=0, le=600, description="就业满几个月")] = 0


class ActivityIn(Wire):
    """Work without records."""

    activity: Work
    labour: Labour = "FULL"
    adjustment: Annotated[Decimal, Field(ge=0, le=10, decimal_places=2, description="个案系数")] = Decimal(1)


class SupporterIn(Wire):
    """Somebody outside the household who is bound to support."""

    per_head: Annotated[IncomeIn, Field(description="义务人家庭人均月收入")]
    age: Annotated[int, Field(ge=18, le=130)]
    exempt: Exempt = ""

    def to_supporter(self) -> Supporter:
        """As the rule takes it."""
        return Supporter(per_head_fen=self.per_head, age=self.age, exempt=self.exempt)


class IncomesIn(Wire):
    """All a family has coming in."""

    area_code: AreaCode
    on: date | None = None
    incomes: Annotated[list[AmountIn], Field(max_length=100)] = []
    deductions: Annotated[list[DeductionIn], Field(max_length=100)] = []
    new_jobs: Annotated[list[NewJobIn], Field(max_length=20)] = []
    activities: Annotated[list[ActivityIn], Field(max_length=20)] = []
    supporters: Annotated[list[SupporterIn], Field(max_length=20)] = []

    def to_facts(self) -> Incomes:
        """As the rule takes them."""
        return Incomes(
            incomes=[Amount(item=one.item, yearly_fen=one.yearly) for one in self.incomes],
            deductions=[Amount(item=one.item, yearly_fen=one.yearly) for one in self.deductions],
            new_jobs=[NewJob(monthly_fen=one.monthly, months_since=one.months_since) for one in self.new_jobs],
            activities=[Activity(**one.model_dump()) for one in self.activities],
            supporters=[one.to_supporter() for one in self.supporters],
        )


class IncomeResult(Wire):
    """What counts each month, and why."""

    monthly: MoneyFen
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, decision: Decision) -> IncomeResult:
        return cls.model_validate({"monthly": decision.amount_fen, "reasons": reasons_of(decision)})


class PropertyIn(Wire):
    """What a family owns."""

    area_code: AreaCode
    on: date | None = None
    heads: Annotated[int, Field(ge=1, le=20)]
    financial: Annotated[IncomeIn, Field(description="全家金融资产")] = 0
    home_areas: Annotated[list[Area], Field(max_length=50, description="每套住房的建筑面积，平方米")] = []
    vehicles: Count = 0
    work_vehicles: Annotated[list[IncomeIn], Field(max_length=50, description="每辆生产用车的价值")] = []
    disability_vehicles: Count = 0
    ships: Count = 0
    living_boats: Count = 0
    companies: Annotated[list[IncomeIn], Field(max_length=50, description="每家企业的实缴出资")] = []

    def to_facts(self, kind: str) -> Property:
        """As the rule takes them, for one kind."""
        return Property(
            kind=kind,
            heads=self.heads,
            financial_fen=self.financial,
            home_areas=self.home_areas,
            vehicles=self.vehicles,
            work_vehicles_fen=self.work_vehicles,
            disability_vehicles=self.disability_vehicles,
            ships=self.ships,
            living_boats=self.living_boats,
            companies_fen=self.companies,
        )


class PropertyResult(Wire):
    """One kind's limits."""

    kind: LimitKind
    is_within: bool
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, kind: str, decision: Decision) -> PropertyResult:
        told = {"kind": kind, "is_within": decision.outcome == "within", "reasons": reasons_of(decision)}
        return cls.model_validate(told)


class PropertyResults(Wire):
    """Every kind's limits, the narrowest first."""

    results: list[PropertyResult]
