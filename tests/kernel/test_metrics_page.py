"""docs/operations/metrics.md is held to the code: every metric, with its labels, and none that is not there."""

import re
from pathlib import Path

from prometheus_client import REGISTRY

import gateway.metrics
import suite.compose
from shared.observability import metrics

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations" / "metrics.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| `(puyou_\w+)` \| (.*?) \|", PAGE, re.MULTILINE))


def exposed() -> dict[str, str]:
    """Name as a scrape shows it → its labels, of everything that importing the whole suite registers."""
    assert suite.compose.SERVICES
    found = {}
    for family in REGISTRY.collect():
        if family.name.startswith("puyou_"):
            found[family.name + ("_total" if family.type == "counter" else "")] = ""
    for module in (metrics, gateway.metrics):
        for one in vars(module).values():
            if labels := getattr(one, "_labelnames", None):
                [family] = one.collect()
                found[family.name + ("_total" if family.type == "counter" else "")] = ", ".join(labels)
    return found


def test_the_page_names_every_metric_with_its_labels_and_no_other() -> None:
    assert exposed() == ROWS


def test_whatever_a_page_of_ours_calls_a_metric_is_one() -> None:
    databases = {"puyou_scope_system"}
    for page in (ROOT / "docs").rglob("*.md"):
        for name in re.findall(r"\b(puyou_(?:[a-z]+_)+[a-z]+)\b", page.read_text("utf-8")):
            assert name in ROWS or name in databases, (page, name)


def test_links_between_the_operations_pages_lead_somewhere() -> None:
    folder = ROOT / "docs" / "operations"
    for page in folder.glob("*.md"):
        for target, _, place in re.findall(r"\]\(([^)#:]*)(#([^)]*))?\)", page.read_text("utf-8")):
            aim = (page.parent / target).resolve() if target else page
            assert aim.exists(), (page, target)
            heads = re.findall(r"^#+ (.*)$", aim.read_text("utf-8"), re.MULTILINE) if place else []
            assert not place or place in [re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads]
