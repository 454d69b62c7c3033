"""Named crash points: where a process may die between two commits, for the fault tests.

Every commit boundary of a unit of work passes here as `<unit name>:before_commit` and `:after_commit`, and the
relay as `<service>.relay:published`. In service nothing is installed and the call costs one comparison.
"""

from collections.abc import Callable


class Crash(BaseException):
    """Raised by a fault test: the process is gone; nothing below may handle it."""


_hook: Callable[[str], None] | None = None


def install(hook: Callable[[str], None] | None) -> None:
    """Let `hook(point)` raise `Crash`; `None` takes it away."""
    global _hook  # noqa: PLW0603 - one switch per process, set by tests only
    _hook = hook


def reached(point: str) -> None:
    """Called by the kernel at each named point."""
    if _hook is not None:
        _hook(point)
