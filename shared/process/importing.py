"""A start spends its time importing, and a quarter of that looking for garbage among what is there to stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 10_000


@contextmanager
def importing() -> Iterator[None]:
    """Collect nothing inside; what was made inside is never looked at again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_YOUNG)  # a request or an event makes thousands of objects that all die with it
        gc.enable()
