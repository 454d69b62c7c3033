"""Lines to the database: lent to one at a time, and only while they are as good as new."""

import asyncio

import pytest
from sqlalchemy import text

from shared.db.pool import Pool
from shared.db.principals import system_principal
from shared.db.problems import Unavailable
from shared.db.unit import UnitOfWork
from shared.observability.metrics import POOL_WAIT
from tests.kernel.conftest import Toy


def _pool(toy: Toy, *, size: int = 1, wait_seconds: float = 5.0) -> Pool:
    return Pool(toy.runtime.database.url, "test", size, wait_seconds, POOL_WAIT.labels("toy", "test"))


async def test_a_line_is_kept(toy: Toy) -> None:
    pool = _pool(toy, size=2)
    async with pool.line() as first, pool.line() as second:
        assert first.driver is not second.driver
    async with pool.line() as line:
        assert line is first  # the one given back last
    await pool.close()


async def test_a_line_with_an_open_transaction_is_not_lent_again(toy: Toy) -> None:
    pool = _pool(toy)
    async with pool.line() as first:
        await first.driver.execute("begin")
    async with pool.line() as second:
        assert not second.driver.is_in_transaction()
    assert first.driver.is_closed()
    await pool.close()


async def test_what_sqlalchemy_has_begun_ends_with_the_block(toy: Toy) -> None:
    pool = _pool(toy)
    async with pool.line() as line:
        await line.connection.execute(text("select 1"))
    async with pool.line() as again:
        assert again is line
        assert not line.connection.in_transaction()
    await pool.close()


async def test_a_line_the_server_has_cut_is_replaced(toy: Toy) -> None:
    pool, cut = _pool(toy, size=2), asyncio.Event()
    async with pool.line() as executioner:
        async with pool.line() as line:
            line.driver.add_termination_listener(lambda _: cut.set())
            pid = await line.driver.fetchval("select pg_backend_pid()")
        await executioner.driver.fetchval("select pg_terminate_backend($1)", pid)
        await cut.wait()
    async with pool.line(), pool.line() as other:
        assert await other.driver.fetchval("select 1") == 1
    await pool.close()


async def test_a_line_hung_up_on_the_way_is_replaced_and_what_was_raised_stays(toy: Toy) -> None:
    pool = _pool(toy)
    async with pool.line() as line:
        line.driver.terminate()
    async with pool.line() as other:
        assert await other.driver.fetchval("select 1") == 1
    await pool.close()

    async def hang_up(unit: UnitOfWork) -> None:
        unit.driver.terminate()
        raise Unavailable("hung_up")

    with pytest.raises(Unavailable, match="hung_up"):
        await toy.runtime.database.run(system_principal("test"), "test", hang_up)


async def test_nothing_is_left_of_an_opening_that_was_broken_off(toy: Toy) -> None:
    pool = _pool(toy)
    async with pool.line() as line:
        opening = asyncio.create_task(line.driver.execute("begin; select pg_sleep(10)"))
        await asyncio.sleep(0.2)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await line.roll_back()
    async with pool.line() as again:
        assert await again.driver.execute("select 1") == "SELECT 1"
        assert not again.driver.is_in_transaction()
    await pool.close()


async def test_who_waits_too_long_is_refused_and_takes_nothing(toy: Toy) -> None:
    pool = _pool(toy, wait_seconds=0.05)
    async with pool.line():
        with pytest.raises(Unavailable) as refusal:
            async with pool.line():
                pass
        assert refusal.value.headers == {"Retry-After": "2"}
        waiting = asyncio.create_task(pool.line().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with pool.line():
        pass
    await pool.close()
