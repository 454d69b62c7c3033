"""What every checked number of this package raises when it is wrong."""

from __future__ import annotations


class NumberError(ValueError):
    """A number that breaks its standard.

    `code` is stable and for programs (`id_checksum`), `detail` is a Chinese sentence for people. Neither
    repeats the number: both end up in answers and logs.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
