"""HTTP/1.1 as our servers take it: uvicorn's parser in C, with the two things it lets pass refused."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class StrictProtocol(HttpToolsProtocol):
    """Refuses (400, and closes) a target that names a host of its own beside the Host header, and HTTP/1.1 without
    one (RFC 9112 §3.2): two readers could understand either differently."""

    def on_headers_complete(self) -> None:
        """Whatever is raised here is a malformed request to the parser."""
        if not self.url.startswith(b"/"):
            raise ValueError("not a path")
        if self.parser.get_http_version() == "1.1" and not any(name == b"host" for name, _ in self.headers):
            raise ValueError("no host")
        super().on_headers_complete()
