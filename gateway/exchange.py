"""One call as the door sees it, and the hygiene of what it brought along.

Whatever two readers could understand differently is refused here, so that the door and the service behind it
never disagree about where a request goes, where its body ends or who sent it.
"""

import os
import re
from dataclasses import dataclass, field
from time import perf_counter

from starlette.types import Scope

from gateway.problems import Problem, not_allowed

Headers = list[tuple[bytes, bytes]]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OVERRIDES = frozenset({b"PUT", b"PATCH", b"DELETE"})


def _names(text: str) -> frozenset[bytes]:
    return frozenset(text.encode().split())


# Headers of this connection, not of the call (RFC 9110 §7.6.1).
_HOP_BY_HOP = _names("keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer upgrade expect")
# Headers only the door may send, or that some readers take for another address or verb.
_RESERVED = _names("forwarded x-real-ip x-original-url x-rewrite-url x-http-method x-method-override tracestate")
_RESERVED_PREFIXES = (b"x-puyou-", b"x-forwarded-")
# Headers the door reads itself.
_READ = _names("authorization connection content-length host traceparent transfer-encoding x-request-id") | {
    b"x-http-method-override"
}
_NEVER_NAMED_BY_CONNECTION = _names("authorization content-length content-type host transfer-encoding")

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_HOST = re.compile(rb"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_ODD_PATH = re.compile(r"[\x00-\x1f\x7f\\\ufffd]|//|/\.{1,2}(?:/|\Z)")
_ODD_TARGET = re.compile(rb"[^\x21-\x7e]|#")


def _malformed(detail: str) -> Problem:
    return Problem(400, "malformed_request", detail)


@dataclass(slots=True)
class Exchange:
    """One call: what was asked, what became of it."""

    method: str
    path: str
    raw_path: bytes
    client: str
    request_id: str
    trace_id: str
    traceparent: bytes
    authorization: bytes | None = None
    content_length: int = 0
    has_body: bool = False
    account: str | None = None
    upstream: str = "gateway"
    route: str = "none"
    status: int = 0
    started: float = field(default_factory=perf_counter)

    @property
    def instance(self) -> str:
        """The path as sent: an identifier that may be repeated to the caller."""
        return self.raw_path.decode("ascii", "replace")


def _trace(traceparents: list[bytes], request_ids: list[bytes]) -> tuple[bytes, str, str]:
    """(traceparent, trace id, request id): the caller's own where they are well-formed, else new ones."""
    match = _TRACEPARENT.fullmatch(traceparents[0]) if len(traceparents) == 1 else None
    if match:
        traceparent, trace_id = traceparents[0], match[1].decode()
    else:
        seed = os.urandom(24).hex()
        trace_id = seed[:32]
        traceparent = f"00-{trace_id}-{seed[32:]}-01".encode()
    if len(request_ids) == 1 and _REQUEST_ID.fullmatch(request_ids[0]):
        return traceparent, trace_id, request_ids[0].decode()
    return traceparent, trace_id, trace_id


def begin(scope: Scope) -> tuple[Exchange, dict[bytes, list[bytes]], Headers]:
    """Open the exchange: (exchange, headers the door reads, headers that pass). Never raises."""
    read: dict[bytes, list[bytes]] = {}
    passing: Headers = []
    for header in scope["headers"]:
        name = header[0]
        if name in _READ:
            read.setdefault(name, []).append(header[1])
        elif not (
            name in _HOP_BY_HOP
            or name in _RESERVED
            or name.startswith(_RESERVED_PREFIXES)
            or b"_" in name  # some readers take `_` for `-`
        ):
            passing.append(header)
    traceparent, trace_id, request_id = _trace(read.get(b"traceparent", []), read.get(b"x-request-id", []))
    exchange = Exchange(
        method=scope["method"],
        path=scope["path"],
        raw_path=scope.get("raw_path") or scope["path"].encode(),
        client=scope["client"][0] if scope.get("client") else "",
        request_id=request_id,
        trace_id=trace_id,
        traceparent=traceparent,
    )
    return exchange, read, passing


def inspect(exchange: Exchange, read: dict[bytes, list[bytes]], passing: Headers, scope: Scope) -> Headers:
    """Headers for the upstream; raises Problem for anything ambiguous. Applies the method override."""
    if exchange.method not in METHODS:
        raise not_allowed(*METHODS)
    _check_target(exchange, scope["query_string"])
    singles = {name: values[0] for name, values in read.items()}
    if any(len(values) > 1 for name, values in read.items() if name != b"connection"):
        raise _malformed("请求头重复")
    everything = b" ".join([*singles.values(), *(value for _, value in passing)])
    if _CONTROL.search(everything) or not (everything.isascii() or _is_utf8(everything)):
        raise _malformed("请求头含有非法字符")
    _check_framing(exchange, singles)
    passing = _without_named(passing, read.get(b"connection", ()))
    _override(exchange, singles.get(b"x-http-method-override"))

    exchange.authorization = singles.get(b"authorization")
    for name in (b"host", b"authorization", b"content-length", b"transfer-encoding"):
        if name in singles:
            passing.append((name, singles[name]))
    passing += (
        (b"traceparent", exchange.traceparent),
        (b"x-request-id", exchange.request_id.encode()),
        (b"x-forwarded-for", exchange.client.encode()),
        (b"x-forwarded-proto", scope.get("scheme", "http").encode()),
    )
    return passing


def _check_target(exchange: Exchange, query: bytes) -> None:
    path = exchange.path
    if not path.startswith("/") or _ODD_PATH.search(path) or _ODD_TARGET.search(exchange.raw_path):
        raise _malformed("请求地址有误")
    if _ODD_TARGET.search(query) or b"%00" in query:
        raise _malformed("查询参数含有非法字符")


def _check_framing(exchange: Exchange, singles: dict[bytes, bytes]) -> None:
    """One way only to tell where the body ends (RFC 9112 §6.3)."""
    length, coding = singles.get(b"content-length"), singles.get(b"transfer-encoding")
    if length is not None:
        if coding is not None or not length.isdigit() or len(length) > 18:
            raise _malformed("请求内容长度有误")
        exchange.content_length = int(length)
    elif coding is not None and coding.strip().lower() != b"chunked":
        raise _malformed("不支持的传输编码")
    exchange.has_body = coding is not None or exchange.content_length > 0
    host = singles.get(b"host")
    if host is not None and not _HOST.fullmatch(host):
        raise _malformed("请求主机名有误")


def _without_named(passing: Headers, connection: list[bytes] | tuple[()]) -> Headers:
    """Headers a Connection header declares to be of this hop are left behind."""
    named = {token.strip().lower() for value in connection for token in value.split(b",")}
    if named & _NEVER_NAMED_BY_CONNECTION:
        raise _malformed("Connection 请求头有误")
    named -= {b"keep-alive", b"close", b"te", b"upgrade", b""}
    return [header for header in passing if header[0] not in named] if named else passing


def _override(exchange: Exchange, value: bytes | None) -> None:
    """Behind gateways that pass GET and POST only, POST may stand for another verb (design §10)."""
    if value is None:
        return
    verb = value.strip().upper()
    if exchange.method != "POST" or verb not in OVERRIDES:
        raise Problem(400, "method_override_invalid", "X-HTTP-Method-Override 只能用于 POST，取值 PUT、PATCH、DELETE")
    exchange.method = verb.decode()


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
