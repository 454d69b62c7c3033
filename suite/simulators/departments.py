"""The departments' exchange, played: police, social security, medical insurance, provident fund, funeral home, banks,
and what fifteen of them tell of a family's means.

    POST /simulators/departments/<department>/<operation>   {callId, …}  → 200 {"result": {…}}
    POST /simulators/departments/_behaviour   {"department": "police", "behaviour": "slow", "seconds": 3}
    POST /simulators/departments/_holdings   {"department": "bank", "operation": "balances", "idNumber": …,
                                              "items": [{"item": "DEPOSIT", "value": "1200.00"}]}
    GET  /simulators/departments/_calls?department=police   what was asked, for tests

`callId` makes a call idempotent: the same id gets the same answer and is counted once. Behaviours: `ok`, `slow`
(answers after `seconds`), `down` (503), `wrong` (200 with a body that is not what was agreed), `refuse` (422),
`garbled` (200 in the agreed envelope, with a content nobody can use). Nobody owns anything until `_holdings` says so.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shared import clock

Result = dict[str, Any]


def _today() -> str:
    return clock.today().isoformat()


def _in_hours(hours: int) -> str:
    return (clock.now() + timedelta(hours=hours)).isoformat()


def _next_month(payload: dict[str, Any]) -> str:
    """The month after the month of death."""
    year, month = (int(part) for part in str(payload.get("deathDate") or _today()).split("-")[:2])
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def _undone(_: dict[str, Any]) -> Result:
    return {"restoredOn": _today()}


_OPERATIONS: dict[str, Callable[[dict[str, Any]], Result]] = {
    "funeral_home/book_transfer": lambda _: {
        "bookingNo": "YY" + clock.now().strftime("%Y%m%d%H%M%S"),
        "transferAt": _in_hours(2),
        "cremationAt": _in_hours(26),
        "hall": "小告别厅",
    },
    "funeral_home/cremation_certificate": lambda payload: {
        "cremationNo": "HH" + str(payload.get("caseId", ""))[-8:].upper(),
        "crematedAt": clock.now().isoformat(),
    },
    "funeral_home/cancel_booking": _undone,
    "police/cancel_registration": lambda _: {"cancelledOn": _today()},
    "police/invalidate_id_card": lambda _: {"invalidatedOn": _today()},
    "police/cancel_driving_licence": lambda _: {"cancelledOn": _today(), "guide": "车辆过户请到车辆管理所办理"},
    "police/restore_registration": _undone,
    "police/restore_id_card": _undone,
    "police/restore_driving_licence": _undone,
    "social_security/stop_pension": lambda payload: {"stopMonth": _next_month(payload), "overpaid": "0.00"},
    "social_security/funeral_grant": lambda _: {"amount": "20000.00", "fund": "养老保险", "payee": "法定继承人"},
    "social_security/account_balance": lambda _: {"amount": "3580.40"},
    "social_security/survivors_benefit": lambda _: {"decision": "不符合供养条件", "amount": "0.00"},
    "social_security/end_insured_relation": lambda _: {"endedOn": _today()},
    "social_security/cancel_cards": lambda _: {"cancelledOn": _today()},
    "social_security/resume_pension": _undone,
    "social_security/recall_funeral_grant": _undone,
    "social_security/reopen_account": _undone,
    "social_security/end_survivors_benefit": _undone,
    "social_security/restore_insured_relation": _undone,
    "social_security/restore_cards": _undone,
    "medical_insurance/end_insurance": lambda _: {"endedOn": _today(), "amount": "912.35"},
    "medical_insurance/restore_insurance": _undone,
    "provident_fund/withdraw_by_heirs": lambda _: {"amount": "0.00"},
    "provident_fund/recall_withdrawal": _undone,
    "bank/account_guide": lambda _: {"guide": "五万元以下可凭死亡证明和亲属关系证明简化提取"},
}

_CHECKS = frozenset(
    {
        "police/household_registration",
        "tax/income",
        "social_security/benefits",
        "real_estate/homes",
        "market/registrations",
        "provident_fund/balance",
        "traffic/vehicles",
        "maritime/ships",
        "bank/balances",
        "insurance/policies",
        "securities/holdings",
        "internet_finance/holdings",
        "civil_affairs/marriage",
        "civil_affairs/funeral",
        "disabled_federation/certificates",
        "medical_insurance/settlements",
    }
)
"""Operations that tell what people have: `{people: [{personId, name, idNumber}]}` → `{items: [{personId, item, value,
date}]}`."""


@dataclass(slots=True)
class Behaviour:
    """How a department behaves now; `left` counts down the calls it lasts for (None: until changed)."""

    kind: str = "ok"
    seconds: float = 0.0
    left: int | None = None


@dataclass(slots=True)
class Departments:
    """The exchange's memory."""

    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    answers: dict[str, Result] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    holdings: dict[tuple[str, str], list[Result]] = field(default_factory=dict)

    def behaviour(self, department: str) -> Behaviour:
        """How this call is treated."""
        behaviour = self.behaviours.get(department) or self.behaviours.get("*") or Behaviour()
        if behaviour.left is not None:
            if behaviour.left <= 0:
                return Behaviour()
            behaviour.left -= 1
        return behaviour

    async def answer(self, department: str, operation: str, payload: dict[str, Any]) -> Response:
        """One call."""
        behaviour = self.behaviour(department)
        if behaviour.kind == "slow":
            await asyncio.sleep(min(behaviour.seconds, 30))
        if behaviour.kind == "down":
            return JSONResponse({"reason": "系统维护"}, 503)
        if behaviour.kind == "wrong":
            return PlainTextResponse("<html>维护中</html>")
        if behaviour.kind == "refuse":
            return JSONResponse({"reason": "查无此人"}, 422)
        if behaviour.kind == "garbled":
            return JSONResponse({"result": {"items": "见附件"}})
        name = f"{department}/{operation}"
        work = self._told(name) if name in _CHECKS else _OPERATIONS.get(name)
        call_id = payload.get("callId")
        if work is None or not isinstance(call_id, str):
            return JSONResponse({"reason": "不支持的业务"}, 422)
        if call_id not in self.answers:
            self.answers[call_id] = work(payload)
            self.asked.append({"department": department, "operation": operation, "callId": call_id})
        return JSONResponse({"result": self.answers[call_id]})

    def _told(self, name: str) -> Callable[[dict[str, Any]], Result]:
        """What this department knows of the people it is asked about."""

        def work(payload: dict[str, Any]) -> Result:
            people = payload.get("people") or []
            return {
                "items": [
                    {"personId": person["personId"], "date": _today(), **item}
                    for person in people
                    for item in self.holdings.get((name, person["idNumber"]), [])
                ]
            }

        return work


def departments_app(departments: Departments | None = None) -> Starlette:
    """The exchange as an HTTP application."""
    memory = departments or Departments()

    async def call(request: Request) -> Response:
        try:
            payload = json.loads(await request.body())
        except ValueError:
            return JSONResponse({"reason": "报文无法解析"}, 400)
        if not isinstance(payload, dict):
            return JSONResponse({"reason": "报文无法解析"}, 400)
        return await memory.answer(request.path_params["department"], request.path_params["operation"], payload)

    async def behave(request: Request) -> Response:
        wanted = json.loads(await request.body())
        behaviour = Behaviour(wanted["behaviour"], float(wanted.get("seconds", 0)), wanted.get("calls"))
        memory.behaviours[wanted["department"]] = behaviour
        return JSONResponse({"ok": True})

    async def hold(request: Request) -> Response:
        told = json.loads(await request.body())
        name = f"{told['department']}/{told['operation']}"
        memory.holdings[name, told["idNumber"]] = list(told["items"])
        return JSONResponse({"ok": True})

    async def calls(request: Request) -> Response:
        department = request.query_params.get("department")
        return JSONResponse([asked for asked in memory.asked if department in (None, asked["department"])])

    base = "/simulators/departments"
    return Starlette(
        routes=[
            Route(f"{base}/_behaviour", behave, methods=["POST"]),
            Route(f"{base}/_holdings", hold, methods=["POST"]),
            Route(f"{base}/_calls", calls, methods=["GET"]),
            Route(base + "/{department}/{operation}", call, methods=["POST"]),
        ]
    )
