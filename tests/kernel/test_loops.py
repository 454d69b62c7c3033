"""Loops go on, whatever their work raises."""

import asyncio
import logging

import asyncpg
import pytest

from shared.db.problems import Unavailable
from shared.events import loops
from shared.events.loops import Loop
from tests.broker import eventually


async def test_a_loop_says_once_that_its_database_is_away(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "_WAIT_AFTER_ERROR", 0.001)
    away, starting = Unavailable("database_away"), asyncpg.CannotConnectNowError("the database system is starting up")
    outcomes = [away, away, starting, 0, away, ValueError("broken"), 0]
    worked: list[object] = []

    async def work() -> int:
        outcome = outcomes[len(worked)] if len(worked) < len(outcomes) else 0
        worked.append(outcome)
        if isinstance(outcome, Exception):
            raise outcome
        return 0

    loop = Loop("toy.inbox", work, 0.001)
    loop.start()
    await eventually(lambda: len(worked) > len(outcomes))
    await loop.stop()

    said = [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "puyou.loops"]
    assert said == [(logging.WARNING, "loop waits"), (logging.WARNING, "loop waits"), (logging.ERROR, "loop failed")]


async def test_only_a_full_round_is_followed_by_another_at_once() -> None:
    rounds = iter([5, 4, 3])
    worked: list[int] = []

    async def work() -> int:
        worked.append(next(rounds))
        return worked[-1]

    loop = Loop("toy.inbox", work, 3600.0, batch=4)
    loop.start()
    await eventually(lambda: worked == [5, 4, 3])
    await loop.stop()


async def test_a_patient_loop_does_a_bunch_in_one_round() -> None:
    came, done = 0, []

    async def work() -> int:
        done.append(came)
        return 0

    loop = Loop("toy.calls", work, 3600.0, patience_seconds=0.2)
    loop.start()
    await eventually(lambda: done == [0])
    for _ in range(3):
        came += 1
        loop.wake()
        await asyncio.sleep(0.01)
    await eventually(lambda: len(done) > 1)
    await loop.stop()
    assert done == [0, 3]
