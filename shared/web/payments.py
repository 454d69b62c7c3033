"""`/api/<service>/payments/…`: batches from draft to reconciliation, recoveries, a person's statement.

The service's `permissions.yaml` says who may (the engine keeps maker, approver and releaser apart as persons):

    payment_batch:
      read: [FINANCE_OFFICER, DISTRICT_OFFICER, DISTRICT_REVIEWER, AUDITOR]
      make: [FINANCE_OFFICER]          # open, run, check
      approve: [DISTRICT_REVIEWER]
      release: [FINANCE_OFFICER]       # to the bank, and its file
      reconcile: [FINANCE_OFFICER]
    payment_line: {read: [FINANCE_OFFICER, DISTRICT_OFFICER, DISTRICT_REVIEWER]}
    payment_statement: {read: [RESIDENT, TOWN_CLERK, FINANCE_OFFICER, DISTRICT_OFFICER]}
    recovery:
      read: [TOWN_CLERK, FINANCE_OFFICER, DISTRICT_OFFICER]
      confirm: [DISTRICT_OFFICER]
      repay: [FINANCE_OFFICER]
      write_off: [DISTRICT_REVIEWER]
"""

from typing import Annotated

from fastapi import Query
from sqlalchemy import select
from starlette.responses import PlainTextResponse

from shared.ids import PersonId, UuidStr
from shared.payments import BankAnswer, Month, Payments, month_of, returns_file
from shared.payments.months import plus
from shared.payments.tables import PaymentBatch, PaymentLine, Recovery
from shared.web.files import FileContent
from shared.web.paging import Page, paginate
from shared.web.payments_wire import (
    BatchIn,
    BatchOut,
    BatchQuery,
    CheckedOut,
    LineOut,
    LineQuery,
    MonthOut,
    RecoveryOut,
    RecoveryQuery,
    RepaymentIn,
    ReturnFault,
    ReturnsIn,
    ReturnsOut,
    RunOut,
    StatementOut,
    WriteOffIn,
)
from shared.web.route import Router, Unit, permit

_RANGES_A_REQUEST = 20
_CSV = {"text/csv": {"schema": {"type": "string"}}}


def payments_router(service: str, payments: Payments) -> Router:
    """The payment routes of a service."""
    router = Router(prefix=f"/api/{service}/payments", tags=["发放"])
    _batch_routes(router, service, payments)
    _bank_routes(router, service, payments)
    _recovery_routes(router, service, payments)
    return router


def _batch_routes(router: Router, service: str, payments: Payments) -> None:
    @router.get("/batches", operation_id=f"{service}_list_batches")
    @permit("payment_batch", "read")
    async def list_batches(unit: Unit, page: Annotated[BatchQuery, Query()]) -> Page[BatchOut]:
        """发放批次，新的在前。"""
        statement = select(PaymentBatch).filter_by(
            **{name: value for name, value in (("scheme", page.scheme), ("state", page.state)) if value}
        )
        return await paginate(unit, statement, [PaymentBatch.id], page, BatchOut.of, descending=True)

    @router.post("/batches", status_code=201, operation_id=f"{service}_open_batch")
    @permit("payment_batch", "make")
    async def open_batch(body: BatchIn, unit: Unit) -> RunOut:
        """制单：建立某待遇某月的批次并生成明细；同一批次重复生成不会多出明细。"""
        batch = await payments.open_batch(unit, body.scheme, body.month, body.area_code)
        return await _run(unit, payments, batch.id)

    @router.get("/batches/{batch_id}", operation_id=f"{service}_get_batch")
    @permit("payment_batch", "read")
    async def get_batch(batch_id: UuidStr, unit: Unit) -> BatchOut:
        """批次。"""
        return BatchOut.of(await unit.get(PaymentBatch, batch_id))

    @router.post("/batches/{batch_id}/run", operation_id=f"{service}_run_batch")
    @permit("payment_batch", "make")
    async def run_batch(batch_id: UuidStr, unit: Unit) -> RunOut:
        """继续或重新生成明细。"""
        return await _run(unit, payments, batch_id)

    @router.post("/batches/{batch_id}/check", operation_id=f"{service}_check_batch")
    @permit("payment_batch", "make")
    async def check_batch(batch_id: UuidStr, unit: Unit) -> CheckedOut:
        """核对：剔除不再应发、重复、暂停、无账户等明细，逐条注明原因。"""
        checked = await payments.check(unit, batch_id)
        return CheckedOut(
            batch=BatchOut.of(await unit.get(PaymentBatch, batch_id)),
            cancelled=len(checked.settled.of("cancelled")),
            excluded=dict(checked.excluded),
        )

    @router.post("/batches/{batch_id}/approve", operation_id=f"{service}_approve_batch")
    @permit("payment_batch", "approve")
    async def approve_batch(batch_id: UuidStr, unit: Unit) -> BatchOut:
        """审批：须由制单、核对以外的人办理。"""
        return BatchOut.of(await payments.approve(unit, batch_id))

    @router.get("/batches/{batch_id}/lines", operation_id=f"{service}_list_batch_lines")
    @permit("payment_line", "read", "personal")
    async def list_batch_lines(batch_id: UuidStr, unit: Unit, page: Annotated[LineQuery, Query()]) -> Page[LineOut]:
        """批次明细。"""
        await unit.get(PaymentBatch, batch_id)
        chosen = {"batch_id": batch_id, **({"state": page.state} if page.state else {})}
        statement = select(PaymentLine).filter_by(**chosen)
        found = await paginate(unit, statement, [PaymentLine.id], page, LineOut.of)
        unit.note(subjects=[line.person_id for line in found.items], case_id=batch_id)
        return found


def _bank_routes(router: Router, service: str, payments: Payments) -> None:
    @router.post("/batches/{batch_id}/export", operation_id=f"{service}_export_batch")
    @permit("payment_batch", "release")
    async def export_batch(batch_id: UuidStr, unit: Unit) -> BatchOut:
        """发送银行：锁定明细，生成银行文件及其 SM3 摘要；须由审批以外的人办理。"""
        await payments.send(unit, batch_id)
        return BatchOut.of(await unit.get(PaymentBatch, batch_id))

    @router.get(
        "/batches/{batch_id}/file",
        operation_id=f"{service}_get_bank_file",
        response_class=PlainTextResponse,
    )
    @permit("payment_batch", "release", "unmask")
    async def get_bank_file(
        batch_id: UuidStr, unit: Unit, reason: Annotated[str, Query(max_length=200)] = ""
    ) -> PlainTextResponse:
        """银行文件（含户名、账号），须说明理由。"""
        content = await payments.bank_file(unit, batch_id)
        return PlainTextResponse(content, media_type="text/csv; charset=utf-8")

    @router.post("/batches/{batch_id}/returns", operation_id=f"{service}_enter_returns")
    @permit("payment_batch", "reconcile")
    async def enter_returns(batch_id: UuidStr, body: ReturnsIn, unit: Unit) -> ReturnsOut:
        """对账：登记银行回盘结果；重复登记无影响，有疑问的行逐行列出。"""
        given = [BankAnswer(int(row.line_id), row.outcome, row.amount, row.reason) for row in body.rows]
        done = await payments.answer(unit, batch_id, given)
        return ReturnsOut(
            batch=BatchOut.of(await unit.get(PaymentBatch, batch_id)),
            paid=len(done.of("PAID")),
            returned=len(done.of("RETURNED")),
            unknown=len(done.of("UNKNOWN")),
            unchanged=sum(answer.verdict == "unchanged" for answer in done.answers),
            faults=[
                ReturnFault(row=fault.row, line_id=str(fault.line_id), code=fault.verdict) for fault in done.errors
            ],
        )

    @router.post(
        "/batches/{batch_id}/returns-file",
        operation_id=f"{service}_enter_returns_file",
        response_class=PlainTextResponse,
        openapi_extra={"requestBody": {"required": True, "content": _CSV}},
    )
    @permit("payment_batch", "reconcile")
    async def enter_returns_file(batch_id: UuidStr, content: FileContent, unit: Unit) -> PlainTextResponse:
        """对账：登记银行回盘文件（CSV：流水号,结果,金额,原因）。返回有疑问的行及原因，其余各行均已登记；重复上传无影响。"""
        await unit.get(PaymentBatch, batch_id)  # what is wrong with a file is said to those only who see its batch
        file = returns_file.read(content)
        done = await payments.answer(unit, batch_id, file.given)
        faults = file.faults(done.answers)
        unit.note(detail={"rows": len(file.cells), "errors": len(faults)})
        return PlainTextResponse(returns_file.write_faults(faults), media_type="text/csv; charset=utf-8")


def _recovery_routes(router: Router, service: str, payments: Payments) -> None:
    @router.get("/recoveries", operation_id=f"{service}_list_recoveries")
    @permit("recovery", "read", "personal")
    async def list_recoveries(unit: Unit, page: Annotated[RecoveryQuery, Query()]) -> Page[RecoveryOut]:
        """追缴记录，新的在前。"""
        chosen = (("state", page.state), ("person_id", page.person_id))
        statement = select(Recovery).filter_by(**{name: value for name, value in chosen if value})
        found = await paginate(
            unit, statement, [Recovery.created_at, Recovery.id], page, RecoveryOut.of, descending=True
        )
        unit.note(subjects=[row.person_id for row in found.items])
        return found

    @router.post("/recoveries/{recovery_id}/confirm", operation_id=f"{service}_confirm_recovery")
    @permit("recovery", "confirm")
    async def confirm_recovery(recovery_id: UuidStr, unit: Unit) -> RecoveryOut:
        """确认追缴；此前只是系统建议。"""
        return RecoveryOut.of(await payments.confirm_recovery(unit, recovery_id))

    @router.post("/recoveries/{recovery_id}/repayments", operation_id=f"{service}_enter_repayment")
    @permit("recovery", "repay")
    async def enter_repayment(recovery_id: UuidStr, body: RepaymentIn, unit: Unit) -> RecoveryOut:
        """登记退回的款项。"""
        return RecoveryOut.of(await payments.repay(unit, recovery_id, body.amount, body.note))

    @router.post("/recoveries/{recovery_id}/write-off", operation_id=f"{service}_write_off_recovery")
    @permit("recovery", "write_off")
    async def write_off_recovery(recovery_id: UuidStr, body: WriteOffIn, unit: Unit) -> RecoveryOut:
        """核销；须由确认追缴以外的人办理。"""
        unit.note(reason=body.reason[:200])
        return RecoveryOut.of(await payments.write_off(unit, recovery_id))

    @router.get("/people/{person_id}/statement", operation_id=f"{service}_get_statement")
    @permit("payment_statement", "read", "personal")
    async def get_statement(
        person_id: PersonId,
        unit: Unit,
        since: Annotated[Month | None, Query()] = None,
        until: Annotated[Month | None, Query()] = None,
    ) -> StatementOut:
        """某人各项待遇逐月的应发、已发、在途、应退。缺省为最近12个月。"""
        last = until or month_of(unit.today)
        first = since or plus(last, -11)
        unit.note(subjects=[person_id])
        found = await payments.statement(unit, person_id, first, last)
        months = [
            MonthOut(
                entitlement_id=one.entitlement_id,
                scheme=one.scheme,
                month=one.month,
                due=one.due_fen,
                paid=one.paid_fen,
                on_the_way=one.on_the_way_fen,
                to_recover=one.to_recover_fen,
            )
            for one in found
        ]
        return StatementOut(person_id=person_id, since=first, until=last, months=months)


async def _run(unit: Unit, payments: Payments, batch_id: str) -> RunOut:
    run = await payments.run(unit, batch_id, max_ranges=_RANGES_A_REQUEST)
    return RunOut(
        batch=BatchOut.of(await unit.get(PaymentBatch, batch_id)),
        added=run.lines,
        added_total=run.total_fen,
        done=run.done,
    )
