"""The references under docs/reference are what the code says, and no published event lost a field."""

import copy
import json

from tools import references


def test_the_committed_references_are_what_the_code_says() -> None:
    assert references.main(["--check"]) == 0


def test_a_published_event_may_gain_fields_but_not_lose_them() -> None:
    before = json.loads((references.FOLDER / "asyncapi.json").read_text("utf-8"))
    name = "affairs.death.confirmed.v1"
    gained = copy.deepcopy(before)
    gained["components"]["schemas"][name]["properties"]["extra"] = {"type": "string"}
    assert references.incompatible(before, gained) == []
    assert references.incompatible(gained, before) == [f"{name}.extra: taken away"]
    changed = copy.deepcopy(before)
    changed["components"]["schemas"][name]["properties"]["personId"] = {"type": "integer"}
    assert references.incompatible(before, changed) == [f"{name}.personId: another type"]
    loose = copy.deepcopy(before)
    loose["components"]["schemas"][name]["required"].remove("personId")
    assert references.incompatible(before, loose) == [f"{name}.personId: no longer always there"]
    gone = copy.deepcopy(before)
    del gone["components"]["schemas"][name]
    assert references.incompatible(before, gone) == [f"{name}: no longer there"]
