"""Affairs alone, beside the departments' exchange."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from services.affairs.app import SPEC
from suite.simulators.departments import Departments
from tests.affairs.world import World
from tests.service_fixture import prepared, standing


@pytest.fixture(scope="session")
async def affairs_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    async with prepared(admin, prefix, SPEC) as name:
        yield name


@pytest.fixture
async def world(admin: URL, affairs_template: str, exchange: tuple[str, Departments]) -> AsyncIterator[World]:
    url, departments = exchange
    departments.behaviours.clear()
    departments.asked.clear()
    async with standing(admin, affairs_template, SPEC, departments_url=url) as stand:
        world = World(stand, departments)
        await world.build()
        yield world
