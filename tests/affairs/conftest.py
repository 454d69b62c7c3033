"""Affairs alone, with the departments' exchange on a loopback port."""

from collections.abc import AsyncIterator

import pytest
import uvicorn
from sqlalchemy import URL

from services.affairs.app import SPEC
from suite.simulators.departments import Departments, departments_app
from tests.affairs.world import World
from tests.service_fixture import prepared, standing


@pytest.fixture(scope="session")
async def affairs_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    async with prepared(admin, prefix, SPEC) as name:
        yield name


@pytest.fixture(scope="session")
async def exchange() -> AsyncIterator[tuple[str, Departments]]:
    """The departments' exchange over real HTTP."""
    departments = Departments()
    server = uvicorn.Server(uvicorn.Config(departments_app(departments), port=0, log_config=None, lifespan="off"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/simulators/departments", departments
    await server.shutdown()


@pytest.fixture
async def world(admin: URL, affairs_template: str, exchange: tuple[str, Departments]) -> AsyncIterator[World]:
    url, departments = exchange
    departments.behaviours.clear()
    departments.asked.clear()
    async with standing(admin, affairs_template, SPEC, departments_url=url) as stand:
        world = World(stand, departments)
        await world.build()
        yield world
