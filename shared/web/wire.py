"""Base of everything that goes over the wire: camelCase outside, snake_case inside, unknown fields refused."""

from typing import Annotated

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


_NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_NO_CONTROL)]
"""A line of text: 1 to 100 characters, no control characters."""

LongText = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=_NO_CONTROL)]
"""A remark or reason: 1 to 2,000 characters."""
