"""`GET /api/<service>/policy/…`: what the law said on a day in an area; `GET …/decisions/{id}/why`: why.

The service's `permissions.yaml` names who may read:

    policy: {read: [RESIDENT, TOWN_CLERK, …]}
    decision: {read: [TOWN_CLERK, …]}
"""

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from shared.china import areas
from shared.china.errors import NumberError
from shared.db.problems import Invalid, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import UuidStr
from shared.policy import service as kept
from shared.policy.decisions import Decision, RuleBook
from shared.policy.parameters import Cited, NoValue, Parameter, ParameterSet
from shared.policy.values import for_people, plain
from shared.web.route import Router, Unit, permit
from shared.web.wire import Wire


class UnknownParameterAsked(NotFound):
    code = "unknown_parameter"
    detail = "没有这项政策参数"


class NothingInForce(NotFound):
    code = "nothing_in_force"
    detail = "该日期在该地区没有执行中的规定"


class ParameterOut(Wire):
    """A parameter's name and unit. Amounts are given in yuan, so `fen` is never a unit here."""

    parameter: str
    description: str
    unit: str


class ParametersOut(Wire):
    """All parameters of a service."""

    parameter_set: str
    items: list[ParameterOut]


class InForceOut(Wire):
    """The value in force on a day in an area, with its source."""

    parameter: str
    description: str
    unit: str
    value: Any
    day: Annotated[date, Field(alias="date")]
    area: str
    since: date
    valid_in: str
    source: str
    assumed: bool
    parameter_set: str


class CitedOut(Wire):
    """A parameter as a decision used it."""

    parameter: str
    description: str
    unit: str
    value: Any
    since: date
    valid_in: str
    source: str
    assumed: bool


class ReasonOut(Wire):
    """One step of the reasoning."""

    rule: str
    sentence: str
    inputs: dict[str, Any]
    result: Any
    source: str
    parameters: list[CitedOut]


class WhyOut(Wire):
    """A decision and every reason for it, from the rule and the law it was made with."""

    decision_id: UuidStr
    rule: str
    version: int
    title: str
    decided_for: date
    area_code: str
    facts: dict[str, Any]
    parameter_set: str
    outcome: str
    amount: Any
    reasons: list[ReasonOut]


def policy_router(service: str, parameters: ParameterSet, book: RuleBook | None = None) -> Router:
    """The policy routes of a service; without a rule book there are no decisions to explain."""
    router = Router(prefix=f"/api/{service}", tags=["政策参数"])

    @router.get("/policy", operation_id=f"{service}_list_parameters")
    @permit("policy", "read")
    async def list_parameters() -> ParametersOut:
        """政策参数一览。"""
        items = [_named(parameter) for parameter in parameters]
        return ParametersOut(parameter_set=parameters.digest, items=items)

    @router.get("/policy/{parameter}", operation_id=f"{service}_get_parameter")
    @permit("policy", "read")
    async def get_parameter(
        parameter: str,
        unit: Unit,
        day: Annotated[date | None, Query(alias="date")] = None,
        area: Annotated[str, Query(max_length=16)] = "",
    ) -> InForceOut:
        """某日某地执行的标准，例如2020年3月1日普陀区的低保标准。缺省为今天、本人所在地区。"""
        if parameter not in parameters:
            raise UnknownParameterAsked
        on, code = day or unit.today, _area(unit, area)
        try:
            cited = parameters.at(on, code).cite(parameter)
        except NoValue:
            raise NothingInForce from None
        quoted = _quoted(cited).model_dump()
        return InForceOut(**quoted, day=on, area=code, parameter_set=parameters.digest)

    if book is not None:
        rules = book

        @router.get("/decisions/{decision_id}/why", operation_id=f"{service}_explain_decision")
        @permit("decision", "read", "personal")
        async def explain_decision(decision_id: UuidStr, unit: Unit) -> WhyOut:
            """决定的理由：逐条规则、事实、标准与依据，按作出决定时的规定重新推演。"""
            row, decision = await kept.why(unit, rules, decision_id)
            unit.note(subjects=[row.person_id], case_id=decision_id)
            return _explained(decision_id, decision)

    return router


def _area(unit: UnitOfWork, area: str) -> str:
    try:
        return areas.full(area or unit.principal.area_code)
    except NumberError as error:
        raise Invalid(error.code, error.detail, field="area") from error


def _unit(unit: str) -> str:
    return "yuan" if unit == "fen" else unit


def _named(parameter: Parameter) -> ParameterOut:
    return ParameterOut(parameter=parameter.key, description=parameter.description, unit=_unit(parameter.unit))


def _quoted(cited: Cited) -> CitedOut:
    return CitedOut(
        parameter=cited.key,
        description=cited.description,
        unit=_unit(cited.unit),
        value=for_people(cited.unit, cited.value),
        since=cited.from_date,
        valid_in=cited.area,
        source=cited.source,
        assumed=cited.assumed,
    )


def reasons_of(decision: Decision) -> list[ReasonOut]:
    """The reasons of a decision on the wire, also of one that is not kept."""
    return [
        ReasonOut(
            rule=reason.rule,
            sentence=reason.sentence,
            inputs={name: plain(value) for name, value in reason.inputs.items()},
            result=plain(reason.result),
            source=reason.source,
            parameters=[_quoted(cited) for cited in reason.parameters],
        )
        for reason in decision.reasons
    ]


def _explained(decision_id: str, decision: Decision) -> WhyOut:
    return WhyOut(
        decision_id=decision_id,
        rule=decision.rule,
        version=decision.version,
        title=decision.title,
        decided_for=decision.on,
        area_code=decision.area,
        facts=dict(decision.facts),
        parameter_set=decision.parameter_set,
        outcome=decision.outcome,
        amount=for_people("fen", decision.amount_fen) if decision.amount_fen is not None else None,
        reasons=reasons_of(decision),
    )
