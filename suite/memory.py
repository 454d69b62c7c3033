"""What a suite weighs: proportional set size (PSS) of our process and of PostgreSQL's processes."""

from pathlib import Path


def resident_memory(postgres_pid: int | None) -> dict[str, int]:
    """`{"puyou": bytes, "postgresql": bytes}`; 0 where /proc does not tell."""
    weights = {"puyou": _pss("self"), "postgresql": 0}
    if postgres_pid is not None:
        family = [str(postgres_pid), *_children(postgres_pid)]
        weights["postgresql"] = sum(_pss(pid) for pid in family)
    return weights


def _children(parent: int) -> list[str]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            continue
        if f"PPid:\t{parent}" in lines:
            found.append(status.parent.name)
    return found


def _pss(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
