"""The headers a call brought along: which pass, which the door reads itself, and whether they mean one thing only.

Whatever two readers could understand differently is refused here, so that the door and the service behind it
never disagree about where a body ends or who sent it. Nothing here depends on anything but the headers.
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache

from gateway.http1.headers import Headers


def _names(text: str) -> frozenset[bytes]:
    return frozenset(text.encode().split())


# Headers of this connection, not of the call (RFC 9110 §7.6.1).
_HOP_BY_HOP = _names("keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer upgrade expect")
# Headers only the door may send, or that some readers take for another address or verb.
_RESERVED = _names("forwarded x-real-ip x-original-url x-rewrite-url x-http-method x-method-override tracestate")
_RESERVED_PREFIXES = (b"x-puyou-", b"x-forwarded-")
# What reverse proxies say of the caller; believed only of those we know.
_OF_PROXIES = _names("x-forwarded-for x-forwarded-proto")
# Headers the door reads itself, and those of them that pass all the same.
_READ = _names("authorization connection content-length host traceparent transfer-encoding x-request-id") | {
    b"x-http-method-override"
}
_PASSED_THOUGH_READ = (b"host", b"authorization", b"content-length", b"transfer-encoding")
_NEVER_NAMED_BY_CONNECTION = _names("authorization content-length content-type host transfer-encoding")

_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09})
_NO_CONTROLS = bytes(set(range(0x100)) - set(_CONTROLS))
_HOST = re.compile(rb"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


class _Fault(Exception):
    """Why the headers are refused."""


@dataclass(slots=True)
class Brought:
    """What was found of the headers."""

    read: dict[bytes, bytes] = field(default_factory=dict)  # by the door itself
    passing: Headers = field(default_factory=list)
    lines: bytes = b""  # `passing`, as written on the wire
    content_length: int = 0
    has_body: bool = False
    of_proxies: dict[bytes, bytes] = field(default_factory=dict)  # several of one name as one, with commas
    fault: str = ""  # why they are refused


def sort(headers: Headers) -> Brought:
    """Look through the headers. Never raises."""
    brought = Brought()
    try:
        _sort(brought, headers)
        _check_characters(brought)
        _check_framing(brought)
        passing, read = brought.passing, brought.read
        if b"connection" in read:
            passing = _without_named(passing, read[b"connection"])
    except _Fault as fault:
        brought.fault = str(fault)
        return brought
    brought.passing = [*passing, *[(name, read[name]) for name in _PASSED_THOUGH_READ if name in read]]
    brought.lines = b"".join([b"%b: %b\r\n" % header for header in brought.passing])
    return brought


class _Kind(Enum):
    """What the door does with a header."""

    PASS = auto()
    READ = auto()
    KEEP = auto()  # of a proxy
    DROP = auto()


@lru_cache(maxsize=2_000)
def _kind(name: bytes) -> _Kind:
    if name in _READ:
        return _Kind.READ
    if name in _OF_PROXIES:
        return _Kind.KEEP
    if (
        name in _HOP_BY_HOP
        or name in _RESERVED
        or name.startswith(_RESERVED_PREFIXES)
        or b"_" in name  # some readers take `_` for `-`
    ):
        return _Kind.DROP
    return _Kind.PASS


def _sort(brought: Brought, headers: Headers) -> None:
    read, passing, is_repetitive = brought.read, brought.passing, False
    for header in headers:
        name = header[0]
        kind = _kind(name)
        if kind is _Kind.PASS:
            passing.append(header)
        elif kind is _Kind.READ:
            if name not in read:
                read[name] = header[1]
            elif name == b"connection":
                read[name] += b"," + header[1]
            else:
                is_repetitive = True
        elif kind is _Kind.KEEP:
            said = brought.of_proxies
            said[name] = b"%b,%b" % (said[name], header[1]) if name in said else header[1]
    if is_repetitive:
        raise _Fault("请求头重复")


def _check_characters(brought: Brought) -> None:
    everything = b" ".join([*brought.read.values(), *[value for _, value in brought.passing]])
    if everything.translate(None, _NO_CONTROLS) or not (everything.isascii() or _is_utf8(everything)):
        raise _Fault("请求头含有非法字符")


def _check_framing(brought: Brought) -> None:
    """One way only to tell where the body ends (RFC 9112 §6.3)."""
    read = brought.read
    length, coding, host = read.get(b"content-length"), read.get(b"transfer-encoding"), read.get(b"host")
    if length is not None:
        if coding is not None or not length.isdigit() or len(length) > 18:
            raise _Fault("请求内容长度有误")
        brought.content_length = int(length)
    elif coding is not None and coding.strip().lower() != b"chunked":
        raise _Fault("不支持的传输编码")
    brought.has_body = coding is not None or brought.content_length > 0
    if host is not None and not _HOST.fullmatch(host):
        raise _Fault("请求主机名有误")


def _without_named(passing: Headers, connection: bytes) -> Headers:
    """Headers a Connection header declares to be of this hop are left behind."""
    named = {token.strip().lower() for token in connection.split(b",")}
    if named & _NEVER_NAMED_BY_CONNECTION:
        raise _Fault("Connection 请求头有误")
    named -= {b"keep-alive", b"close", b"te", b"upgrade", b""}
    return [header for header in passing if header[0] not in named] if named else passing


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
