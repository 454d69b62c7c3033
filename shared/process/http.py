"""HTTP/1.1 as our servers take it: uvicorn's parser in C, with what it lets pass refused."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 65_536
"""Bytes of a request's head, beyond those that came with its first; the parser itself would keep any number."""


class StrictProtocol(HttpToolsProtocol):
    """Refuses (400, and closes) a target that names a host of its own beside the Host header, HTTP/1.1 without one
    (RFC 9112 §3.2): two readers could understand either differently; and a head without an end. What follows a body
    (trailers) is never taken for a header (RFC 9110 §6.5.1)."""

    _in_head = True
    _got_on = True
    _waiting = 0

    def data_received(self, data: bytes) -> None:
        """Count what brings no request and no piece of a body: it is head or trailer, and kept in memory."""
        self._got_on = False
        super().data_received(data)
        self._waiting = 0 if self._got_on else self._waiting + len(data)
        if self._waiting > LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = self._got_on = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Whatever is raised here is a malformed request to the parser."""
        self._in_head, self._got_on = False, True
        if not self.url.startswith(b"/"):
            raise ValueError("not a path")
        if self.parser.get_http_version() == "1.1" and not any(name == b"host" for name, _ in self.headers):
            raise ValueError("no host")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._got_on = True
        super().on_body(body)
