"""The docs page: Swagger UI from an installed package, nothing from any other host.

The packaged viewer reads OpenAPI 3.0 only, so it gets a translation (openapi30); programs get 3.1 itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from pathlib import Path

from swagger_ui_bundle import swagger_ui_path

from gateway.problems import Reply

POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {b"content-security-policy": POLICY, b"referrer-policy": b"no-referrer"}

_PAGE = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>普有 · 接口文档</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="docs"></div>
<noscript>请启用 JavaScript，或直接下载 <a href="/openapi.json">接口文档</a>。</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#docs",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
  docExpansion: "none",
  filter: true,
  deepLinking: true,
});
"""
_JAVASCRIPT = b"text/javascript; charset=utf-8"
_FILES: Mapping[str, bytes] = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": _JAVASCRIPT,
    "favicon-32x32.png": b"image/png",
}
_KEEP = {b"cache-control": b"public, max-age=3600"}


def pages() -> dict[str, Callable[[], Awaitable[Reply]]]:
    """`/docs` and the files it loads, by path."""
    return {
        "/docs": _page,
        "/docs/start.js": _start,
        **{f"/docs/{name}": partial(_file, name) for name in _FILES},
    }


async def _page() -> Reply:
    return Reply(_PAGE.encode(), content_type=b"text/html; charset=utf-8", headers=_PAGE_HEADERS)


async def _start() -> Reply:
    return Reply(_START.encode(), content_type=_JAVASCRIPT, headers=_KEEP)


async def _file(name: str) -> Reply:
    return Reply(await asyncio.to_thread(_read, name), content_type=_FILES[name], headers=_KEEP)


@cache
def _read(name: str) -> bytes:
    return (Path(str(swagger_ui_path)) / name).read_bytes()
