"""Rules that read any text of the repository. Each yields (line, what is wrong) for one file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tools.rules.source import Found

# Written so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.}~-])/(?:home/\w|root/|Users/\w|[w]ork/|[f]arm/|mnt/\w)")
ADDRESS = re.compile(r"https?:/[/]", re.IGNORECASE)
INDEX = re.compile(r"--(?:extra-)?index-[u]rl|--find-[l]inks")


def no_machine_paths(_: PurePosixPath, text: str) -> Found:
    """What names a folder of one machine runs on that machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := MACHINE_PATH.search(line):
            yield (
                number,
                f"{line[found.start() : found.end() + 20].strip()}: an absolute path of some machine",
            )


def no_download_hosts(path: PurePosixPath, text: str) -> Found:
    """Where packages come from is the installing machine's business: a bureau has its own mirror."""
    is_lock = path.suffix == ".lock" or path.name.endswith(("lock.json", "lock.yaml")) or "requirements" in path.name
    for number, line in enumerate(text.splitlines(), 1):
        if INDEX.search(line) or (is_lock and ADDRESS.search(line)):
            yield number, "an address of a package index"
