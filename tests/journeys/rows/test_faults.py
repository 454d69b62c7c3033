"""Planted faults: each hole somebody might leave is found by a check that names it, and by nothing less.

The same checks as in the other files run on a suite with one fault in it; afterwards the fault is taken out and they
are content again.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import pytest
from fastapi import APIRouter
from sqlalchemy import update
from sqlmodel import col, select

from services.eldercare.app import SPEC
from services.eldercare.elders.schemas import ElderItem
from services.eldercare.elders.service import Elder, name_of
from shared.db.migrate import login_name
from shared.db.policies import statements, unprotected
from shared.db.principals import Role
from shared.events.local import LocalTransport
from shared.ids import PersonId
from shared.service import create_service
from shared.web import Page, PageQuery, Router, Unit, Wire, paginate, permit
from suite.seed.places import DISTRICT, OTHER_TOWN, STORY_VILLAGE
from tests.journeys.rows.furniture import Nowhere, Place
from tests.journeys.rows.reading import Oracle, check_list, check_one, uncovered
from tests.journeys.rows.who import Who
from tests.journeys.rows.world import Way, World
from tests.journeys.rows.writing import check_write

pytestmark = [pytest.mark.plan("S-07", part="rows"), pytest.mark.faults]

VILLAGE = Who(Role.VILLAGE_CLERK, area=STORY_VILLAGE)
OTHER = Who(Role.TOWN_CLERK, area=OTHER_TOWN)


async def elders_shown(world: World, who: Who, ways: Sequence[Way] | None = None) -> list[str]:
    """The check of the list of elders, as in test_reading."""
    found = []
    for way in ways or [world.way("list_elders")]:
        found += await check_list(world, Oracle(world), way, who, pages=1)
    return found


@asynccontextmanager
async def planted(world: World, fault: str, *undo: str) -> AsyncIterator[None]:
    """A fault in eldercare's database, taken out at the end."""
    await world.ddl("eldercare", fault)
    try:
        yield
    finally:
        await world.ddl("eldercare", *undo)
        world.leaks.clear()


def _policies(*kinds: str) -> list[str]:
    return [line for line in statements("elder", Elder.__scopes__) if any(f"policy {kind} " in line for kind in kinds)]


async def test_a_table_without_row_security_shows_all_and_is_found(world: World) -> None:
    assert await elders_shown(world, VILLAGE) == []
    off = 'alter table public."elder" disable row level security'
    async with planted(world, off, off.replace("disable", "enable")):
        [fault] = await elders_shown(world, VILLAGE)
        assert "list_elders" in fault
        assert "total" in fault
        async with world.owner("eldercare") as connection:
            assert await connection.run_sync(unprotected) == ["public.elder"]
    assert await elders_shown(world, VILLAGE) == []


async def test_a_table_whose_policy_was_dropped_is_found(world: World) -> None:
    """Without one the scope sees nothing: equal is more than subset."""
    async with planted(world, 'drop policy area on public."elder"', *_policies("area")):
        [fault] = await elders_shown(world, VILLAGE)
        assert "list_elders" in fault
        assert "total 0" in fault
    assert await elders_shown(world, VILLAGE) == []


async def test_a_policy_that_lets_all_through_is_found(world: World) -> None:
    strict = _policies("area")
    async with planted(
        world, 'alter policy area on public."elder" using (true)', 'drop policy area on public."elder"', *strict
    ):
        assert "list_elders" in (await elders_shown(world, VILLAGE))[0]
        assert any("persons who are not hers" in leak for leak in world.leaks)
        file = await check_one(
            world, Oracle(world), world.way("get_elder_file"), OTHER, {"person_id": world.places.elder}
        )
        assert "200 for a row outside" in file[0]
    assert await elders_shown(world, VILLAGE) == []


async def test_a_login_that_owns_a_table_does_not_start(world: World) -> None:
    settings = world.scene.suite.settings
    owner = f'alter table public."elder" owner to "{login_name(settings.database_prefix, "eldercare")}"'
    database = f"{settings.database_prefix}_eldercare_owner"
    async with planted(world, owner, f'alter table public."elder" owner to "{database}"'):
        with pytest.raises(RuntimeError, match="owns elder"):
            await world.scene.suite.start()
    await world.scene.suite.start()


def test_a_route_without_unit_of_work_does_not_build(world: World) -> None:
    """Neither in a room, where the build refuses it, nor put into the app past the rooms, where the walk finds it."""
    plain = APIRouter()
    plain.add_api_route("/api/eldercare/plain", list, methods=["GET"])
    suite = world.scene.suite
    keys = suite.keyring.for_service("eldercare")
    with pytest.raises(TypeError, match="unit of work"):
        create_service(replace(SPEC, rooms=[*SPEC.rooms, plain]), suite.settings, keys, LocalTransport())
    with added(world, plain):
        assert world.strangers() == ["eldercare: /api/eldercare/plain"]
    assert world.strangers() == []


def test_a_route_without_permission_does_not_build(world: World) -> None:
    """Neither without a word about it, nor with a word the table does not have."""
    router = Router()
    with pytest.raises(TypeError, match="no permission"):
        router.add_api_route("/api/eldercare/naked", list, methods=["GET"])

    @router.get("/api/eldercare/unknown")
    @permit("elder", "burn")
    async def burn() -> None: ...

    suite = world.scene.suite
    keys = suite.keyring.for_service("eldercare")
    with pytest.raises(LookupError, match="elder: burn"):
        create_service(replace(SPEC, rooms=[*SPEC.rooms, router]), suite.settings, keys, LocalTransport())


# ── routes that forget whose rows they show ──────────────────────────────────────────────────────


class Shown(Wire):
    """A name as it is stored."""

    id: str
    name: str


leaky = Router(prefix="/api/eldercare/leaky")


@leaky.get("/all", operation_id="list_elders")
@permit("elder", "read", "personal")
async def list_elevated(unit: Unit, page: PageQuery) -> Page[ElderItem]:
    """Runs past the scopes."""
    async with unit.elevated("forgotten"):
        return await paginate(unit, select(Elder), [Elder.person_id], page, lambda elder: ElderItem.of(unit, elder))


@leaky.get("/new", operation_id="list_anew")
@permit("elder", "read", "personal")
async def list_anew(unit: Unit, page: PageQuery) -> Page[ElderItem]:
    """A list nobody has told the tests of."""
    return await paginate(unit, select(Elder), [Elder.person_id], page, lambda elder: ElderItem.of(unit, elder))


@leaky.get("/clear", operation_id="list_clear")
@permit("elder", "read", "personal")
async def list_clear(unit: Unit) -> list[Shown]:
    """Her own rows, but unmasked."""
    return [Shown(id=row.person_id, name=name_of(unit, row)) for row in await unit.all(select(Elder).limit(50))]


@leaky.get("/one/{person_id}", operation_id="get_elder_elevated")
@permit("elder", "read", "personal")
async def get_elevated(person_id: PersonId, unit: Unit) -> ElderItem:
    """One row past the scopes."""
    async with unit.elevated("forgotten"):
        return ElderItem.of(unit, await unit.get(Elder, person_id))


@leaky.post("/one/{person_id}", operation_id="change_elder")
@permit("elder", "write", "personal")
async def change_elevated(person_id: PersonId, unit: Unit) -> None:
    """Writes past the scopes."""
    async with unit.elevated("forgotten"):
        await unit.execute(update(Elder).where(col(Elder.person_id) == person_id).values(living="ALONE"))


@contextmanager
def added(world: World, router: APIRouter, op: str = "") -> Iterator[list[Way]]:
    """Routes put into eldercare's app, taken out at the end."""
    routes = world.scene.suite.apps["eldercare"].router.routes
    before = list(routes)
    chosen = [route for route in router.routes if not op or getattr(route, "operation_id", "") == op]
    routes.extend(chosen)
    try:
        yield [way for way in world.ways if way.route in chosen]
    finally:
        routes[:] = before
        world.leaks.clear()


async def test_a_list_that_runs_past_the_scopes_is_found(world: World) -> None:
    with added(world, leaky, "list_elders") as ways:
        assert "total" in (await elders_shown(world, VILLAGE, ways))[0]
        assert any("persons who are not hers" in leak for leak in world.leaks)


def test_a_new_route_nobody_has_an_oracle_for_is_found(world: World) -> None:
    with added(world, leaky, "list_anew") as ways:
        assert uncovered(ways) == ["GET /api/eldercare/leaky/new (list_anew): no oracle for this list"]
    other = Router(prefix="/api/eldercare/leaky")

    @other.get("/{thing_id}")
    @permit("elder", "read")
    async def get_thing(thing_id: str) -> None:
        del thing_id

    with added(world, other) as ways:
        assert uncovered(ways) == ["GET /api/eldercare/leaky/{thing_id} (get_thing): no oracle for {thing_id}"]


async def test_a_name_in_the_clear_is_found(world: World) -> None:
    with added(world, leaky, "list_clear") as [way]:
        await world.call(VILLAGE, way)
        assert any("a name in the clear" in leak for leak in world.leaks)


async def test_a_single_row_read_past_the_scopes_is_found(world: World) -> None:
    with added(world, leaky, "get_elder_elevated") as [way]:
        [fault] = await check_one(world, Oracle(world), way, OTHER, {"person_id": world.places.elder})
        assert "200 for a row outside" in fault


async def test_a_write_past_the_scopes_is_found_twice(world: World, places: dict[str, Place]) -> None:
    """By its answer, and by what it has changed."""
    before = await world.fingerprint()
    with added(world, leaky, "change_elder") as ways:
        way = next(one for one in ways if one.method == "POST")
        [fault] = await check_write(world, way, OTHER, places["here"], Nowhere(places["here"]))
        assert "for a row outside" in fault
    after = await world.fingerprint()
    assert [table for table in after if after[table] != before[table]] == ["eldercare public.elder"]


async def test_an_empty_attribute_taken_at_its_word_is_found(world: World) -> None:
    """Elders in no house carry an empty one: who has no house must not be taken for theirs."""
    nobody = Who(Role.INSTITUTION_ADMIN, area=DISTRICT)
    assert await elders_shown(world, nobody) == []
    fault = "alter policy org on public.elder using (org_id = current_setting('puyou.org'))"
    async with planted(world, fault, 'drop policy org on public."elder"', *_policies("org")):
        assert "list_elders" in (await elders_shown(world, nobody))[0]
    assert await elders_shown(world, nobody) == []
