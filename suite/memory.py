"""What a suite weighs: proportional set size (PSS), each shared page counted once."""

import os
from pathlib import Path


def resident_memory(postgres_pid: int | None) -> dict[str, int]:
    """`{"puyou": bytes, "postgresql": bytes}` of this process and PostgreSQL's; 0 where /proc does not tell."""
    weights = {"puyou": proportional_size(os.getpid()), "postgresql": 0}
    if postgres_pid is not None:
        weights["postgresql"] = sum(proportional_size(pid) for pid in (postgres_pid, *_children(postgres_pid)))
    return weights


def proportional_size(pid: int) -> int:
    """Bytes of one process; 0 where /proc does not tell."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            continue
        if f"PPid:\t{parent}" in lines:
            found.append(int(status.parent.name))
    return found
