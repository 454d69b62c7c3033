"""Base of everything that goes over the wire: camelCase outside, snake_case inside, unknown fields refused."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    """A request or an answer."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        from_attributes=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    @classmethod
    def of_row(cls, row: Any, **more: Any) -> Self:
        """An answer with what `row` (an entity, or a plain row of a list) has under its names, and `more`."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields if name not in more}, **more)


_NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_NO_CONTROL)]
"""A line of text: 1 to 100 characters, no control characters."""

LongText = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=_NO_CONTROL)]
"""A remark or reason: 1 to 2,000 characters."""
