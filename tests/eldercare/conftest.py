"""Eldercare alone, with two towns, two institutions and a few elders."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from services.eldercare.app import SPEC
from tests.eldercare.world import World
from tests.service_fixture import prepared, standing


@pytest.fixture(scope="session")
async def eldercare_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    async with prepared(admin, prefix, SPEC) as name:
        yield name


@pytest.fixture
async def world(admin: URL, eldercare_template: str) -> AsyncIterator[World]:
    async with standing(admin, eldercare_template, SPEC) as stand:
        world = World(stand)
        await world.build()
        yield world
