"""Many OpenAPI 3.1 documents into one. Pure: documents in, document out.

Two services may use one name for different things; then both get their service's name in front. Equal things
stay one.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

Json = dict[str, Any]

_VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_REF = "#/components/"
# code → (status, sentence): what the door itself may answer on any call.
_DOOR_ANSWERS = {
    "400": "请求有误",
    "401": "未登录、登录已过期或凭证无效",
    "413": "请求内容过大",
    "429": "请求过于频繁，见 Retry-After",
    "502": "服务应答异常",
    "503": "服务暂不可用，见 Retry-After",
    "504": "服务应答超时",
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "code", "traceId", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "traceId": {"type": "string"},
        "instance": {"type": "string"},
    },
}


def merge(
    documents: Mapping[str, Json], *, public_paths: Collection[str], missing: Collection[str], version: str
) -> Json:
    """One document of all `documents` (by service name); `missing` names services that could not be asked.

    Only paths under `/api/<service>/` are taken: others cannot be reached through the door.
    """
    names = _component_names(documents)
    paths: Json = {}
    components: dict[str, Json] = {}
    tags: dict[str, Json] = {}
    used: set[str] = set()
    doubled = _doubled_operations(documents)
    for service, document in documents.items():
        for path, item in _own_paths(service, document):
            moved: Json = _renamed(item, names[service])
            for operation in _operations(moved):
                _name_operation(operation, service, doubled, used)
                _guard(operation, public=path in public_paths)
            paths[path] = moved
        for section, entries in _components(document).items():
            for name, entry in entries.items():
                new = names[service].get((section, name), name)
                components.setdefault(section, {})[new] = _renamed(entry, names[service])
        for tag in document.get("tags", ()):
            tags.setdefault(tag["name"], tag)
    problem = _free("Problem", components.get("schemas", {}))
    for item in paths.values():
        for operation in _operations(item):
            _add_door_answers(operation, problem)
    components.setdefault("schemas", {})[problem] = _PROBLEM
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    merged: Json = {
        "openapi": "3.1.0",
        "info": {"title": "普有", "version": version, "description": _description(missing)},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": components,
        "tags": list(tags.values()),
    }
    if missing:
        merged["x-missing-services"] = sorted(missing)
    return merged


def _description(missing: Collection[str]) -> str:
    if not missing:
        return "全部服务的接口。"
    return f"以下服务暂未应答，其接口不在本文档中：{'、'.join(sorted(missing))}。"


# ── paths ────────────────────────────────────────────────────────────────────────────────────────
def _own_paths(service: str, document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document.get("paths", {}).items():
        if f"{path}/".startswith(f"/api/{service}/"):
            yield path, item


def _operations(item: Json) -> Iterator[Json]:
    return (item[verb] for verb in _VERBS if verb in item)


def _doubled_operations(documents: Mapping[str, Json]) -> set[str]:
    """operationIds that more than one operation has."""
    counts = Counter(
        operation.get("operationId")
        for service, document in documents.items()
        for _, item in _own_paths(service, document)
        for operation in _operations(item)
    )
    return {name for name, count in counts.items() if name and count > 1}


def _name_operation(operation: Json, service: str, doubled: set[str], used: set[str]) -> None:
    name = operation.get("operationId")
    if not name:
        return
    name = _free(f"{service}_{name}" if name in doubled else name, used)
    used.add(name)
    operation["operationId"] = name


def _free(name: str, taken: Collection[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def _guard(operation: Json, *, public: bool) -> None:
    """How one gets in is the door's to say, so it replaces what a service says about it."""
    operation.pop("security", None)
    if public:
        operation["security"] = []


def _add_door_answers(operation: Json, problem: str) -> None:
    answers = operation.setdefault("responses", {})
    for status, sentence in _DOOR_ANSWERS.items():
        if status == "401" and operation.get("security") == []:
            continue
        answers.setdefault(
            status,
            {
                "description": sentence,
                "content": {"application/problem+json": {"schema": {"$ref": f"{_REF}schemas/{problem}"}}},
            },
        )


# ── components ───────────────────────────────────────────────────────────────────────────────────
Key = tuple[str, str]  # (section, name)


def _components(document: Json) -> dict[str, Json]:
    return {
        section: entries
        for section, entries in document.get("components", {}).items()
        if section != "securitySchemes" and isinstance(entries, dict)
    }


def _component_names(documents: Mapping[str, Json]) -> dict[str, dict[Key, str]]:
    """For each service, the new names of its components that cannot keep theirs."""
    holders: dict[Key, dict[str, Any]] = {}
    for service, document in documents.items():
        for section, entries in _components(document).items():
            for name, entry in entries.items():
                holders.setdefault((section, name), {})[service] = entry
    shared = {key: list(entries.values()) for key, entries in holders.items() if len(entries) > 1}
    clashing = {key for key, entries in shared.items() if any(entry != entries[0] for entry in entries)}
    # What looks equal but refers to something that clashes is not equal either.
    grown = True
    while grown:
        more = {
            key for key, entries in shared.items() if key not in clashing and clashing & set(_references(entries[0]))
        }
        clashing |= more
        grown = bool(more)
    taken: dict[str, set[str]] = {}
    for section, name in holders:
        taken.setdefault(section, set()).add(name)
    names: dict[str, dict[Key, str]] = {service: {} for service in documents}
    for section, name in sorted(clashing):
        for service in holders[section, name]:
            new = _free(service.capitalize() + name, taken[section])
            taken[section].add(new)
            names[service][section, name] = new
    return names


def _references(node: object) -> Iterator[Key]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                if target := _target(value):
                    yield target
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _target(reference: str) -> Key | None:
    if not reference.startswith(_REF):
        return None
    section, _, name = reference.removeprefix(_REF).partition("/")
    return section, name


def _renamed(node: Any, names: Mapping[Key, str]) -> Any:
    """A copy of `node` with references pointing to the new names."""
    if isinstance(node, list):
        return [_renamed(value, names) for value in node]
    if not isinstance(node, dict):
        return node
    copy: Json = {}
    for key, value in node.items():
        if key == "$ref" and isinstance(value, str):
            copy[key] = _renamed_reference(value, names)
        elif key == "mapping" and isinstance(value, dict) and "propertyName" in node:  # a discriminator
            copy[key] = {tag: _renamed_reference(to, names) for tag, to in value.items()}
        else:
            copy[key] = _renamed(value, names)
    return copy


def _renamed_reference(reference: str, names: Mapping[Key, str]) -> str:
    target = _target(reference)
    if target is None or target not in names:
        return reference
    return f"{_REF}{target[0]}/{names[target]}"
