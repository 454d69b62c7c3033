"""Who is loaded with what, in which order; and story.json for whoever plays the story."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import URL, text

from shared import clock
from shared.db.migrate import quoted
from shared.db.principals import system_principal
from shared.db.unit import UnitOfWork
from shared.security.person_key import PersonKey
from suite import servers
from suite.seed import affairs, brain, charity, eldercare, relief
from suite.seed.population import Population, make_population

if TYPE_CHECKING:
    from suite.compose import Suite

Load = Callable[["Suite", UnitOfWork, Population], Awaitable[None]]

After = Callable[["Suite"], Awaitable[None]]

_LOADS: dict[str, tuple[str, Load]] = {
    "relief": ("household", relief.load),
    "brain": ("person", brain.load),
    "eldercare": ("elder", eldercare.load),
    "charity": ("points_account", charity.load),
    "affairs": ("person", affairs.load),
}
"""Service → a table that tells whether it was loaded, and the load: one transaction each."""

_AFTER: dict[str, After] = {"relief": relief.after, "eldercare": eldercare.after}


async def seed_if_empty(suite: "Suite", admin: URL) -> None:
    """Load what is still empty. A suite that has its data is left alone."""
    if not suite.settings.is_dev:
        return
    empty = [name for name, (table, _) in _LOADS.items() if await _is_empty(suite, name, table)]
    if not empty and suite.home.story_file.exists():
        return
    key = suite.keyring.for_service("brain", derives_person_ids=True).person_key
    assert key is not None
    with _uncollected():
        population = make_population(PersonKey(key), clock.today())
        await asyncio.gather(*(_load(suite, admin, name, population) for name in empty))
        suite.home.write_story(await _story(suite, population))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Rows are made and let go by the ten thousand: looking for cycles among them costs a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _load(suite: "Suite", admin: URL, name: str, population: Population) -> None:
    """One service, in one transaction; its database works while the next one's rows are made."""
    async with suite.database(name).unit(system_principal("suite.seed"), "suite:seed", worker=True) as unit:
        await unit.execute(text("set local statement_timeout = 0"))
        await unit.execute(text("set local synchronous_commit = off"))
        # while the others' rows are made, this one's transaction waits: long, on a busy machine
        await unit.execute(text("set local idle_in_transaction_session_timeout = 0"))
        await _LOADS[name][1](suite, unit, population)
        unit.emitted.clear()
        unit.wakes.clear()
    await servers.analyse(admin, suite.settings.database_prefix, [name])
    if name in _AFTER:
        await _AFTER[name](suite)


async def _is_empty(suite: "Suite", service: str, table: str) -> bool:
    async with suite.database(service).unit(system_principal("suite.seed"), "suite:look", worker=True) as unit:
        unit.audited = False
        found = await unit.execute(text(f"select 1 from {quoted(table)} limit 1"))  # noqa: S608
        return found.first() is None


async def _story(suite: "Suite", population: Population) -> list[dict[str, str]]:
    assert population.story_home is not None
    beds = {person.person_id: eldercare.bed_id(home, number) for home, number, person in population.residents}
    return [
        {
            "personId": household.members[0].person_id,
            "idNumber": household.members[0].id_number,
            "name": household.members[0].name,
            "areaCode": household.area_code,
            "bedId": beds[household.members[0].person_id],
            "householdId": relief.household_id(household),
        }
        for household in population.story
    ]
