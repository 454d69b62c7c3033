"""Relief alone, with two towns and a few families."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from sqlalchemy import URL

from services.relief.app import SPEC
from shared import clock
from tests.relief.applying import Applying
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


@pytest.fixture
def town(relief: Families) -> Applying:
    """A family at the counter, on Monday 2 March 2026 in the morning."""
    clock.set_to(clock.start_of_day(date(2026, 3, 2)) + timedelta(hours=9))
    return Applying(relief)
