"""Every rule of tools/rules finds what it forbids and leaves alone what looks like it."""

from pathlib import Path

import pytest

from tools.rules import EXCEPTIONS, check, project_files

ROOT = Path(__file__).parents[2]


def found(folder: Path, files: dict[str, str]) -> list[tuple[str, str, int]]:
    """(file, rule, line) for a project made of these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [(str(f.path), f.rule, f.line) for f in check(folder, sorted(p for p in folder.rglob("*") if p.is_file()))]


def rules_in(folder: Path, text: str, name: str = "services/relief/visits/service.py") -> list[str]:
    return [rule for _, rule, _ in found(folder, {name: text})]


# ── transaction ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("call", ["await unit.session.commit()", "await connection.rollback()"])
def test_only_the_unit_of_work_ends_a_transaction(tmp_path, call):
    text = f"async def visit(unit, connection):\n    {call}\n"
    assert found(tmp_path, {"services/relief/visits/service.py": text, "shared/db/unit.py": text}) == [
        ("services/relief/visits/service.py", "transaction", 2)
    ]


# ── clock ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nx = datetime.now()",
        "from datetime import datetime as dt\nx = dt.utcnow()",
        "import datetime\nx = datetime.datetime.now(datetime.UTC)",
        "import datetime as d\nx = d.date.today()",
        "from datetime import date\nx = field(default_factory=date.today)",
        "import time\nx = time.time()",
        "from time import time\nx = time()",
    ],
)
def test_the_machine_clock_is_read_in_one_place(tmp_path, text):
    assert rules_in(tmp_path, text) == ["clock"]
    assert rules_in(tmp_path / "clock", text, "shared/clock.py") == []


@pytest.mark.parametrize(
    "text",
    [
        "import time\nx = time.monotonic() + time.perf_counter()",
        "from shared import clock\nx = clock.now(), clock.today()",
        "from datetime import date\nx = date(2026, 1, 1)",
        "def f(time, datetime):\n    return time.time, datetime.now",
    ],
)
def test_stopwatches_and_the_suite_clock_are_fine(tmp_path, text):
    assert rules_in(tmp_path, text) == []


# ── SQL ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "def f(s, name):\n    s.execute(text(f'select 1 from bed where name = {name}'))",
        "def f(s, name):\n    s.execute('select 1 from bed where name = ' + name)",
        "def f(s, name):\n    s.execute('select 1 from ' + name + ' where true')",
        "def f(s, name):\n    s.execute('select %s' % name)",
        "def f(s, name):\n    s.execute('select {}'.format(name))",
        "def f(s, names):\n    s.execute('select ' + ', '.join(names))",
        "def f(s, name):\n    sql = f'select {name}'\n    return s.fetchrow(sql)",
        "def f(s, name):\n    sql = 'select 1'\n    sql += name + ' where true'\n    return s.execute(sql)",
        "def f(op, name):\n    op.execute(f'drop table {name}')",
    ],
)
def test_sql_is_not_built_from_values(tmp_path, text):
    assert set(rules_in(tmp_path, text)) == {"sql"}


@pytest.mark.parametrize(
    "text",
    [
        "def f(s, name):\n    s.execute(text('select 1 from bed where name = :name'), {'name': name})",
        "def f(s):\n    s.execute(text('select 1' ' from bed'))",
        "def f(s):\n    s.execute('select 1' + ' from bed')",
        "def f(s, name):\n    s.execute(text(f'drop table {identifier(name)}'))",
        "def f(s, name):\n    table = quoted(name)\n    s.execute(text(f'drop table {table}'))",
        "def f(s, a, b):\n    s.execute(select(a + b))",
        "def f(s, name):\n    raise ValueError(f'no {name}')",
    ],
)
def test_bound_parameters_and_quoted_identifiers_are_fine(tmp_path, text):
    assert rules_in(tmp_path, text) == []


# ── enums ────────────────────────────────────────────────────────────────────────────────────────

TABLE = "class Bed(Base, table=True):\n    __scopes__ = Rows(area='area_code')\n    state: {annotation}\n"


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import Enum\ncolumn = Column(Enum('free', 'taken'))",
        "import sqlalchemy as sa\ncolumn = sa.Column(sa.Enum('free', 'taken'))",
        "from sqlalchemy.dialects.postgresql import ENUM\nkind = ENUM('free')",
    ],
)
def test_no_enum_type_of_the_database(tmp_path, text):
    assert rules_in(tmp_path, text) == ["enum"]


@pytest.mark.parametrize("annotation", ["BedState", "BedState | None = None", "BedState = Field(index=True)"])
def test_no_table_field_becomes_a_native_enum(tmp_path, annotation):
    files = {
        "services/eldercare/beds/rules.py": "class Own(StrEnum): ...\nclass BedState(Own): ...\n",
        "services/eldercare/beds/tables.py": TABLE.format(annotation=annotation),
    }
    assert found(tmp_path, files) == [("services/eldercare/beds/tables.py", "enum", 3)]


@pytest.mark.parametrize("annotation", ["str", "BedState = Field(sa_type=String)", "Other"])
def test_text_columns_are_fine(tmp_path, annotation):
    text = "from enum import StrEnum\nclass BedState(StrEnum):\n    FREE = 'free'\n" + TABLE.format(
        annotation=annotation
    )
    assert rules_in(tmp_path, text, "services/eldercare/beds/tables.py") == []


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        "from services.relief.households.tables import Household",
        "from services.relief.households import service, tables",
        "import services.relief.households.tables",
    ],
)
def test_tables_are_private_to_their_room(tmp_path, line):
    files = {
        "services/relief/visits/routes.py": line,
        "services/relief/households/service.py": line,
        "services/relief/app.py": line,
        "services/relief/migrations/env.py": line,
    }
    assert found(tmp_path, files) == [("services/relief/visits/routes.py", "private-tables", 1)]


def test_every_table_of_a_service_declares_its_scopes(tmp_path):
    files = {
        "services/relief/visits/tables.py": "class Visit(Base, table=True):\n    id: str\n",
        "services/relief/beds/tables.py": TABLE.format(annotation="str"),
        "services/relief/visits/schemas.py": "class VisitOut(Wire):\n    id: str\n",
    }
    assert found(tmp_path, files) == [("services/relief/visits/tables.py", "scopes", 1)]


@pytest.mark.parametrize("name", ["shared/utils.py", "services/relief/common/rules.py", "tests/helpers.py"])
def test_no_drawer_for_everything_else(tmp_path, name):
    assert found(tmp_path, {name: ""}) == [(name, "names", 1)]


def test_long_files_are_two_rooms(tmp_path):
    files = {
        "shared/a.py": "x = 1\n" * 401,
        "shared/b.py": "x = 1\n" * 400,
        "tests/test_a.py": "x = 1\n" * 501,
        "tests/test_b.py": "x = 1\n" * 500,
        "services/relief/migrations/versions/2026_01_01_first.py": "x = 1\n" * 900,
    }
    assert [(name, rule) for name, rule, _ in found(tmp_path, files)] == [
        ("shared/a.py", "length"),
        ("tests/test_a.py", "length"),
    ]


# ── every text ───────────────────────────────────────────────────────────────────────────────────

SLASH = "/"  # so that this file does not find itself


@pytest.mark.parametrize("path", ["home/zhang/puyou", "root/.puyou", "Users/zhang", "work" + "/main"])
@pytest.mark.parametrize("name", ["README.md", "deploy/k8s/api.yaml", "shared/settings.py"])
def test_no_paths_of_one_machine(tmp_path, path, name):
    assert rules_in(tmp_path, f"x = '{SLASH}{path}'\n", name) == ["machine-path"]


@pytest.mark.parametrize("path", ["var/cache/puyou", "usr/lib/postgresql/15/bin", "api/affairs/work/1", "dev/null"])
def test_places_every_machine_has_are_fine(tmp_path, path):
    assert rules_in(tmp_path, f"x = '{SLASH}{path}'\n", "shared/settings.py") == []


def test_locks_hold_no_address(tmp_path):
    address = f"https:{SLASH}{SLASH}mirror.example"
    files = {
        "requirements.lock": f"fastapi==1 \\\n# {address}\n",
        "requirements.in": f"--index{'-'}url {address}\n",
        "Dockerfile": f"RUN pip install --extra-index{'-'}url={address} x\n",
        "README.md": f"see {address}\n",
    }
    assert found(tmp_path, files) == [
        ("Dockerfile", "download-host", 1),
        ("requirements.in", "download-host", 1),
        ("requirements.lock", "download-host", 2),
    ]


# ── the law itself ───────────────────────────────────────────────────────────────────────────────


def test_no_exception_outlives_its_file():
    for rule, places in EXCEPTIONS.items():
        for place in places:
            assert (ROOT / place).exists(), f"{rule} excepts {place}, which is gone"


def test_git_decides_what_is_ours():
    files = project_files(ROOT)
    assert ROOT / "tools" / "rules" / "python.py" in files
    assert not [file for file in files if ".venv" in file.parts]
