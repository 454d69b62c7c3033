"""What a benchmark found, as it is printed and kept in `benchmarks/latest.json`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

LATEST = Path(__file__).with_name("latest.json")


@dataclass(frozen=True, slots=True)
class Result:
    """`ratio` is ours ÷ reference; None, with the reason in `note`, where it could not be measured."""

    name: str
    ours: float | None
    reference: float | None
    unit: str
    ratio: float | None
    bar: float | None
    better: Literal["higher", "lower"]
    note: str

    @classmethod
    def measured(
        cls,
        name: str,
        ours: float,
        reference: float,
        unit: str,
        *,
        bar: float | None,
        better: Literal["higher", "lower"],
        note: str,
    ) -> "Result":
        """Both sides were measured."""
        return cls(name, round(ours, 3), round(reference, 3), unit, round(ours / reference, 3), bar, better, note)

    @classmethod
    def impossible(
        cls, name: str, unit: str, *, bar: float | None, better: Literal["higher", "lower"], reason: str
    ) -> "Result":
        """This machine lacks something."""
        return cls(name, None, None, unit, None, bar, better, reason)

    @property
    def holds(self) -> bool | None:
        """Whether the bar is reached; None without one, or without figures."""
        if self.bar is None or self.ratio is None:
            return None
        return self.ratio >= self.bar if self.better == "higher" else self.ratio <= self.bar


def keep(results: Sequence[Result], path: Path = LATEST) -> None:
    """Write the results; benchmarks that did not run keep what they had."""
    kept = {entry["name"]: entry for entry in (json.loads(path.read_text()) if path.exists() else [])}
    kept.update({result.name: asdict(result) for result in results})
    path.write_text(json.dumps(list(kept.values()), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def table(results: Sequence[Result]) -> str:
    """All results, one line each, notes below."""
    rows = [("benchmark", "ours", "reference", "unit", "ratio", "bar", "")]
    rows += [
        (
            result.name,
            _figure(result.ours),
            _figure(result.reference),
            result.unit,
            _figure(result.ratio),
            "–" if result.bar is None else f"{'≥' if result.better == 'higher' else '≤'} {result.bar:g}",
            {True: "holds", False: "MISSED", None: ""}[result.holds],
        )
        for result in results
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [f"{result.name}: {result.note}" for result in results]
    return "\n".join([*lines, "", *notes])


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"
