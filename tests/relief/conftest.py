"""Relief alone, with two towns and a few families."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from services.relief.app import SPEC
from tests.relief.families import Families
from tests.service_fixture import prepared, standing


@pytest.fixture(scope="session")
async def relief_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    async with prepared(admin, prefix, SPEC) as name:
        yield name


@pytest.fixture
async def relief(admin: URL, relief_template: str) -> AsyncIterator[Families]:
    async with standing(admin, relief_template, SPEC) as stand:
        yield Families(stand)
