"""Reads definitions from YAML and fixes their digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from pydantic import ValidationError

from shared.documents import BadDocument, read_document
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
        data = read_document(text)
    except BadDocument as error:
        raise DefinitionError([Fault(place, "yaml", " ".join(str(error).split()))]) from error
    if not isinstance(data, dict):
        raise DefinitionError([Fault(place, "yaml", "expected a mapping")])
    return parse(data, place=place)


def _digest(data: Mapping[str, Any]) -> str:
    """SM3 over the content as authored, not over our model of it: a new optional property of the model
    must not make every published definition look changed."""
    digest = hashes.Hash(hashes.SM3())
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))
    digest.update(canonical.encode())
    return digest.finalize().hex()


def _dotted(place: str, location: tuple[int | str, ...]) -> str:
    return "".join([place, *(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)])
