"""The sender on a real database."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from tests.kernel.notices.sender.app import SPEC
from tests.service_fixture import Stand, prepared, standing


@pytest.fixture(scope="session")
async def sender_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    async with prepared(admin, prefix, SPEC) as template:
        yield template


@pytest.fixture
async def sender(admin: URL, sender_template: str) -> AsyncIterator[Stand]:
    async with standing(admin, sender_template, SPEC) as stand:
        yield stand
