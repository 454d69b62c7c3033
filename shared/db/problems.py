"""Errors that carry their answer: status, stable code, Chinese sentence, field (RFC 9457).

A rule raises one; the edge (HTTP route, inbox worker, CLI) turns it into an answer. Subclass beside the rule:
`class BedTaken(Conflict): code = "bed_taken"; detail = "该床位已被占用"`.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar


class Problem(Exception):
    """Base of all expected refusals."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    detail: str = "系统内部错误，请稍后再试"

    def __init__(
        self,
        code: str | None = None,
        detail: str | None = None,
        *,
        field: str | None = None,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        then: Callable[[Any], Awaitable[None]] | None = None,
    ) -> None:
        """`then(unit)` runs in a second transaction after the rollback (lock-out counters)."""
        self.code = code or type(self).code
        self.detail = detail or type(self).detail
        self.errors = errors or ([{"field": field, "code": self.code, "message": self.detail}] if field else [])
        self.headers = headers or {}
        self.then = then
        super().__init__(f"{self.code}: {self.detail}")


class Unauthorised(Problem):
    """401: who is calling is not known."""

    status = 401
    code = "not_signed_in"
    detail = "请先登录"


class Forbidden(Problem):
    """403: known, but may not do this."""

    status = 403
    code = "not_permitted"
    detail = "您没有办理此事项的权限"


class NotFound(Problem):
    """404: not there, or outside the caller's rows; the two are not told apart."""

    status = 404
    code = "not_found"
    detail = "没有找到相应记录"


class Conflict(Problem):
    """409: the state does not allow it, or someone else was faster."""

    status = 409
    code = "conflict"
    detail = "当前状态不允许此操作"


class Invalid(Problem):
    """422: the request can be read but breaks a rule."""

    status = 422
    code = "invalid"
    detail = "提交的内容不符合要求"


class Unavailable(Problem):
    """503: try again in a moment."""

    status = 503
    code = "busy"
    detail = "系统繁忙，请稍后再试"
