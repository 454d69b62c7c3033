"""A set of paths, some with a place for one segment: `/api/eldercare/beds/by-code/{code}/public`."""

import re
from collections.abc import Iterable


class Paths:
    """Answers whether a path is one of them. A place takes one segment, never none and never a `/`."""

    def __init__(self, templates: Iterable[str]) -> None:
        plain, patterns = set(), []
        for template in templates:
            if "{" in template:
                patterns.append(re.sub(r"\\\{[^{}/]+\\\}", "[^/]+", re.escape(template)))
            else:
                plain.add(template)
        self._plain = frozenset(plain)
        self._patterns = re.compile("|".join(patterns)) if patterns else None

    def __contains__(self, path: str) -> bool:
        """`path` is decoded, without query."""
        return path in self._plain or bool(self._patterns and self._patterns.fullmatch(path))
