"""One staged suite for all that is tried on its rows; each test ends with the answers searched."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from shared.security.tokens import TokenSigner
from suite.simulators.departments import Departments
from tests.journeys.conftest import Seeded, staged
from tests.journeys.rows.furniture import Furnisher, Place
from tests.journeys.rows.who import Places
from tests.journeys.rows.world import World


@pytest.fixture(scope="session")
async def bare(
    admin: URL, seeded: Seeded, outside: tuple[str, Departments], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """The suite as seeded."""
    async with staged(admin, seeded, outside, tmp_path_factory.mktemp("rows")) as scene:
        keys = scene.suite.keyring.for_service("brain", derives_person_ids=True, signs_tokens=True)
        home = await scene.rows(
            "eldercare", "select institution_id from bed where id = :bed", bed=scene.story[0]["bedId"]
        )
        others = await scene.rows(
            "eldercare", "select id from institution where area_code like '330903003%' and id <> :home limit 1",
            home=home[0][0],
        )  # fmt: skip
        elder = scene.story[0]["personId"]
        kin = dict(await scene.rows("brain", "select kind, relative_id from kinship where person_id = :p", p=elder))
        places = Places(home[0][0], others[0][0], elder, kin["SPOUSE"], kin["CHILD"], scene.story[5]["personId"])
        yield World(scene, admin, places, TokenSigner(keys.token_keys))


@pytest.fixture(scope="session")
async def places(bare: World) -> dict[str, Place]:
    """One of everything, in four places."""
    return await Furnisher(bare).furnish()


@pytest.fixture
async def world(bare: World, places: dict[str, Place]) -> AsyncIterator[World]:
    """The furnished suite. Whatever an answer let slip ends the test."""
    del places
    bare.leaks.clear()
    bare.renew()
    await bare.look_around()
    yield bare
    assert not bare.leaks, f"{len(bare.leaks)} leaks, first: {bare.leaks[:20]}"
