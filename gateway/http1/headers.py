"""Headers as they came. A caller's are the same from call to call: what was found of them once stays with them."""

from typing import Any

Headers = list[tuple[bytes, bytes]]


class KnownHeaders(list[tuple[bytes, bytes]]):
    """The headers of all calls that came with the very same bytes. `found` is the application's to set."""

    __slots__ = ("found",)

    def __init__(self, headers: Headers) -> None:
        super().__init__(headers)
        self.found: Any = None


class HeaderMemory:
    """Headers by their bytes, the oldest forgotten first."""

    MOST = 1_000
    LONGEST = 4_096

    def __init__(self) -> None:
        self._known: dict[bytes, KnownHeaders] = {}
        self.find = self._known.get

    def learn(self, block: bytes, headers: Headers) -> None:
        """Remember what the parser made of `block`: line break, headers a line each, empty line; nothing else is
        learned, so that no block can ever stand for more, or for less, than its own bytes say.
        """
        if len(block) > self.LONGEST or not block.count(b"\n") == block.count(b"\r\n") == len(headers) + 2:
            return
        if len(self._known) >= self.MOST:
            del self._known[next(iter(self._known))]
        self._known[block] = KnownHeaders(headers)
