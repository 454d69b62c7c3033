"""The one table role × verb × resource of a service, read from its `permissions.yaml`. Default deny (design §9).

bed:
  read: [INSTITUTION_ADMIN, TOWN_CLERK]
  claim: [INSTITUTION_ADMIN]
"""

from pathlib import Path

from shared.db.principals import Role
from shared.documents import read_document


class Permissions:
    """Who may do what. Unknown resources, verbs and roles fail at load or when a route asks for them."""

    def __init__(self, table: dict[str, dict[str, frozenset[Role]]], source: str) -> None:
        self._table = table
        self._source = source
        self._used: set[tuple[str, str]] = set()

    @classmethod
    def load(cls, *paths: Path) -> "Permissions":
        """Read and check the files; a resource stands in one of them only."""
        table: dict[str, dict[str, frozenset[Role]]] = {}
        for path in paths:
            for resource, verbs in (read_document(path.read_text(encoding="utf-8")) or {}).items():
                if resource in table:
                    raise LookupError(f"{path}: {resource} stands in two permission tables")
                table[resource] = {verb: frozenset(Role(role) for role in roles) for verb, roles in verbs.items()}
        return cls(table, str(paths[-1]))

    def require(self, resource: str, verb: str) -> None:
        """Called for every route when the service is built: the pair must be in the table."""
        if verb not in self._table.get(resource, {}):
            raise LookupError(f"{self._source}: no entry for {resource}: {verb}")
        self._used.add((resource, verb))

    def unused(self) -> list[str]:
        """Entries no route asks for; must be empty."""
        return sorted(
            f"{resource}: {verb}"
            for resource, verbs in self._table.items()
            for verb in verbs
            if (resource, verb) not in self._used
        )

    def allows(self, role: Role, resource: str, verb: str) -> bool:
        """True when the role may do the verb."""
        return role in self._table.get(resource, {}).get(verb, frozenset())

    def roles(self, resource: str, verb: str) -> frozenset[Role]:
        """Everyone who may."""
        return self._table.get(resource, {}).get(verb, frozenset())
