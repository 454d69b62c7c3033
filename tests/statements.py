"""What a service's database is told, by SQLAlchemy or straight to the driver."""

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg.connection import LoggedQuery
from sqlalchemy import event

from shared.db.database import Database
from shared.db.pool import Line


@contextmanager
def worker_statements(database: Database) -> Iterator[list[str]]:
    """All statements of worker units inside the block, their opening and commit too."""
    said: list[str] = []
    pool = database._worker
    take = pool._take

    def of_driver(query: LoggedQuery) -> None:
        said.append(query.query)

    def of_engine(*call: str) -> None:
        said.append(call[2])

    async def overheard() -> Line:
        line = await take()
        line.driver.add_query_logger(of_driver)  # twice is once
        return line

    event.listen(pool.engine.sync_engine, "before_cursor_execute", of_engine)
    pool._take = overheard  # type: ignore[method-assign]
    try:
        yield said
    finally:
        pool._take = take  # type: ignore[method-assign]
        event.remove(pool.engine.sync_engine, "before_cursor_execute", of_engine)
        for line in pool._idle:
            line.driver.remove_query_logger(of_driver)
