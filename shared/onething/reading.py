"""Reads definitions from YAML and fixes their digest."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from cryptography.hazmat.primitives import hashes
from pydantic import ValidationError

from shared.onething.definition import Definition


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a definition, with the place in the file."""

    place: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.code}]"


class DefinitionError(Exception):
    """Carries every fault found, so that an author mends a file in one round."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def parse(data: Mapping[str, Any], *, place: str = "definition") -> Definition:
    """Build from loaded YAML. Raises DefinitionError with every fault of shape."""
    try:
        built = Definition.model_validate(dict(data))
    except ValidationError as error:
        raise DefinitionError(
            [
                Fault(_dotted(place, item["loc"]), item["type"], item["msg"])
                for item in error.errors(include_url=False, include_context=False)
            ]
        ) from error
    return built.model_copy(update={"digest": _digest(data)})


def parse_yaml(text: str, *, place: str = "definition") -> Definition:
    """Load one definition. A key written twice is a fault: YAML would silently keep the later one."""
    try:
        data = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 — a SafeLoader with one more check
    except yaml.YAMLError as error:
        raise DefinitionError([Fault(place, "yaml", " ".join(str(error).split()))]) from error
    if not isinstance(data, dict):
        raise DefinitionError([Fault(place, "yaml", "expected a mapping")])
    return parse(data, place=place)


class _StrictLoader(yaml.SafeLoader):
    pass


def _mapping_without_duplicates(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} written twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)


def _digest(data: Mapping[str, Any]) -> str:
    """SM3 over the content as authored, not over our model of it: a new optional property of the model
    must not make every published definition look changed."""
    digest = hashes.Hash(hashes.SM3())
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))
    digest.update(canonical.encode())
    return digest.finalize().hex()


def _dotted(place: str, location: tuple[int | str, ...]) -> str:
    return "".join([place, *(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)])
