"""The import contracts of pyproject.toml let a well-built house stand and name each wall that is broken."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HOUSE = {
    "benchmarks/gateway.py": "import suite.compose\nimport gateway.app\n",
    "suite/compose.py": "import gateway.app\nimport services.relief.app\nimport services.brain.app\n",
    "gateway/app.py": "import shared.web\n",
    "services/brain/app.py": "import shared.service\n",
    "services/brain/__main__.py": "import services.brain.app\nimport shared.process\n",
    "services/relief/app.py": "import services.relief.visits.routes\nimport shared.service\n",
    "services/relief/visits/routes.py": "from services.relief.visits import schemas, service\nimport shared.web\n",
    "services/relief/visits/reactions.py": "from services.relief.visits import service\n",
    "services/relief/visits/service.py": "from services.relief.visits import rules, tables\n"
    "from services.relief.visits import schemas\n",
    "services/relief/visits/schemas.py": "import shared.web\n",
    "services/relief/visits/tables.py": "import sqlmodel\nfrom services.relief.visits import rules\nimport shared.db\n",
    "services/relief/visits/rules.py": "import shared.money\n",
    "services/relief/households/service.py": "",
    "shared/process.py": "import shared.service\n",
    "shared/kernel_tables.py": "import shared.web\nimport shared.effects\n",
    "shared/service.py": "import shared.web\nimport shared.payments\nimport shared.events\n",
    "shared/web.py": "import fastapi\nimport shared.security\n",
    "shared/payments.py": "import shared.policy\n",
    "shared/onething.py": "import shared.effects\n",
    "shared/policy.py": "import shared.db\n",
    "shared/effects.py": "import shared.contracts\n",
    "shared/contracts.py": "import shared.events\n",
    "shared/events.py": "import shared.security\n",
    "shared/security.py": "import shared.db\n",
    "shared/db.py": "import shared.ids\nimport shared.settings\n",
    "shared/ids.py": "import shared.clock\n",
    "shared/clock.py": "import shared.settings\n",
    "shared/money.py": "",
    "shared/settings.py": "",
}


def broken(folder: Path, **planted: str) -> list[str]:
    """Names of the contracts a house with these lines added breaks."""
    for name, text in HOUSE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for package in path.relative_to(folder).parents:
            if package.name:
                (folder / package / "__init__.py").touch()
        path.write_text(text)
    for module, line in planted.items():
        path = folder / f"{module.replace('__', '/')}.py"
        path.write_text(f"{path.read_text() if path.exists() else ''}{line}\n")
    shutil.copy(ROOT / "pyproject.toml", folder)
    said = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "kept" in said, said
    return re.findall(r"^(.+) BROKEN$", said, re.MULTILINE)


def test_a_well_built_house_stands(tmp_path):
    assert broken(tmp_path) == []


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("shared__web", "import services.relief.app", "suite → gateway | services → shared"),
        ("gateway__app", "import services.brain.app", "suite → gateway | services → shared"),
        ("services__brain__app", "import suite.compose", "suite → gateway | services → shared"),
        ("services__brain__app", "import services.relief.visits.service", "Services are strangers"),
        ("shared__db", "import shared.security", "The kernel's rooms stand on each other in one order"),
        ("shared__payments", "import shared.onething", "The kernel's rooms stand on each other in one order"),
        ("shared__settings", "import shared.clock", "The kernel's rooms stand on each other in one order"),
        ("shared__extra", "", "The kernel's rooms stand on each other in one order"),
        (
            "services__relief__visits__service",
            "import services.relief.visits.routes",
            "Routes, reactions, jobs → service → tables → rules",
        ),
        (
            "services__relief__visits__routes",
            "import services.relief.visits.reactions",
            "Routes, reactions, jobs → service → tables → rules",
        ),
        (
            "services__relief__visits__tables",
            "import services.relief.visits.service",
            "Routes, reactions, jobs → service → tables → rules",
        ),
        (
            "services__relief__visits__rules",
            "import services.relief.visits.tables",
            "Routes, reactions, jobs → service → tables → rules",
        ),
        ("services__relief__visits__rules", "import sqlmodel", "Rules are pure"),
        ("services__relief__visits__rules", "from fastapi import Depends", "Rules are pure"),
        ("services__relief__households__service", "import services.relief.visits.service", None),
    ],
)
def test_a_broken_wall_is_named(tmp_path, module, line, contract):
    found = broken(tmp_path, **{module: line})
    assert contract in found if contract else not found


def test_rooms_form_no_cycle(tmp_path):
    assert broken(
        tmp_path,
        services__relief__households__service="import services.relief.visits.service",
        services__relief__visits__service="import services.relief.households.service",
    ) == ["Rooms of a service form no cycle"]
