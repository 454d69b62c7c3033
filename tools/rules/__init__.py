"""Our own law, as far as a machine can read it: `python -m tools.rules`.

What ruff, mypy and import-linter cannot say. Each rule has a test that breaks it (tests/tools/test_rules.py).
An exception is written into EXCEPTIONS with its reason, never beside the line that needs it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PurePosixPath

from tools.rules import python, text
from tools.rules.source import Finding, Found, Source, enum_names, project_files, read

__all__ = ["EXCEPTIONS", "Finding", "check", "project_files"]

# rule → {path prefix: why it may}
EXCEPTIONS: dict[str, dict[str, str]] = {
    "transaction": {"shared/db": "the unit of work is made here: it commits, nobody else does"},
    "clock": {
        "shared/clock.py": "this is the clock",
        "shared/ids.py": "identifiers rise with real time, also when the business clock is moved back",
    },
    "sql": {
        "shared/db/migrate.py": "roles and databases take no parameters; their names are our own",
        "shared/db/policies.py": "policies take no parameters; their names come from our tables",
    },
}


def check(root: Path, files: Iterable[Path]) -> list[Finding]:
    """All findings in these files, ordered by place."""
    texts = read(root, files)
    sources = [Source(path, written, ast.parse(written)) for path, written in texts.items() if path.suffix == ".py"]
    python_rules: dict[str, Callable[[Source], Found]] = {
        "transaction": python.no_commit,
        "clock": python.no_wall_clock,
        "sql": python.no_built_sql,
        "enum": partial(python.no_native_enum, enums=enum_names(sources)),
        "scopes": python.every_table_says_who_sees_it,
        "private-tables": python.tables_stay_in_their_room,
        "names": python.modules_have_names,
        "length": python.files_stay_readable,
    }
    text_rules: dict[str, Callable[[PurePosixPath, str], Found]] = {
        "machine-path": text.no_machine_paths,
        "download-host": text.no_download_hosts,
    }
    findings = [
        Finding(source.path, line, name, message)
        for name, rule in python_rules.items()
        for source in sources
        if not _is_excepted(name, source.path)
        for line, message in rule(source)
    ]
    findings += [
        Finding(path, line, name, message)
        for name, text_rule in text_rules.items()
        for path, written in texts.items()
        if not _is_excepted(name, path)
        for line, message in text_rule(path, written)
    ]
    return sorted(set(findings))


def _is_excepted(rule: str, path: PurePosixPath) -> bool:
    return any(path.is_relative_to(prefix) for prefix in EXCEPTIONS.get(rule, ()))
