"""An OpenAPI 3.1 document in words of 3.0, for a viewer that knows no others. Pure."""

from typing import Any

# Objects whose keys somebody chose: a field called `const` is not the word `const`.
_NAMED = frozenset({"properties", "schemas", "parameters", "responses", "headers", "content", "paths", "mapping"})
# Values that are data, whatever they look like.
_DATA = frozenset({"default", "enum", "const", "example", "examples"})
# Words 3.0 has no way to say: left out, so that nothing is said wrongly.
_UNKNOWN = frozenset(
    {"$schema", "$defs", "if", "then", "else", "propertyNames", "patternProperties", "contentSchema", "webhooks"}
)
_NULL = {"nullable": True}  # what `{"type": "null"}` has become on the way up


def in_3_0(document: dict[str, Any]) -> dict[str, Any]:
    """A translated copy of `document`."""
    translated: dict[str, Any] = _translate(document)
    translated["openapi"] = "3.0.3"
    return translated


def _translate(node: Any, *, names: bool = False) -> Any:
    """`names`: the keys of this object are names somebody chose, not words of the specification."""
    if isinstance(node, list):
        return [_translate(value) for value in node]
    if not isinstance(node, dict):
        return node
    copy = {
        key: value if key in _DATA and not names else _translate(value, names=not names and key in _NAMED)
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
    for word in _UNKNOWN & node.keys():
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
        if not isinstance(choices, list) or _NULL not in choices:
            continue
        others = [choice for choice in choices if choice != _NULL]
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
