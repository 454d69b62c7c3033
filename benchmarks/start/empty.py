"""The reference: PostgreSQL as the suite starts it, and an application that only asks it whether it is there."""

import asyncio
import os
from pathlib import Path

import asyncpg
import uvicorn
from fastapi import FastAPI

from suite.postgres import EmbeddedPostgres


async def main() -> None:
    """Serve until SIGTERM."""
    postgres = EmbeddedPostgres(Path(os.environ["PUYOU_HOME"]))
    address = await asyncio.to_thread(postgres.start)
    app = FastAPI()
    pool = await asyncpg.create_pool(
        host=address.host, port=address.port, user=address.superuser, password=address.password, min_size=1, max_size=5
    )

    @app.get("/health/live")
    async def live() -> dict[str, int]:
        return {"ok": await pool.fetchval("SELECT 1")}

    try:
        await uvicorn.Server(uvicorn.Config(app, port=int(os.environ["PUYOU_PORT"]), log_level="warning")).serve()
    finally:
        await pool.close()
        await asyncio.to_thread(postgres.stop)


if __name__ == "__main__":
    asyncio.run(main())
