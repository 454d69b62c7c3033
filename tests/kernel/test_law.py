"""Planted faults: what would open the rows or the routes does not start."""

import dataclasses

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.migrate import database_name, login_name
from shared.db.policies import unprotected
from shared.db.principals import Role
from shared.db.unit import UnitOfWork
from shared.security.permissions import Permissions
from shared.web import Router
from tests.kernel.conftest import Toy


async def test_a_table_without_a_policy_is_found(toy: Toy, admin: URL) -> None:
    prefix = toy.runtime.settings.database_prefix
    engine = create_async_engine(admin.set(database=database_name(prefix, "toy")))
    async with engine.begin() as connection:
        assert await connection.run_sync(unprotected) == []
        await connection.execute(text("create table open_door (id int)"))
        assert await connection.run_sync(unprotected) == ["public.open_door"]
        await connection.execute(text("alter table open_door enable row level security"))
        assert await connection.run_sync(unprotected) == ["public.open_door"]
    await engine.dispose()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("alter table bed owner to {login}", "owns bed"),
        ("alter role {login} bypassrls", "bypasses row security"),
        ("alter role {login} inherit", "inherits"),
        ("alter role {login} superuser", "superuser"),
        ("grant select on bed to {login}", "may read bed"),
    ],
)
async def test_a_login_that_could_see_past_the_policies_does_not_start(
    toy: Toy, admin: URL, fault: str, words: str
) -> None:
    prefix = toy.runtime.settings.database_prefix
    engine = create_async_engine(admin.set(database=database_name(prefix, "toy")))
    async with engine.begin() as connection:
        await connection.execute(text(fault.format(login=login_name(prefix, "toy"))))
    await engine.dispose()
    with pytest.raises(RuntimeError, match=words):
        await toy.runtime.database.check_login()


def test_a_route_without_permission_does_not_build() -> None:
    router = Router()
    with pytest.raises(TypeError, match="no permission"):

        @router.get("/naked")
        async def naked() -> None: ...


def test_a_route_with_an_unknown_permission_does_not_build(tmp_path) -> None:
    file = tmp_path / "permissions.yaml"
    file.write_text("bed: {read: [TOWN_CLERK]}\n", encoding="utf-8")
    permissions = Permissions.load(file)
    permissions.require("bed", "read")
    assert permissions.unused() == []
    with pytest.raises(LookupError):
        permissions.require("bed", "burn")


async def test_a_forgotten_scope_sees_nothing(toy: Toy) -> None:
    """Without the opening statement the login has no rights at all; with an emptied range it sees no row."""
    await toy.beds("b1")
    engine = create_async_engine(toy.runtime.database.url)
    async with engine.connect() as connection:
        with pytest.raises(Exception, match="permission denied"):
            await connection.execute(text("select * from bed"))
        await connection.rollback()
        await connection.execute(
            text(
                "select set_config('role', 'puyou_scope_area', true), set_config('puyou.lo', '', true),"
                " set_config('puyou.hi', '', true)"
            )
        )
        assert (await connection.execute(text("select count(*) from bed"))).scalar() == 0
    await engine.dispose()


async def test_an_empty_organisation_matches_nothing(toy: Toy) -> None:
    await toy.beds("nobodys", org="")
    answer = await toy.client.get("/api/toy/beds", headers=toy.headers(Role.INSTITUTION_ADMIN, org=""))
    assert answer.json()["items"] == []


async def test_a_service_whose_own_check_fails_does_not_start(toy: Toy) -> None:
    async def look(unit: UnitOfWork) -> None:
        raise RuntimeError("the database holds what the code cannot serve")

    toy.runtime.spec = dataclasses.replace(toy.runtime.spec, checks=[look])
    with pytest.raises(RuntimeError, match="cannot serve"):
        await toy.runtime.start(works=False)
