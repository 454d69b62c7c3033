"""One call as the door sees it: what was asked, under which ids, what became of it."""

import re
from dataclasses import dataclass, field
from random import getrandbits
from time import perf_counter

from starlette.types import Scope

from gateway.brought import Brought, sort
from gateway.http1.headers import Headers, KnownHeaders
from gateway.problems import Problem, not_allowed
from gateway.proxies import Proxies

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OVERRIDES = frozenset({b"PUT", b"PATCH", b"DELETE"})

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_ODD_PATH = re.compile(r"[\x00-\x1f\x7f\\\ufffd]|//|/\.{1,2}(?:/|\Z)")
_ODD_TARGET = re.compile(rb"[^\x21-\x7e]|#")


_HEAD = (
    b"%b %b%b%b HTTP/1.1\r\n%b"
    b"traceparent: %b\r\nx-request-id: %b\r\nx-forwarded-for: %b\r\nx-forwarded-proto: %b\r\n\r\n"
)


def _malformed(detail: str) -> Problem:
    return Problem(400, "malformed_request", detail)


@dataclass(slots=True)
class Exchange:
    """One call. Until `inspect` has passed, only what is needed to refuse it may be relied on."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    scheme: str
    client: str
    request_id: str
    trace_id: str
    traceparent: bytes
    named_by_caller: bool  # one of the ids is the caller's own
    brought: Brought
    account: str | None = None
    upstream: str = "gateway"
    route: str = "none"
    status: int = 0
    started: float = field(default_factory=perf_counter)

    @property
    def instance(self) -> str:
        """The path as sent: an identifier that may be repeated to the caller."""
        return self.raw_path.decode("ascii", "replace")

    @property
    def own_headers(self) -> Headers:
        """What the door tells the service of the call."""
        return [
            (b"traceparent", self.traceparent),
            (b"x-request-id", self.request_id.encode()),
            (b"x-forwarded-for", self.client.encode()),
            (b"x-forwarded-proto", self.scheme.encode()),
        ]

    def onward(self, scope: Scope) -> Scope:
        """The scope for the service."""
        headers = [*self.brought.passing, *self.own_headers]
        return {**scope, "method": self.method, "headers": headers, "extensions": {}}

    def request_head(self) -> bytes:
        """The same as bytes of HTTP/1.1."""
        return _HEAD % (
            self.method.encode(),
            self.raw_path,
            b"?" if self.query else b"",
            self.query,
            self.brought.lines,
            self.traceparent,
            self.request_id.encode(),
            self.client.encode(),
            self.scheme.encode(),
        )


def _trace(traceparent: bytes | None, request_id: bytes | None) -> tuple[bytes, str, str]:
    """(traceparent, trace id, request id): the caller's own where they are well-formed, else new ones."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if traceparent and match:
        trace_id = match[1].decode()
    else:
        seed = f"{getrandbits(192) | 1 << 64 | 1:048x}"  # neither id is ever all zeros
        trace_id = seed[:32]
        traceparent = f"00-{trace_id}-{seed[32:]}-01".encode()
    if request_id and _REQUEST_ID.fullmatch(request_id):
        return traceparent, trace_id, request_id.decode()
    return traceparent, trace_id, trace_id


def begin(scope: Scope, proxies: Proxies) -> Exchange:
    """Open the exchange. Never raises."""
    headers = scope["headers"]
    if isinstance(headers, KnownHeaders):
        brought = headers.found = headers.found or sort(headers)
    else:
        brought = sort(headers)
    own_trace, own_id = brought.read.get(b"traceparent"), brought.read.get(b"x-request-id")
    traceparent, trace_id, request_id = _trace(own_trace, own_id)
    peer, scheme = (scope.get("client") or ("",))[0], scope.get("scheme", "http")
    if brought.of_proxies:
        said = brought.of_proxies
        peer, scheme = proxies.caller(
            peer, scheme, said.get(b"x-forwarded-for", b""), said.get(b"x-forwarded-proto", b"")
        )
    return Exchange(
        scope["method"],
        scope["path"],
        scope.get("raw_path") or scope["path"].encode(),
        scope["query_string"],
        scheme,
        peer,
        request_id,
        trace_id,
        traceparent,
        own_trace is not None or own_id is not None,
        brought,
    )


def inspect(exchange: Exchange) -> None:
    """Raises Problem for anything ambiguous. Applies the method override."""
    if exchange.method not in METHODS:
        raise not_allowed(*METHODS)
    path, query, brought = exchange.path, exchange.query, exchange.brought
    if not path.startswith("/") or _ODD_PATH.search(path) or _ODD_TARGET.search(exchange.raw_path):
        raise _malformed("请求地址有误")
    if query and (_ODD_TARGET.search(query) or b"%00" in query):
        raise _malformed("查询参数含有非法字符")
    if brought.fault:
        raise _malformed(brought.fault)
    if b"x-http-method-override" in brought.read:
        _override(exchange, brought.read[b"x-http-method-override"])


def _override(exchange: Exchange, value: bytes) -> None:
    """Behind gateways that pass GET and POST only, POST may stand for another verb (design §10)."""
    verb = value.strip().upper()
    if exchange.method != "POST" or verb not in OVERRIDES:
        raise Problem(400, "method_override_invalid", "X-HTTP-Method-Override 只能用于 POST，取值 PUT、PATCH、DELETE")
    exchange.method = verb.decode()
