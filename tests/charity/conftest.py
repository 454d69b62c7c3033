"""Charity on a real database."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from services.charity.app import SPEC
from tests.service_fixture import Stand, prepared, standing


@pytest.fixture(scope="session")
async def charity_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    async with prepared(admin, prefix, SPEC) as template:
        yield template


@pytest.fixture
async def charity(admin: URL, charity_template: str) -> AsyncIterator[Stand]:
    async with standing(admin, charity_template, SPEC) as stand:
        yield stand
