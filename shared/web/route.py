"""The route class: permission, unit of work, audit and idempotent answer around every endpoint.

It sees the finished answer before it is sent, so the change, its events, its audit row and the stored answer share
one transaction, and a failed commit is still an error answer (FastAPI would commit a `Depends` after the answer has
left). A route without a permission does not build.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from shared.db.database import as_problem, sqlstate
from shared.db.principals import Principal, system_principal
from shared.db.problems import Forbidden, Problem, Unauthorised
from shared.db.unit import UnitOfWork
from shared.security.masking import Grade, revealing
from shared.web import idempotency
from shared.web.edge import Edge, edge_of, file_limit_of
from shared.web.problems import (
    add_route_header,
    is_json_fault,
    plain_problem,
    problem_response,
    validation_problem,
)
from shared.web.reads import short_way

log = logging.getLogger("puyou.web")

_TRIES = 3
_QUIET = {422, 429, 503}


@dataclass(frozen=True, slots=True)
class Permit:
    """What a route asks of its caller, and how much of a person it shows.

    `plain` routes hold no personal data; `personal` ones write an audit row also for reading; `unmask` ones show
    L4 data and need `?reason=`. `reveal` is the highest grade shown in the clear.
    `resource == ""` marks a public route: it runs as a named system principal. One that `takes_file` may be sent a
    body as large as a file.
    """

    resource: str
    verb: str
    kind: str = "plain"
    reveal: Grade = Grade.NOTHING
    takes_file: bool = False


def permit(
    resource: str, verb: str, kind: str = "plain", *, reveal: Grade = Grade.NOTHING, takes_file: bool = False
) -> Callable[[Any], Any]:
    """Declare a route's permission; put it directly above the endpoint."""
    if kind not in ("plain", "personal", "unmask"):
        raise ValueError(kind)
    return _mark(Permit(resource, verb, kind, Grade.L4 if kind == "unmask" else reveal, takes_file))


def public(name: str) -> Callable[[Any], Any]:
    """Declare a route open to callers who have not signed in; it acts as the system principal `name`."""
    return _mark(Permit("", name))


def _mark(declared: Permit) -> Callable[[Any], Any]:
    def mark(endpoint: Any) -> Any:
        endpoint.__permit__ = declared
        return endpoint

    return mark


async def _current_unit(request: Request) -> UnitOfWork:  # async: FastAPI would send a plain function to a thread
    unit: UnitOfWork = request.state.unit
    return unit


Unit = Annotated[UnitOfWork, Depends(_current_unit)]
"""The open unit of work of this request."""


class UnitRoute(APIRoute):
    """See the module's text."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        declared = getattr(endpoint, "__permit__", None)
        if declared is None:
            raise TypeError(f"{path}: the route declares no permission (@permit or @public)")
        self.permit: Permit = declared
        self.handle_request: Callable[[Request], Awaitable[Response]]
        kwargs["operation_id"] = kwargs.get("operation_id") or endpoint.__name__
        super().__init__(path, endpoint, **kwargs)

    @property
    def writes(self) -> bool:
        """True for verbs that change something."""
        return not (self.methods or set()) <= {"GET", "HEAD"}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        original = short_way(self) or super().get_route_handler()

        async def handle(request: Request) -> Response:
            call = _Call(self, request, original)
            try:
                response = await call.answer()
            except Problem as problem:
                response = problem_response(problem, call.trace_id)
            return add_route_header(response, self.path_format)

        self.handle_request = handle
        return handle


class Router(APIRouter):
    """A room's routes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(route_class=UnitRoute, **kwargs)


class _Call:
    """One request on its way through the edge."""

    def __init__(self, route: UnitRoute, request: Request, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        self.route = route
        self.request = Request(request.scope, self._receive)
        self._arriving = request.receive
        self._length = 0
        self.endpoint = endpoint
        self.edge: Edge = edge_of(request)
        self.trace_id = request.headers.get("traceparent", "") or request.headers.get("x-request-id", "")
        self.name = f"{self.edge.service}:{route.operation_id}"

    async def answer(self) -> Response:
        principal = Principal("anonymous", role=system_principal("").role)
        try:
            principal = self._who()
            self._check_permission(principal)
            await self._read_body()
            return await self._within_key(principal)
        except BaseException as error:
            problem = _expected(error)
            if problem is None:
                if isinstance(error, Exception):
                    log.exception("request failed", extra={"route": self.route.path_format})
                    await self._record(principal, "failed", "internal_error", None)
                    raise _Broken from None
                raise
            if problem.status not in _QUIET or problem.then:
                await self._record(principal, "refused", problem.code, problem)
            raise problem from None

    def _who(self) -> Principal:
        declared = self.route.permit
        if not declared.resource:
            return system_principal(declared.verb)
        header = self.request.headers.get("authorization", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorised
        return self.edge.authenticate(token)

    def _check_permission(self, principal: Principal) -> None:
        declared = self.route.permit
        if declared.resource and not self.edge.permissions.allows(principal.role, declared.resource, declared.verb):
            raise Forbidden
        if declared.kind == "unmask" and not 2 <= len(self.request.query_params.get("reason", "")) <= 200:
            raise plain_problem(422, "reason_required", "查看完整信息须说明理由（reason）")

    @property
    def _limit(self) -> int:
        return file_limit_of(self.request) if self.route.permit.takes_file else self.edge.body_limit

    async def _read_body(self) -> None:
        """Read the body before a connection is taken: a slow sender must not hold one."""
        length = self.request.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > self._limit:
            raise self._too_large()
        if length or "transfer-encoding" in self.request.headers or self.route.writes:
            await self.request.body()

    async def _receive(self) -> Message:
        """The next piece of the body. What is too large is not read to its end, told length or not."""
        message = await self._arriving()
        self._length += len(message.get("body", b""))
        if self._length > self._limit:
            raise self._too_large()
        return message

    def _too_large(self) -> Problem:
        if self.route.permit.takes_file:
            return FileTooLarge(detail=f"文件过大，最大 {self._limit / 1_000_000:g} MB", field="file")
        return plain_problem(413, "body_too_large", "提交的内容过大")

    async def _within_key(self, principal: Principal) -> Response:
        key = self.request.headers.get("idempotency-key", "")
        # No answer of a public route is kept: all callers share its principal, and it may hold tokens.
        if not key or not self.route.writes or not self.route.permit.resource:
            return await self._with_retries(principal, None)
        claim = await idempotency.claim(self.request, principal, key)
        async with claim:
            return await self._with_retries(principal, claim)

    async def _with_retries(self, principal: Principal, claim: idempotency.Claim | None) -> Response:
        for last in (False, False, True):
            try:
                return await self._once(principal, claim)
            except idempotency.HeldElsewhere:
                await claim.wait()  # type: ignore[union-attr]
                return await self._with_retries(principal, claim)
            except Exception as error:
                if last or sqlstate(error) not in ("40001", "40P01"):
                    raise
        raise AssertionError("unreachable")

    async def _once(self, principal: Principal, claim: idempotency.Claim | None) -> Response:
        declared = self.route.permit
        try:
            async with self.edge.database.unit(principal, self.name, trace_id=self.trace_id) as unit:
                unit.audited = self.route.writes or declared.kind != "plain"
                unit.audit.grade = declared.reveal.name
                unit.audit.reason = self.request.query_params.get("reason", "")[:200]
                unit.audit.purpose = _text(self.request.headers.get("x-purpose", ""))[:200]
                unit.if_match = _versions(self.request.headers.getlist("if-match"))
                if claim and (stored := await claim.stored(unit)):
                    unit.audited = False
                    return stored
                self.request.state.unit = unit
                with revealing(declared.reveal):
                    response = await self.endpoint(self.request)
                if claim:
                    await claim.keep(unit, response)
                return response
        except Problem as problem:
            if claim and problem.status in (409, 422):
                await claim.keep_refusal(self.edge.database, principal, problem_response(problem, self.trace_id))
            raise

    async def _record(self, principal: Principal, outcome: str, code: str, problem: Problem | None) -> None:
        """A second transaction after the rollback: the refusal, and counters that must outlive it."""
        who = system_principal("refusals")
        try:
            # on the other pool: two hundred refusals must not wait for each other's requests
            async with self.edge.database.unit(who, self.name, worker=True, trace_id=self.trace_id) as unit:
                unit.principal = principal
                unit.note(outcome=outcome, code=code, detail={"path": self.request.url.path[:200]})
                if problem and problem.then:
                    await problem.then(unit)
        except Exception:  # the refusal itself must still be answered
            log.exception("refusal not recorded", extra={"route": self.route.path_format})


def _text(value: str) -> str:
    """A header as its sender wrote it, in UTF-8; Starlette reads bytes as Latin-1."""
    return value.encode("latin-1").decode(errors="replace").replace("\0", "")


def _versions(headers: Sequence[str]) -> frozenset[str] | None:
    """The versions an `If-Match` allows, None when it allows any. A tag that was never ours allows nothing."""
    tags = [tag.strip() for header in headers for tag in header.split(",")]
    if not tags or tags == ["*"]:
        return None
    return frozenset(tag.removeprefix("W/").strip('"') for tag in tags)


class FileTooLarge(Problem):
    status = 413
    code = "file_too_large"
    detail = "文件过大"


class _Broken(Problem):
    status = 500


def _expected(error: BaseException) -> Problem | None:
    if isinstance(error, RequestValidationError):
        if is_json_fault(error):
            return plain_problem(400, "invalid_json", "请求内容不是有效的 JSON")
        return validation_problem(error)
    if isinstance(error, ValidationError):
        return None
    if isinstance(error, UnicodeEncodeError):
        return plain_problem(422, "invalid_text", "提交的文本中有无法保存的字符")
    if isinstance(error, HTTPException):
        return plain_problem(error.status_code, "bad_request", "请求格式错误")
    return as_problem(error)
