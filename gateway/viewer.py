"""The docs page: Swagger UI from an installed package, nothing from any other host.

The packaged viewer reads OpenAPI 3.0 only, so it gets a translation; programs get the 3.1 document itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

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


# ── 3.1 → 3.0, for the eyes only ─────────────────────────────────────────────────────────────────
def for_viewer(document: dict[str, Any]) -> dict[str, Any]:
    """The document in words OpenAPI 3.0 has. What 3.0 cannot say is left out, never said wrongly."""
    translated: dict[str, Any] = _translate(document)
    translated["openapi"] = "3.0.3"
    translated.pop("webhooks", None)
    return translated


def _translate(node: Any, *, names: bool = False) -> Any:
    """`names`: the keys of this object are names somebody chose, not words of the specification."""
    if isinstance(node, list):
        return [_translate(value) for value in node]
    if not isinstance(node, dict):
        return node
    copy = {
        key: value
        if key in {"default", "enum", "const", "example", "examples"} and not names
        else _translate(value, names=not names and key in {"properties", "schemas", "patternProperties", "mapping"})
        for key, value in node.items()
    }
    return copy if names else _schema(copy)


def _schema(node: dict[str, Any]) -> dict[str, Any]:
    if "const" in node:
        node["enum"] = [node.pop("const")]
    if isinstance(node.get("examples"), list):
        values = node.pop("examples")
        if values:
            node["example"] = values[0]
    for edge, word in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(node.get(word), int | float) and not isinstance(node[word], bool):
            node[edge], node[word] = node[word], True
    if "prefixItems" in node:
        node["items"] = {"anyOf": node.pop("prefixItems")}
    if "contentMediaType" in node and node.get("type") == "string":
        node.pop("contentMediaType")
        node["format"] = "binary"
    for word in (
        "propertyNames",
        "patternProperties",
        "$schema",
        "$defs",
        "if",
        "then",
        "else",
        "contentSchema",
    ):
        if word in node and not isinstance(node[word], str | bool):
            node.pop(word)
    return _nullable(node)


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    kinds = node.get("type")
    if isinstance(kinds, list):
        others = [kind for kind in kinds if kind != "null"]
        node.pop("type")
        if len(others) == 1:
            node["type"] = others[0]
        elif others:
            node["anyOf"] = [{"type": kind} for kind in others]
        if len(others) < len(kinds):
            node["nullable"] = True
    for word in ("anyOf", "oneOf"):
        choices = node.get(word)
        if not isinstance(choices, list) or {"type": "null"} not in choices:
            continue
        others = [choice for choice in choices if choice != {"type": "null"}]
        node.pop(word)
        node["nullable"] = True
        if len(others) == 1 and "$ref" in others[0]:
            node["allOf"] = others
        elif len(others) == 1:
            node = {**others[0], **node}
        elif others:
            node[word] = others
    if node.get("type") == "null":
        node.pop("type")
        node["nullable"] = True
    return node
