"""Rules that read Python. Each yields (line, what is wrong) for one file."""

from __future__ import annotations

import ast

from tools.rules.source import (
    Found,
    Source,
    full_name,
    imported_names,
    is_table,
    last_name,
    names_in,
    own_nodes,
    scopes,
    targets_of,
)

# ── one transaction, one clock ───────────────────────────────────────────────────────────────────


def no_commit(source: Source) -> Found:
    """The unit of work commits once at its edge; a commit in between breaks change, event and audit apart."""
    for node in ast.walk(source.tree):
        if (
            source.is_product
            and isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"commit", "rollback"}
        ):
            yield node.lineno, f".{node.func.attr}() belongs to the unit of work in shared/db"


WALL_CLOCKS = {
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime"),
}


def no_wall_clock(source: Source) -> Found:
    """The suite's clock can be moved; what reads the machine's clock does not move with it."""
    if not source.is_product:
        return
    names = imported_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            full = full_name(node, names)
            if full in WALL_CLOCKS:
                yield node.lineno, f"{full}: take time as an argument, or clock.now() at the edges"


# ── SQL ──────────────────────────────────────────────────────────────────────────────────────────

RUN_SQL = {
    *("text", "execute", "executemany", "exec_driver_sql"),
    *("fetch", "fetchrow", "fetchval", "fetchall", "scalar", "scalars", "stream"),
}
QUOTES = {"quoted", "identifier", "quote", "quote_identifier", "quote_ident", "quote_literal"}


def no_built_sql(source: Source) -> Found:
    """Values travel as parameters; identifiers in DDL, which takes none, go through a quoting call."""
    if not source.is_product:
        return
    for scope in scopes(source.tree):
        given: dict[str, list[ast.expr]] = {}
        for node in own_nodes(scope):
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        given.setdefault(target.id, []).append(node.value)
        for node in own_nodes(scope):
            if isinstance(node, ast.Call) and last_name(node.func) in RUN_SQL and node.args:
                first = node.args[0]
                values = given.get(first.id, []) if isinstance(first, ast.Name) else [first]
                if any(_is_built(value, given) for value in values):
                    yield node.lineno, "SQL put together from values: bind them (identifiers of DDL: quoted(…))"


def _is_built(value: ast.expr, given: dict[str, list[ast.expr]]) -> bool:
    """Does this string expression take in something that is neither written here nor quoted?"""
    match value:
        case ast.JoinedStr():
            return any(not _is_safe(v.value, given) for v in value.values if isinstance(v, ast.FormattedValue))
        case ast.BinOp(op=ast.Add()):
            sides = (value.left, value.right)
            if not any(isinstance(side, ast.JoinedStr | ast.BinOp) or _is_string(side) for side in sides):
                return False  # a sum of numbers or of SQLAlchemy expressions
            return any(_is_built(side, given) or not _is_safe(side, given) for side in sides)
        case ast.BinOp(op=ast.Mod()):
            return _is_string(value.left)
        case ast.Call(func=ast.Attribute(attr="format")):
            return True
        case ast.Call(func=ast.Attribute(attr="join", value=joiner)):
            return _is_string(joiner)
    return False


def _is_safe(value: ast.expr, given: dict[str, list[ast.expr]]) -> bool:
    match value:
        case ast.Constant(value=str()):
            return True
        case ast.Call():
            return last_name(value.func).lstrip("_") in QUOTES
        case ast.JoinedStr() | ast.BinOp():
            return not _is_built(value, given)
        case ast.Name():
            # A name given once, from something safe: `table = identifier(name)`.
            known = given.get(value.id, [])
            return len(known) == 1 and not isinstance(known[0], ast.Name) and _is_safe(known[0], given)
    return False


def _is_string(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def no_native_enum(source: Source, enums: set[str]) -> Found:
    """A PostgreSQL enum never loses a value and is hard to change: text with a CHECK instead."""
    if not source.is_product:
        return
    names = imported_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            full = full_name(node, names)
            if full.startswith("sqlalchemy") and full.rpartition(".")[2] in {"Enum", "ENUM"}:
                yield node.lineno, f"{full}: use text with a CHECK constraint"
        if isinstance(node, ast.ClassDef) and is_table(node):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and names_in(line.annotation) & enums:
                    chosen = {k.arg for k in line.value.keywords} if isinstance(line.value, ast.Call) else set()
                    if not chosen & {"sa_type", "sa_column"}:
                        yield line.lineno, f"{ast.unparse(line.target)}: SQLModel makes a native enum of it"


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────


def every_table_says_who_sees_it(source: Source) -> Found:
    """Row-level security starts at the table: one that declares no scope would be nobody's or everybody's."""
    if source.path.parts[0] != "services":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and is_table(node):
            targets = [t for line in node.body for t in targets_of(line)]
            if "__scopes__" not in targets:
                yield node.lineno, f"{node.name} declares no __scopes__"


def tables_stay_in_their_room(source: Source) -> Found:
    """Other rooms call its verbs: the invariants of its rows are known there only."""
    parts = source.path.parts
    if parts[0] != "services" or len(parts) < 4 or parts[2] == "migrations":
        return  # app.py and the migrations of the service see all its rooms
    own = f"services.{parts[1]}.{parts[2]}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
        elif isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        else:
            continue
        for module in modules:
            room, _, last = module.rpartition(".")
            if module.startswith("services.") and last == "tables" and room != own and room.count(".") == 2:
                yield node.lineno, f"{module} is private to its room: call {room}.service"
                break


NAMELESS = {"util", "utils", "common", "helper", "helpers", "misc"}


def modules_have_names(source: Source) -> Found:
    """A module is named after what it holds; a drawer for everything else is where code goes to be lost."""
    for part in (*source.path.parts[:-1], source.path.stem):
        if part in NAMELESS:
            yield 1, f"{part}: name it after what it holds"


def files_stay_readable(source: Source) -> Found:
    """A file that long is two rooms."""
    limit = 500 if source.path.parts[0] == "tests" else 400
    lines = source.text.count("\n")
    if lines > limit and "versions" not in source.path.parts:
        yield limit, f"{lines} lines, at most {limit}: split it by concept"
