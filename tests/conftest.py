"""Fixtures every test may use: a PostgreSQL of our own, databases that are thrown away, a clock that stands still."""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from shared import clock
from suite.postgres import EmbeddedPostgres

_HERE = Path(__file__).parent
_TOGETHER = ("journeys/rows", "suite/test_distributed.py", "faults")
"""Tests that share a stage which takes long to set up; each of these runs in one worker of xdist."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group them (`--dist loadgroup`)."""
    for item in items:
        for place in _TOGETHER:
            if item.path.is_relative_to(_HERE / place):
                item.add_marker(pytest.mark.xdist_group(place))


@pytest.fixture(scope="session")
def admin() -> Iterator[URL]:
    """An administrator's address: the embedded server, or the one `PUYOU_TEST_SERVER` names (host:port:user)."""
    given = os.environ.get("PUYOU_TEST_SERVER", "")
    if given:
        host, port, user = given.split(":")
        yield URL.create("postgresql+asyncpg", user, host=host, port=int(port), database="postgres")
        return
    with tempfile.TemporaryDirectory(prefix="puyou-test-") as folder:
        server = EmbeddedPostgres(Path(folder), fsync=False)
        address = server.start()
        yield URL.create(
            "postgresql+asyncpg", address.superuser, address.password, address.host, address.port, "postgres"
        )
        server.stop()


@pytest.fixture(scope="session")
def prefix() -> str:
    """Names of this run's databases and logins begin with it."""
    return f"t{secrets.token_hex(4)}"


@pytest.fixture(autouse=True)
async def _real_time() -> AsyncIterator[None]:
    yield
    clock.reset()
