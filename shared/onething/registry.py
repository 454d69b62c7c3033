"""All published definitions of a service: the newest for new matters, each version for its own matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from shared.onething.check import Vocabulary, check
from shared.onething.definition import Definition
from shared.onething.reading import DefinitionError, Fault, parse_yaml


class UnknownDefinition(LookupError):
    """A matter names a definition or version that is not loaded."""


class Definitions:
    """An immutable set of checked definitions."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._by_key: dict[tuple[str, int], Definition] = {}
        for definition in definitions:
            if definition.key in self._by_key:
                place = f"{definition.id}.v{definition.version}"
                raise DefinitionError([Fault(place, "twice", "this version is there twice")])
            self._by_key[definition.key] = definition

    @classmethod
    def load(cls, folder: Path, vocabulary: Vocabulary) -> Self:
        """Read and check every `<id>.v<version>.yaml`; DefinitionError carries the faults of all files."""
        faults: list[Fault] = []
        found: list[Definition] = []
        for path in sorted(folder.glob("*.yaml")):
            try:
                definition = parse_yaml(path.read_text(encoding="utf-8"), place=path.name)
            except DefinitionError as error:
                faults.extend(error.faults)
                continue
            if path.name != f"{definition.id}.v{definition.version}.yaml":
                faults.append(Fault(path.name, "file_name", f"belongs into {definition.id}.v{definition.version}.yaml"))
            faults.extend(
                Fault(f"{path.name}:{fault.place}", fault.code, fault.message)
                for fault in check(definition, vocabulary)
            )
            found.append(definition)
        if faults:
            raise DefinitionError(faults)
        return cls(found)

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._by_key[key] for key in sorted(self._by_key))

    def newest(self, definition_id: str) -> Definition:
        versions = [version for found, version in self._by_key if found == definition_id]
        if not versions:
            raise UnknownDefinition(definition_id)
        return self._by_key[definition_id, max(versions)]

    def get(self, definition_id: str, version: int) -> Definition:
        try:
            return self._by_key[definition_id, version]
        except KeyError:
            raise UnknownDefinition(f"{definition_id}.v{version}") from None

    def subscriptions(self) -> frozenset[str]:
        """Event types any loaded version waits for: old matters must hear them as long as they live."""
        return frozenset(event for definition in self for event in definition.events)
