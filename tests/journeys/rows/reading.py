"""Holding what a route shows against what the oracle says, for one principal at a time. Each finding is a sentence."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from tests.journeys.rows.oracles import EVERYONE, KINDS, LISTS, OPEN, Listing, target
from tests.journeys.rows.who import Row, Who
from tests.journeys.rows.world import Way, World, nowhere

PAGES = 4
"""Pages read of a long list; `total` speaks for the rest."""

_SILENT = frozenset({"eldercare_get_statement", "relief_get_statement", "list_bed_scans", "list_movements"})
"""Asked about someone outside, these answer as about someone who has nothing: 200, and empty."""
SCANS = frozenset({"scan_bed_code", "scan_bed_code_in_public"})
"""A code hangs on the bed: who stands before it may scan it, and what she is shown depends on who she is."""
_WRONG_STATE = 409


class Oracle:
    """The rows of each kind, read once past all scopes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._nothing: dict[tuple[str, str], str] = {}
        self._one_at_a_time = asyncio.Lock()

    async def rows(self, kind: str, within: str = "", parent: str = "") -> list[Row]:
        """All rows of a kind, or those under one parent."""
        place = (kind, parent)
        async with self._one_at_a_time:
            if place not in self._rows:
                found = KINDS[kind]
                sql = f"{found.sql} where {within} = :parent" if within else found.sql
                given = {"parent": parent} if within else {}
                self._rows[place] = await self.world.oracle(found.service, sql, **given)
        return self._rows[place]

    async def nothing(self, way: Way, who: Who) -> str:
        """What a route answers about an id nothing has, to a role; the id is left out."""
        key = (way.op, who.role)
        if key not in self._nothing:
            unknown = {name: nowhere(name) for name in way.parameters}
            told = repr((await self.world.call(who, way, unknown)).told())
            self._nothing[key] = _without(told, unknown)
        return self._nothing[key]

    async def has(self, kind: str, row_id: str) -> bool:
        """Whether there is one."""
        return any(row.id == row_id for row in await self.rows(kind))

    async def find(self, kind: str, row_id: str) -> Row:
        """One of them; the test is at fault when it is not there."""
        found = [row for row in await self.rows(kind) if row.id == row_id]
        assert found, f"the furniture names no {kind}: {row_id}"
        return found[0]


def _without(told: str, ids: Mapping[str, str]) -> str:
    for one in ids.values():
        told = told.replace(one, "…")
    return told


def uncovered(ways: Iterable[Way]) -> list[str]:
    """Reading routes the tests know nothing of: each needs an entry in `oracles`."""
    found = []
    for way in ways:
        if way.is_list and way.op not in LISTS and way.route.permit.resource not in ("audit", "operations"):
            found.append(f"{way.name}: no oracle for this list")
        found += [
            f"{way.name}: no oracle for {{{name}}}"
            for name in way.parameters
            if target(way.service, way.op, name) is None
        ]
    return found


async def check_list(
    world: World, oracle: Oracle, way: Way, who: Who, *, parent: str = "", pages: int = PAGES
) -> list[str]:
    """The ids of a list, its total, and the area of each item against the oracle."""
    listing = LISTS[way.op]
    ids = dict.fromkeys(way.parameters, parent)
    mine = [row for row in await oracle.rows(listing.kind, listing.within, parent) if listing.is_open or who.sees(row)]
    if way.op == "list_tasks":
        mine = [row for row in mine if row.id.partition("/")[2] in TASKS.get(who.role, ())]
    got: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(pages):
        answer = await world.call(who, way, ids, limit="100", total="true", **cursor)
        if answer.status != 200:
            return [f"{way.name} as {who}: {answer.status} {answer.text[:200]}"]
        got += ["/".join(str(item[key]) for key in listing.key) for item in answer.body["items"]]
        if answer.body["total"] != len(mine):
            return [f"{way.name} as {who}: total {answer.body['total']}, the oracle counts {len(mine)}"]
        if answer.body["nextCursor"] is None:
            break
        cursor = {"cursor": answer.body["nextCursor"]}
    return [f"{way.name} as {who}: {fault}" for fault in _compare(got, [row.id for row in mine], listing)]


def _compare(got: Sequence[str], wanted: Sequence[str], listing: Listing) -> Iterable[str]:
    if listing.kind == "income":  # an income has no id of its own on the wire
        if len(got) != len(wanted):
            yield f"{len(got)} rows, the oracle has {len(wanted)}"
        return
    if strays := set(got) - set(wanted):
        yield f"{len(strays)} rows that are not hers: {sorted(strays)[:3]}"
    if twice := [one for one, count in Counter(got).items() if count > 1]:
        yield f"rows more than once: {twice[:3]}"
    if len(wanted) <= len(got) and (missing := set(wanted) - set(got)):
        yield f"{len(missing)} rows are missing: {sorted(missing)[:3]}"


def _sight_of_tasks() -> Mapping[str, frozenset[str]]:
    """Role → tasks, as the definitions say: the roles that see a task, or handle it."""
    seen: dict[str, set[str]] = defaultdict(set)
    for file in Path("services/affairs/matters").glob("*.yaml"):
        definition = yaml.safe_load(file.read_text(encoding="utf-8"))
        for task in definition["tasks"]:
            roles = definition["roles"] | task.get("roles", {})
            for role in (*roles["see"], *roles.get("handle", ())):
                seen[role].add(task["id"])
    return {role: frozenset(tasks) for role, tasks in seen.items()}


TASKS = _sight_of_tasks()


async def check_one(world: World, oracle: Oracle, way: Way, who: Who, ids: dict[str, str]) -> list[str]:
    """A single row: shown to whom it belongs, and to all others as if it did not exist."""
    name = way.parameters[-1]  # before it stands what the row belongs to
    kind = target(way.service, way.op, name)
    assert kind is not None
    if kind == EVERYONE:
        answer = await world.call(who, way, ids)
        return [] if answer.status not in (401, 403) else [f"{way.name} as {who}: {answer.status}"]
    sees = kind in OPEN or way.op in SCANS or who.sees(await oracle.find(kind, ids[name]))
    answer = await world.call(who, way, ids)
    if sees:
        is_fine = answer.status in (200, _WRONG_STATE)
        return [] if is_fine else [f"{way.name} as {who}: {answer.status}, it is hers to see: {answer.text[:200]}"]
    if answer.status != 404 and not (way.op in _SILENT and answer.status == 200):
        return [f"{way.name} as {who}: {answer.status} for a row outside: {answer.text[:200]}"]
    nothing = await oracle.nothing(way, who)
    told = _without(repr(answer.told()), ids)
    return [] if told == nothing else [f"{way.name} as {who}: {told} is told apart from what does not exist: {nothing}"]
