"""What the rules read: the project's files as text and as syntax trees."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PRODUCT = ("gateway", "services", "shared", "suite", "console")


@dataclass(frozen=True)
class Source:
    """A Python file of the project; `path` is relative to its root."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @property
    def is_product(self) -> bool:
        return self.path.parts[0] in PRODUCT


@dataclass(frozen=True, order=True)
class Finding:
    path: PurePosixPath
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


Found = Iterator[tuple[int, str]]


def project_files(root: Path) -> list[Path]:
    """What git knows or would take: generated files and the .venv are not ours to judge."""
    listed = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=root, text=True
    )
    return sorted(path for name in set(listed.split("\0")) - {""} if (path := root / name).is_file())


def read(root: Path, files: Iterable[Path]) -> dict[PurePosixPath, str]:
    """Path from the root → text; pictures and the like are left out."""
    texts: dict[PurePosixPath, str] = {}
    for file in files:
        try:
            texts[PurePosixPath(file.relative_to(root).as_posix())] = file.read_text()
        except UnicodeDecodeError:
            continue
    return texts


# ── reading syntax trees ─────────────────────────────────────────────────────────────────────────


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Local name → what it stands for: {"dt": "datetime.datetime"}."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                root = name.name.partition(".")[0]
                names[name.asname or root] = name.name if name.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                names[name.asname or name.name] = f"{node.module}.{name.name}"
    return names


def dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
    return "?"


def full_name(node: ast.expr, imported: dict[str, str]) -> str:
    """What `dt.now` stands for where `dt` was imported: "datetime.datetime.now"."""
    head, _, rest = dotted(node).partition(".")
    return ".".join(filter(None, (imported.get(head, ""), rest)))


def last_name(node: ast.expr) -> str:
    return dotted(node).rpartition(".")[2]


def names_in(node: ast.expr) -> set[str]:
    return {last_name(n) for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)}


def is_table(node: ast.ClassDef) -> bool:
    return any(
        word.arg == "table" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in node.keywords
    )


def targets_of(line: ast.stmt) -> list[str]:
    match line:
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


def scopes(tree: ast.Module) -> Iterator[Scope]:
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def own_nodes(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a scope without those of functions inside it."""
    waiting: list[ast.AST] = list(scope.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def enum_names(sources: Iterable[Source]) -> set[str]:
    """Names of all enum classes of the project, those derived from our own included."""
    bases = {
        node.name: {last_name(base) for base in node.bases}
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag"}
    while more := {name for name, its in bases.items() if its & known} - known:
        known |= more
    return known
