"""Declared filters of lists, camelCase on the wire like everything else."""

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from shared.web.paging import PageParameters


class Filters(PageParameters):
    """Base of a list's query: cursor, limit, total, and the filters a room adds."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)
