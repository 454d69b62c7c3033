"""Parked events from the command line: a process of its own, under the service's own login, beside a worker.

Most commands here are forked where everything is imported already; `anew` starts one as somebody at the machine would.
"""

import asyncio
import os
import pwd
import secrets
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import URL

from shared import clock
from shared.db.migrate import bootstrap
from shared.events.transport import UNREADABLE, Message
from shared.security.keys import Keyring
from shared.service import Part
from suite import servers
from tests.broker import eventually
from tests.kernel.conftest import SYSTEM, Toy, running
from tests.kernel.toy.app import BedClaimed, poison, seen
from tests.kernel.toy.forked import run_forked

ROOT = Path(__file__).resolve().parents[2]
PERSON = "p1" + "a" * 26


class Said(NamedTuple):
    code: int
    out: str
    err: str


class CommandLine:
    """`python -m tests.kernel.toy parked …`."""

    def __init__(self, admin: URL, prefix: str, home: Path) -> None:
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "LOGNAME": "somebody else",
            "PUYOU_ENV": "test",
            "PUYOU_HOME": str(home),
            "PUYOU_DATABASE_HOST": admin.host or "",
            "PUYOU_DATABASE_PORT": str(admin.port),
            "PUYOU_DATABASE_PREFIX": prefix,
            "PUYOU_DATABASE_PASSWORD": "pw",
            "PUYOU_KEYS_FILE": str(home / "toy.json"),
        }

    async def __call__(self, *arguments: str, **changed: str) -> Said:
        return Said(*await asyncio.to_thread(run_forked, arguments, self.environment | changed, self.home))

    async def anew(self, *arguments: str) -> Said:
        """The same from the very beginning."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.kernel.toy", *arguments),
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return Said(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
async def worker(admin: URL, toy_databases: str) -> AsyncIterator[Toy]:
    name = f"{toy_databases}{secrets.token_hex(2)}"
    await bootstrap(admin, name, ["toy"], "pw", template=toy_databases)
    try:
        async with running(name, admin, part=Part.WORKER) as worker:
            yield worker
    finally:
        await servers.drop(admin, name, ["toy"])


@pytest.fixture
def command(admin: URL, worker: Toy, tmp_path: Path) -> CommandLine:
    Keyring.generate(dev=True).for_service("toy", seals_audit=True).to_new_file(tmp_path / "toy.json")
    return CommandLine(admin, worker.runtime.settings.database_prefix, tmp_path)


async def park(worker: Toy, *person_ids: str) -> list[str]:
    """Events about these persons fail until they are parked; their ids."""
    poison.update(person_ids)
    async with worker.runtime.database.unit(SYSTEM, "test") as unit:
        for person_id in person_ids:
            for bed_id in ("1", "2"):
                unit.emit(BedClaimed(bed_id=bed_id, person_id=person_id), area_code="330903100001")
    await worker.settle()
    for minutes in (1, 2, 5, 30):
        clock.shift(timedelta(minutes=minutes))
        await worker.settle()
    clock.reset()
    ids = await worker.scalar("select array_agg(id order by seq) from kernel.inbox where state = 'parked'")
    assert isinstance(ids, list)
    assert len(ids) == len(person_ids)
    return ids


async def test_a_parked_event_is_listed_with_its_reason_and_replayed_after_the_fix(
    worker: Toy, command: CommandLine
) -> None:
    assert await command("parked") == (0, "没有停放的事件 / nothing is parked\n", "")
    [event_id] = await park(worker, PERSON)
    for loop in worker.runtime.loops.values():
        loop.poll_seconds = 3600.0  # what happens now happens because it was rung for
    await worker.runtime.start()
    await asyncio.sleep(1)

    listed = await command("parked", "list")
    assert (listed.code, listed.err) == (0, "")
    head, row, reason = listed.out.splitlines()
    assert head.split() == ["编号", "id", "类型", "type", "流", "stream", "次数", "tries", "收到", "received"]
    assert row.split()[:4] == [event_id, "toy.bed.claimed.v1", "toy|p1***", "5"]
    assert reason == "    原因 reason: RuntimeError: poisoned"
    full = await command("parked", "list", "--full")
    assert "Traceback" in full.out
    assert PERSON not in listed.out + full.out

    poison.clear()
    began = asyncio.get_running_loop().time()
    replayed = await command.anew("parked", "replay", event_id)
    assert replayed == (0, "重新处理 / replayed: 1\n", "")
    await eventually(lambda: seen == [(PERSON, "1"), (PERSON, "2")], seconds=10)
    assert asyncio.get_running_loop().time() - began < 30
    assert await worker.scalar("select count(*) from kernel.blocked_stream") == 0

    login = pwd.getpwuid(os.getuid()).pw_name
    who = await worker.scalar(
        "select account_id || ' ' || role || ' ' || (detail ->> 'os_user') || ' ' || (detail ->> 'events')"
        " from kernel.audit where action = 'toy.command-line:replay_parked_event'"
    )
    assert who == f'system:toy.command-line.{login} SYSTEM {login} ["{event_id}"]'
    lists = await worker.scalar("select count(*) from kernel.audit where action like '%list_parked_event'")
    assert lists == 3


async def test_all_parked_events_go_again_at_once_but_not_what_is_no_event(worker: Toy, command: CommandLine) -> None:
    await park(worker, "one", "two")
    name = f"{UNREADABLE}:1"
    await worker.runtime.inbox.receive([Message(name, UNREADABLE, name, "?", fault="no envelope: id missing")])
    assert "原因 reason: no envelope: id missing" in (await command("parked")).out
    poison.clear()

    refused = await command("parked", "replay", name)
    assert (refused.code, refused.out) == (1, "")
    assert "unreadable_event" in refused.err
    assert (await command("parked", "replay", "all")).out == "重新处理 / replayed: 2\n"
    await worker.settle()
    assert sorted(seen) == [(who, bed) for who in ("one", "two") for bed in ("1", "2")]

    assert await command("parked", "discard", name) == (0, f"已弃置 / discarded: {name}\n", "")
    assert "not_found" in (await command("parked", "discard", name)).err
    assert (await command("parked")).out == "没有停放的事件 / nothing is parked\n"


async def test_an_event_cannot_be_discarded(worker: Toy, command: CommandLine) -> None:
    [event_id] = await park(worker, "one")
    refused = await command("parked", "discard", event_id)
    assert (refused.code, refused.out) == (1, "")
    assert await worker.scalar("select state from kernel.inbox where id = :id", id=event_id) == "parked"


async def test_what_cannot_be_done_says_why_and_leaves_with_1_or_2(command: CommandLine) -> None:
    assert (await command("parked", "replay", "no-such-event")).code == 1
    assert (await command.anew("parked", "replay", "no-such-event")).code == 1
    assert (await command("parked", "replay")).code == 2
    assert (await command("parked", "burn", "1")).code == 2
    assert (await command.anew("parked", "burn", "1")).code == 2
    assert (await command("nothing")).code == 2
    away = await command("parked", PUYOU_DATABASE_PORT="1")
    assert (away.code, away.out, away.err.count("\n")) == (1, "", 1)
    keyless = await command("parked", PUYOU_KEYS_FILE="nowhere.json")
    assert (keyless.code, keyless.out, keyless.err.count("\n")) == (1, "", 1)
    wrong = await command("parked", PUYOU_DATABASE_PREFIX="nobody")
    assert (wrong.code, wrong.out, wrong.err.count("\n")) == (1, "", 1)
