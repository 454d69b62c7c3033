"""The command line: `python -m benchmarks [NAME …]`, called by `make bench`."""

import argparse
import importlib
import sys

from benchmarks.result import LATEST, keep, table

# A name is a module here with `measure() -> Result`.
NAMES = ("gateway", "pipeline", "read", "cascade", "start", "payroll", "reconcile", "warning")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks named, or all; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="both sides, in turns, on this machine")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all when none is given")
    names = parser.parse_args(arguments).names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
    results = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        results.append(importlib.import_module(f"benchmarks.{name}").measure())
    keep(results)
    print(table(results))
    print(f"\nkept in {LATEST.relative_to(LATEST.parents[1])}")
    return 1 if any(result.holds is False for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
