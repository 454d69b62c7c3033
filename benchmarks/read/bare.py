"""What FastAPI and asyncpg do alone: a token check, one query, one model. `… read.bare PORT PLACE`."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated

import asyncpg
import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request
from pydantic import BaseModel

from benchmarks.read.people import PREFIX, Place
from shared import clock
from shared.db.migrate import database_name
from shared.db.problems import Unauthorised
from shared.security.tokens import TokenVerifier

_COLUMNS = "id, area_code, sex, birth, registration, life_status, version"
_LIST = f"select {_COLUMNS} from person where (area_code, id) > ($1, $2) order by area_code, id limit 20"  # noqa: S608
_ONE = f"select {_COLUMNS} from person where id = $1"  # noqa: S608


class Person(BaseModel):
    """The plain columns."""

    id: str
    area_code: str
    sex: int
    birth: date
    registration: str
    life_status: str
    version: int


def make_app(place: Place) -> FastAPI:
    """The two endpoints."""
    verifier = TokenVerifier(place.keys.token_keys)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            host=place.host,
            port=place.port,
            user=place.superuser,
            password=place.password,
            database=database_name(PREFIX, "brain"),
            min_size=8,  # as many as a service has for requests
            max_size=8,
        ) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    def check(authorization: str) -> None:
        try:
            verifier.verify(authorization.removeprefix("Bearer "), clock.real())
        except Unauthorised:
            raise HTTPException(401) from None

    @app.get("/people")
    async def people(request: Request, authorization: Annotated[str, Header()], area: str, after: str) -> list[Person]:
        check(authorization)
        rows = await request.app.state.pool.fetch(_LIST, area, after)
        return [Person.model_construct(**row) for row in rows]

    @app.get("/people/{person_id}")
    async def person(request: Request, authorization: Annotated[str, Header()], person_id: str) -> Person:
        check(authorization)
        return Person.model_construct(**await request.app.state.pool.fetchrow(_ONE, person_id))

    return app


if __name__ == "__main__":
    uvicorn.run(
        make_app(Place(**json.loads(sys.argv[2]))),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
    )
