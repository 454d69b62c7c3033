"""docs/dependencies.md says what the locks pin, and the locks pin everything by hash."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def asked(name: str) -> set[str]:
    """Packages named in an .in file."""
    lines = (ROOT / name).read_text().splitlines()
    return {found[0] for line in lines if (found := re.match(r"[a-z0-9.-]+", line)) and not line.startswith("-")}


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==([^ ;\\\n]+)", (ROOT / name).read_text(), re.MULTILINE))


def documented(title: str) -> dict[str, str]:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    section = page.split(f"## {title}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| ([a-z0-9.-]+) \| (\d\S*) \|", section, re.MULTILINE))


@pytest.mark.parametrize(("title", "name"), [("To run", "requirements"), ("To build and prove", "requirements-dev")])
def test_every_package_is_documented_with_its_locked_version(title, name):
    pins = locked(f"{name}.lock")
    assert documented(title) == {package: pins[package] for package in asked(f"{name}.in")}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_has_a_hash(name):
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) > 40
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_tests_run_what_the_product_runs():
    product, workshop = locked("requirements.lock"), locked("requirements-dev.lock")
    assert product.items() <= workshop.items()
