"""Law, permissions and definitions as people write them: safe YAML, nothing said twice, decimals exact.

Read by libyaml: the parser in Python takes eight times as long, a quarter of a second of each start.
"""

from collections.abc import Hashable
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

BadDocument = yaml.YAMLError


class _Exact(yaml.CSafeLoader):
    """libyaml's safe loader with the two house rules."""


def read_document(text: str) -> Any:
    """What a text says. Raises BadDocument, also for a key said twice, which YAML would take as the later one."""
    return yaml.load(text, _Exact)  # noqa: S506 - a safe loader


def _decimal(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> Decimal:
    try:
        return Decimal(str(loader.construct_scalar(node)).replace("_", ""))
    except InvalidOperation:
        raise yaml.MarkedYAMLError(problem="not a finite number", problem_mark=node.start_mark) from None


def _mapping(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise yaml.MarkedYAMLError(problem=f"{key!r} is said twice", problem_mark=key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Exact.add_constructor("tag:yaml.org,2002:float", _decimal)
_Exact.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
