"""What the door answers itself: RFC 9457 problem+json, a stable `code`, Chinese sentences, no internals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.types import Send

PROBLEM_JSON = b"application/problem+json"

_TITLES = {
    400: "请求有误",
    401: "身份未验证",
    404: "没有此地址",
    405: "方法不被允许",
    413: "请求内容过大",
    429: "请求过于频繁",
    500: "系统内部错误",
    502: "服务应答异常",
    503: "服务暂不可用",
    504: "服务应答超时",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of the door's own."""

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: Mapping[bytes, bytes] = field(default_factory=dict)


class Problem(Exception):
    """A refusal on its way out."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[bytes, bytes] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}

    def reply(self, *, trace_id: str, instance: str) -> Reply:
        """`instance` is the path as it was sent, never the query."""
        document = {
            "type": f"/problems/{self.code}",
            "title": _TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "traceId": trace_id,
            "instance": instance,
        }
        body = json.dumps(document, ensure_ascii=False).encode()
        return Reply(body, self.status, PROBLEM_JSON, {b"cache-control": b"no-store", **self.headers})


async def send_reply(send: Send, reply: Reply, *, request_id: str, head: bool = False) -> None:
    """Send `reply`; `head` leaves the body out, as a HEAD call asks."""
    headers = {
        b"content-type": reply.content_type,
        b"content-length": str(len(reply.body)).encode(),
        b"x-request-id": request_id.encode(),
        b"x-content-type-options": b"nosniff",
        **reply.headers,
    }
    await send({"type": "http.response.start", "status": reply.status, "headers": list(headers.items())})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


def not_found() -> Problem:
    """404: no service, no page of that name."""
    return Problem(404, "route_not_found", "没有此地址")


def not_allowed(*methods: str) -> Problem:
    """405 with what would be allowed."""
    return Problem(405, "method_not_allowed", "此地址不支持该方法", {b"allow": ", ".join(methods).encode()})


def too_large(limit: int) -> Problem:
    """413; `limit` in bytes."""
    return Problem(413, "body_too_large", f"请求内容超过 {limit // 1_000} KB 的上限", {b"connection": b"close"})


def unavailable(code: str, detail: str, retry_after: int = 1) -> Problem:
    """503 with the seconds after which to try again."""
    return Problem(503, code, detail, {b"retry-after": str(retry_after).encode()})
