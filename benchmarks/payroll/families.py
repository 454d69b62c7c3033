"""A million households on 低保 in relief's own tables, entered by the server itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Self

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.relief.app import SPEC
from services.relief.benefits.due import SCHEME_OF as SCHEMES
from services.relief.benefits.rates import keep_rates
from shared.db.database import Database
from shared.db.migrate import database_name
from shared.db.principals import system_principal
from shared.security.keys import Keyring
from shared.service import database_of
from shared.settings import Settings
from suite import servers
from suite.postgres import Address

__all__ = ["AREA", "MONTH", "SCHEMES", "Place", "fill"]

AREA = "330903000000"
MONTH = date(2026, 10, 1)
_PREFIX = "payroll"
_PASSWORD = "payroll"  # noqa: S105 - of a server that lives as long as the benchmark
_PART = 100_000

# Of three households one has one member, one two, one three; every tenth has a severely disabled one, every fourth
# an old one; one in fifty has too much to be due anything.
_ROWS = (
    """create temporary table family as
        select n, '01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') as id,
            '330903' || (array['001', '003', '004', '100', '102'])[1 + n % 5] || (200 + n % 30) as area
        from generate_series({first}, {last}) n""",
    """insert into household (id, area_code, registered_area, applicant_id, created_at, version)
        select id, area, area, 'p1' || lpad(n::text, 25, '0') || '1', now(), 1 from family""",
    """insert into member (id, household_id, person_id, area_code, relation, birth, labour, valid_from, leave_reason,
            viewer_id)
        select id || k, id, 'p1' || lpad(n::text, 25, '0') || k, area, case k when 1 then 'SELF' else 'CHILD' end,
            date '1950-01-01' + (n % 4 * 7300 + k * 900), 'FULL', '2024-01-01', '', 'p1' || lpad(n::text, 25, '0') || k
        from family, generate_series(1, 1 + n % 3) k""",
    """insert into member_condition (id, member_id, household_id, area_code, kind, from_month)
        select id || 'c', id || '1', id, area, 'SEVERE_DISABILITY', '2024-01-01' from family where n % 10 = 0""",
    """insert into income (household_id, area_code, from_month, monthly_fen, source, decision_id, remark, recorded_by,
            recorded_at)
        select id, area, '2024-01-01', case n % 50 when 0 then 900000 else n % 997 * 100 end, 'INTAKE', '', '', '',
            now() from family""",
    """insert into kernel.entitlement (id, scheme, person_id, household_id, org_id, area_code, account_id, from_month,
            decision_id, created_at)
        select id, 'dibao', 'p1' || lpad(n::text, 25, '0') || '1', id, '', area, id, '2024-01-01', id, now()
        from family""",
    """insert into benefit_case (id, household_id, area_code, kind, state, review_class, applicant_id, entitlement_id,
            decision_id, from_month, close_reason, answered, opened_at, seq, version)
        select id, id, area, 'DIBAO', 'ACTIVE', 'B', 'p1' || lpad(n::text, 25, '0') || '1', id, id, '2024-01-01', '',
            '{{}}', now(), 0, 1 from family""",
    "drop table family",
)
# The net below the household's lock is not under test here, and takes two minutes to fill.
_WITHOUT_NET = "alter table member drop constraint ex_member_person"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is."""

    admin: URL

    @classmethod
    def of(cls, address: Address) -> Self:
        return cls(
            URL.create(
                "postgresql+asyncpg", address.superuser, address.password, address.host, address.port, "postgres"
            )
        )

    @asynccontextmanager
    async def administrator(self) -> AsyncIterator[AsyncConnection]:
        """Relief's database past all scopes, each statement for itself."""
        name = database_name(_PREFIX, SPEC.name)
        engine = create_async_engine(self.admin.set(database=name), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            yield connection
        await engine.dispose()


async def fill(place: Place, households: int) -> Database:
    """Make relief's database and its families."""
    await servers.prepare(place.admin, _PREFIX, [SPEC], _PASSWORD)
    async with place.administrator() as connection:
        await connection.execute(text(_WITHOUT_NET))
        for first in range(1, households + 1, _PART):
            for statement in _ROWS:
                span = {"first": first, "last": min(first + _PART - 1, households)}
                await connection.execute(text(statement.format(**span)))
        await connection.execute(text("vacuum analyze"))
        await connection.execute(text("checkpoint"))
    keys = Keyring.generate(dev=True).for_service(SPEC.name, derives_person_ids=True, seals_audit=True)
    settings = Settings(
        env="prod",
        database_prefix=_PREFIX,
        database_host=place.admin.host or "",
        database_port=place.admin.port or 0,
        database_password=_PASSWORD,
    )
    database = database_of(SPEC, settings, keys)
    async with database.unit(system_principal("benchmark"), "rates", worker=True) as unit:
        await keep_rates(unit)
    return database
