"""What is whose to read: every list, total, file and figure, for every role in every place, against plain SQL."""

from typing import Any

import pytest

from tests.journeys.rows.furniture import Place
from tests.journeys.rows.oracles import LISTS, OPEN, target
from tests.journeys.rows.reading import SCANS, Oracle, check_list, check_one, uncovered
from tests.journeys.rows.world import World

pytestmark = [pytest.mark.plan("S-07", part="rows"), pytest.mark.prove]


def test_every_reading_route_has_an_oracle(world: World) -> None:
    """A new list or a new id in a path does not pass unseen."""
    assert uncovered(world.ways) == []


async def test_lists_show_exactly_ones_own_rows_and_count_them(
    world: World, places: dict[str, Place], size: Any, record_property: Any
) -> None:
    """Every list under every role that may read it, in every place: ids and total are those of the oracle."""
    oracle, positions, pages = Oracle(world), size(2, stated=3), size(2, stated=10)
    checks = []
    shown = set()
    for number, way in enumerate(way for way in world.ways if way.op in LISTS):
        parents = [place.id_for(way, name) for place in _two(places) for name in way.parameters] or [""]
        for who in world.watchers(way, number, positions):
            for parent in parents:
                if parent and not await _may_ask(oracle, way, who, parent):
                    continue
                checks.append(check_list(world, oracle, way, who, parent=parent, pages=pages))
                shown.add(way.op)
    faults = [fault for found in await world.all(checks) for fault in found]
    record_property(
        "lists", f"{len(shown)} lists, {len(checks)} principals, {sum(world.calls.values())} pages and calls"
    )
    assert not faults, "\n".join(faults[:30])
    empty = [op for op in shown if not await oracle.rows(LISTS[op].kind, *(_within(op, world, places)))]
    assert not empty, f"nothing stands in the databases for {empty}: these checks are empty"


def _two(places: dict[str, Place]) -> list[Place]:
    return [places["here"], places["there"]]


def _within(op: str, world: World, places: dict[str, Place]) -> tuple[str, ...]:
    way = world.way(op)
    return (LISTS[op].within, places["here"].id_for(way, way.parameters[0])) if way.parameters else ()


async def _may_ask(oracle: Oracle, way: Any, who: Any, parent: str) -> bool:
    """Whether the row the list hangs under is hers; where it is not, the list is not found (see below)."""
    kind = target(way.service, way.op, way.parameters[0])
    assert kind is not None
    return kind in OPEN or who.sees(await oracle.find(kind, parent))


async def test_a_single_row_is_shown_to_whom_it_belongs_and_does_not_exist_for_others(
    world: World, places: dict[str, Place], size: Any, record_property: Any
) -> None:
    """Each GET with an id in its path, ids of here and there: 200 inside, and outside the answer of an unknown id."""
    oracle, positions = Oracle(world), size(1, stated=3)
    checks = [
        check_one(world, oracle, way, who, place.path(way))
        for number, way in enumerate(way for way in world.ways if way.method == "GET" and way.parameters)
        for place in (_two(places) if positions == 1 else places.values())
        if await _stands(place, way, oracle)
        for who in world.watchers(way, number, positions)
    ]
    faults = [fault for found in await world.all(checks) for fault in found]
    record_property("single rows", f"{len(checks)} looks")
    assert not faults, "\n".join(faults[:30])


async def _stands(place: Place, way: Any, oracle: Oracle) -> bool:
    """Whether the place has one; here and there have one of everything."""
    try:
        ids = place.path(way)
        kind = target(way.service, way.op, way.parameters[-1])
        stands = way.op in SCANS or kind in OPEN or await oracle.has(str(kind), ids[way.parameters[-1]])
    except LookupError:
        stands = False
    assert stands or place.name not in ("here", "there"), f"nothing in {place.name} for {way.name}"
    return stands
