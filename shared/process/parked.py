"""`python -m services.<name> parked …`: the events that wait for a human, for whoever sits at the machine.

It needs what an api process needs: the service's own login and key file. What it does stands in the service's audit
log under `system:<name>.command-line.<who ran it>`. No id of a person is printed.
"""

import argparse
import os
import pwd
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError

from shared.clock import SHANGHAI
from shared.db.database import Database, as_problem
from shared.db.principals import Principal, system_principal
from shared.db.problems import Problem
from shared.events import parked
from shared.events.bell import ring
from shared.ids import without_persons
from shared.security.keys import KeysUnusableError, ServiceKeys
from shared.service import ServiceSpec, database_of
from shared.settings import Settings

_DATABASE = (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError)
_MOST = 200
_HEADS = ("编号 id", "类型 type", "流 stream", "次数 tries", "收到 received")


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """The verbs and what they take."""
    parser.set_defaults(full=False)
    verbs = parser.add_subparsers(dest="verb")
    listing = verbs.add_parser("list", help="列出 / what is parked and why (the default)")
    listing.add_argument("--full", action="store_true", help="原因全文 / the whole reason, not only its last line")
    replaying = verbs.add_parser("replay", help="重新处理 / let one event go again, or all")
    replaying.add_argument("event", metavar="id|all")
    discarding = verbs.add_parser("discard", help="弃置 / put away a message that is no event")
    discarding.add_argument("event", metavar="id")


async def attend(spec: ServiceSpec, settings: Settings, chosen: argparse.Namespace) -> int:
    """Do the verb; the exit code."""
    try:
        keys = ServiceKeys.load(settings.keys_path(spec.name), dev=settings.is_dev)
        lines = await _done(database_of(spec, settings, keys), chosen)
    except (Problem, KeysUnusableError, *_DATABASE) as error:
        problem = as_problem(error)
        words = f"{problem.detail} ({problem.code})" if problem else " ".join(without_persons(str(error)).split())
        sys.stderr.write(f"未能完成 / not done: {words}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


async def _done(database: Database, chosen: argparse.Namespace) -> list[str]:
    database.finishers.append(ring)  # the worker is another process
    try:
        await database.check_login()
        return await _lines(database, chosen)
    finally:
        await database.close()


async def _lines(database: Database, chosen: argparse.Namespace) -> list[str]:
    verb = chosen.verb or "list"
    name = f"{database.service}.command-line:{verb}_parked_event"
    login, principal = _who(database.service)
    async with database.unit(principal, name) as unit:
        unit.note(detail={"os_user": login})
        if verb == "list":
            rows, count = await parked.oldest(unit, _MOST)
            unit.note(count=len(rows))
            return _listed(rows, count, full=chosen.full)
        if verb == "discard":
            await parked.discard(unit, chosen.event)
            return [f"已弃置 / discarded: {chosen.event}"]
        ids = await parked.replay(unit, None if chosen.event == "all" else chosen.event)
        unit.note(count=len(ids))
        return [f"重新处理 / replayed: {len(ids)}"]


def _who(service: str) -> tuple[str, Principal]:
    """Who owns this process, whatever the environment says. A principal's name holds plain characters only."""
    number = os.getuid()
    try:
        login = pwd.getpwuid(number).pw_name
    except KeyError:  # usual in containers
        login = str(number)
    plain = login if login.isascii() and login.isalnum() else str(number)
    return login, system_principal(f"{service}.command-line.{plain}")


def _listed(rows: Sequence[Any], count: int, *, full: bool) -> list[str]:
    if not count:
        return ["没有停放的事件 / nothing is parked"]
    table = [_HEADS, *(_cells(row) for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    padded = ["  ".join(c + " " * (w - _width(c)) for c, w in zip(cells, widths, strict=True)) for cells in table]
    lines = [padded[0].rstrip()]
    for row, cells in zip(rows, padded[1:], strict=True):
        reason = without_persons((row.error or "").strip()).splitlines() or ["?"]
        lines += [cells.rstrip(), *(f"    原因 reason: {line}" for line in reason[0 if full else -1 :])]
    if count > len(rows):
        lines.append(f"共 {count} 条，只列出最早的 {len(rows)} 条 / {count} in all, the oldest {len(rows)} are shown")
    return lines


def _cells(row: Any) -> tuple[str, ...]:
    received = row.received_at.astimezone(SHANGHAI).isoformat(" ", "seconds")
    return tuple(map(without_persons, (row.id, row.type, row.stream, str(row.attempts), received)))


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
