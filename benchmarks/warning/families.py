"""Families of the nightly run: made by the server itself, a third of them with something to find."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg
from sqlalchemy import URL

from services.relief.app import SPEC
from services.relief.warnings import nightly
from services.relief.warnings.tables import WarningRun
from shared.db.database import Database
from shared.db.migrate import database_name
from shared.db.principals import system_principal
from shared.security.keys import Keyring
from shared.service import database_of
from shared.settings import Settings
from suite import servers
from suite.postgres import EmbeddedPostgres

PREFIX, PASSWORD = "warn", "warn"
DAY = date(2026, 6, 10)
_A_FAMILY = 2.5
"""Persons."""

_FILL = """
create function pg_temp.id(kind text, n bigint) returns text language sql immutable as
    $$ select kind || lpad(n::text, 12, '0') $$;
insert into household (id, area_code, registered_area, applicant_id, created_at, version)
    select pg_temp.id('h', n), a, a, '', now(), 1
    from (select n, '330903' || lpad((1 + n % 9)::text, 3, '0') || lpad((200 + n % 30)::text, 3, '0') as a
        from generate_series(1, {families}) n) x;
insert into member (id, household_id, person_id, area_code, relation, birth, labour, valid_from, leave_reason,
        viewer_id)
    select pg_temp.id('m', n), h.id, pg_temp.id('p', n), h.area_code, 'OTHER',
        date '1940-01-01' + (n::bigint * 7919 % 29000)::int, case n % 5 when 0 then 'NONE' else 'FULL' end,
        date '2020-01-01', '', pg_temp.id('p', n)
    from generate_series(1, {persons}) n
    join household h on h.id = pg_temp.id('h', 1 + (n * 2 / 5) % {families});
insert into benefit_case (id, household_id, area_code, kind, state, review_class, applicant_id, decision_id, from_month,
        closed_from, close_reason, answered, opened_at, seq, version)
    select pg_temp.id('c', n), pg_temp.id('h', n), '330903001200', 'MARGINAL',
        case when n % 20 = 0 then 'CLOSED' else 'ACTIVE' end, 'B', '', '', date '2020-01-01',
        case when n % 20 = 0 then date '2026-03-01' end, '', '{{}}', now(), 0, 1
    from generate_series(1, {families}) n where n % 4 = 0;
insert into family_fact (id, household_id, area_code, person_id, kind, since, source, source_ref, recorded_by,
        recorded_at, withdrawn_by)
    select pg_temp.id('f', m.n), m.household_id, m.area_code, m.person_id,
        (array['JOBLESS', 'NEW_DISABILITY', 'UNPAID_FEES', 'MAIN_EARNER'])[1 + m.n % 4],
        date '2026-01-01' - (m.n % 300)::int, 'x', '', 'x', now(), ''
    from (select *, substr(id, 2)::bigint as n from member) m where m.n % 7 = 0;
insert into family_fact (id, household_id, area_code, person_id, kind, since, source, source_ref, recorded_by,
        recorded_at, withdrawn_by)
    select pg_temp.id('g', n), pg_temp.id('h', n), '330903001200', '',
        (array['DISASTER', 'HARDSHIP_CALL', 'NO_FOOD'])[1 + n % 3], date '2026-05-01', 'x', '', 'x', now(), ''
    from generate_series(1, {families}) n where n % 40 = 0;
insert into medical_bill (id, person_id, household_id, area_code, bill_no, settled_on, person_class, total_fen,
        out_of_scope_fen, basic_fen, serious_fen, assistance_fen, supplementary_fen, own_fen, year_total_fen,
        year_out_of_scope_fen, rule_version, parameter_set, recorded_by, recorded_at, cancelled_by)
    select pg_temp.id('b', m.n * 4 + k), m.person_id, m.household_id, m.area_code, pg_temp.id('b', m.n * 4 + k),
        date '2025-03-01' + ((m.n + k * 100) % 450)::int, 'GENERAL', own, 0, 0, 0, 0, 0, own, 0, 0, 1, '',
        'x', now(), ''
    from (select *, substr(id, 2)::bigint as n from member) m
    cross join generate_series(1, 3) k
    cross join lateral (select (m.n * 31 % 1200000)::bigint as own) o where m.n % 10 = 0;
insert into visit (id, household_id, area_code, kind, cause, person_id, state, planned_at, window_from, due_on,
        helper_id, met, remote_reason, answered, needs, faults, done_by, remark, version)
    select pg_temp.id('v', n), pg_temp.id('h', n), '330903001200', 'CARE', 'x', '',
        case when n % 10 = 0 then 'MISSED' else 'PLANNED' end, now(), date '2026-01-01', date '2026-04-01', '', '', '',
        0, '{{}}', '{{}}', '', '', 1
    from generate_series(1, {families}) n where n % 2 = 0;
insert into kernel.effect (id, cause, kind, object_kind, object_id, person_id, area_code, org_id, from_date, payload,
        created_at)
    select pg_temp.id('e', n), 'x', 'deceased', 'person', pg_temp.id('p', n), pg_temp.id('p', n), '330903001200', '',
        date '2026-02-01', '{{}}', now()
    from generate_series(1, {persons}) n where n % 50 = 0;
create schema bare;
"""
# The net below the household's lock is not under test here, and takes two minutes to fill.
_WITHOUT_NET = "alter table member drop constraint ex_member_person"
_WRITTEN = ("family_level", "warning", "warning_change", "kernel.timer", "kernel.outbox")
_FORGET = f"truncate {', '.join(_WRITTEN)}, warning_run, kernel.inbox"
_FINISH = tuple(
    statement
    for table in _WRITTEN
    for name in [table.rpartition(".")[2]]
    for statement in (
        f"create table if not exists bare.{name} (like {table} including all)",
        f"truncate bare.{name}",
        f"drop table if exists bare.finished_{name}",
        f"create table bare.finished_{name} as select * from {table}",  # noqa: S608 - our own names
        f"analyze bare.finished_{name}",
    )
)
# Everything the night reads, once; of every family its finished row.
_SCAN = """
insert into bare.family_level
select l.* from bare.finished_family_level l
join household h on h.id = l.household_id
join (
    select household_id, count(*), max(birth), max(valid_to), max(labour) from member
    where household_id >= $1 and household_id <= $2 group by household_id
) m on m.household_id = h.id
left join (
    select household_id, count(*), max(since) from family_fact where household_id >= $1 and household_id <= $2
    group by household_id
) f on f.household_id = h.id
left join (
    select household_id, count(*), max(closed_from) from benefit_case
    where household_id >= $1 and household_id <= $2 group by household_id
) c on c.household_id = h.id
left join (
    select household_id, count(*), max(due_on) from visit where household_id >= $1 and household_id <= $2
    group by household_id
) v on v.household_id = h.id
left join (
    select m.household_id, sum(b.own_fen), max(b.settled_on) from member m
    join medical_bill b on b.person_id = m.person_id where m.household_id >= $1 and m.household_id <= $2
    group by m.household_id
) b on b.household_id = h.id
left join (
    select m.household_id, min(e.from_date) from member m
    join kernel.effect e on e.object_kind = 'person' and e.object_id = m.person_id
    where m.household_id >= $1 and m.household_id <= $2 group by m.household_id
) e on e.household_id = h.id
where h.id >= $1 and h.id <= $2 and l.household_id >= $1 and l.household_id <= $2
  and coalesce(m.count + f.count + c.count + v.count + b.sum, 0) >= 0 and e.min is distinct from '1900-01-01'
"""
_COPY = tuple(
    f"insert into bare.{name} overriding system value select * from bare.finished_{name}"  # noqa: S608 - our own names
    for name in (table.rpartition(".")[2] for table in _WRITTEN[1:])
)
_RANGE = "select min(id), max(id) from (select id from household where id > $1 order by id limit $2) part"


@dataclass
class Place:
    """The filled database: as its owner sees it, and as the service does."""

    owner: "asyncpg.Connection[asyncpg.Record]"
    database: Database

    async def night(self, day: date) -> WarningRun:
        """The whole run of a night, as the inbox would work it off."""
        who = system_principal("relief.reactions")
        async with self.database.unit(who, "night", worker=True) as unit:
            run = await nightly.start(unit, day)
        while run.ended_at is None:
            async with self.database.unit(who, "night", worker=True) as unit:
                run = await nightly.go_on(unit, run.id)
        return run

    async def finish(self) -> None:
        """Set aside what a night has written, and empty tables like those it went to."""
        for statement in _FINISH:
            await self.owner.execute(statement)
        await self.owner.execute("checkpoint")

    async def scan_and_write(self) -> None:
        """The least there is to do: what the night reads is read, a family's finished row written, by the same key
        ranges; then what else it wrote is copied."""
        reached = ""
        while True:
            found = await self.owner.fetchrow(_RANGE, reached, nightly.RANGE)
            assert found is not None
            first, upto = found
            if upto is None:
                break
            await self.owner.execute(_SCAN, first, upto)
            reached = upto
        for statement in _COPY:
            await self.owner.execute(statement)

    async def forget(self) -> None:
        """As before the first night."""
        await self.owner.execute(_FORGET)
        await self.owner.execute("vacuum analyze family_level")
        await self.owner.execute("checkpoint")

    async def levels(self) -> str:
        """How many of each."""
        rows = await self.owner.fetch("select level, count(*) from family_level group by level order by 2")
        return ", ".join(f"{count:,} {level}" for level, count in rows)


@asynccontextmanager
async def filled(folder: Path, persons: int) -> AsyncIterator[Place]:
    """A server with so many persons."""
    with EmbeddedPostgres(folder / "postgres") as address:
        admin = URL.create(
            "postgresql+asyncpg", address.superuser, address.password, address.host, address.port, "postgres"
        )
        await servers.prepare(admin, PREFIX, [SPEC], PASSWORD)
        owner = await asyncpg.connect(
            host=address.host,
            port=address.port,
            user=address.superuser,
            password=address.password,
            database=database_name(PREFIX, SPEC.name),
        )
        await owner.execute(_WITHOUT_NET)
        await owner.execute(_FILL.format(families=int(persons / _A_FAMILY), persons=persons))
        await owner.execute("vacuum analyze")
        await owner.execute("set plan_cache_mode = force_custom_plan")
        settings = Settings(
            env="prod",
            database_prefix=PREFIX,
            database_host=address.host,
            database_port=address.port,
            database_password=PASSWORD,
        )
        database = database_of(SPEC, settings, SPEC.keys_from(Keyring.generate(dev=False)))
        try:
            yield Place(owner, database)
        finally:
            await database.close()
            await owner.close()
