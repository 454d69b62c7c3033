"""Events: nothing lost, nothing twice, in order per subject; a failure blocks its subject only, and visibly."""

from datetime import timedelta

import pytest

from shared import clock
from shared.db import crash
from shared.db.principals import Role
from tests.kernel.conftest import SYSTEM, Toy
from tests.kernel.toy.app import BedClaimed, poison, seen

on_both = pytest.mark.parametrize("toy", ["local", pytest.param("rabbit", marks=pytest.mark.broker)], indirect=True)


async def emit(toy: Toy, *pairs: tuple[str, str]) -> None:
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        for person_id, bed_id in pairs:
            unit.emit(BedClaimed(bed_id=bed_id, person_id=person_id), area_code="330903100001")


@on_both
async def test_a_poisoned_event_blocks_only_its_subject_is_parked_and_replayed(toy: Toy) -> None:
    poison.add("bad")
    await emit(toy, ("bad", "1"), ("good", "1"), ("bad", "2"), ("good", "2"))
    await toy.settle()
    assert seen == [("good", "1"), ("good", "2")]
    for minutes in (1, 2, 5, 30):
        clock.shift(timedelta(minutes=minutes))
        await toy.settle()
    headers = toy.headers(Role.SYSTEM_ADMIN)
    parked = (await toy.client.get("/api/toy/operations/parked", headers=headers)).json()["items"]
    assert [(event["type"], event["attempts"]) for event in parked] == [("toy.bed.claimed.v1", 5)]
    assert "poisoned" in parked[0]["error"]
    assert await toy.scalar("select count(*) from kernel.blocked_stream") == 1

    poison.clear()
    replayed = await toy.client.post(f"/api/toy/operations/parked/{parked[0]['id']}/replay", headers=headers)
    assert replayed.json() == {"replayed": 1}
    await toy.settle()
    assert seen[2:] == [("bad", "1"), ("bad", "2")]
    assert await toy.scalar("select count(*) from kernel.blocked_stream") == 0


SENDING_AND_WORKING = (
    "toy.relay:before_commit",
    "toy.relay:published",
    "toy.inbox:batch:before_commit",
    "toy.inbox:batch:after_commit",
)
RECEIVING = ("toy.inbox:receive:before_commit", "toy.inbox:receive:after_commit")


@pytest.mark.parametrize(
    ("toy", "point"),
    [
        *(("local", point) for point in (*SENDING_AND_WORKING, *RECEIVING)),
        # the receiving end of a broker is a task of its own: see tests/kernel/rabbit
        *(pytest.param("rabbit", point, marks=pytest.mark.broker) for point in SENDING_AND_WORKING),
    ],
    indirect=["toy"],
)
async def test_a_crash_at_any_boundary_loses_and_doubles_nothing(toy: Toy, point: str) -> None:
    await emit(toy, *[(f"p{number % 5}", str(number)) for number in range(40)])
    hits = iter(range(1000))

    def die(reached: str) -> None:
        if reached == point and next(hits) == 0:
            raise crash.Crash(point)

    crash.install(die)
    try:
        with pytest.raises(crash.Crash):
            await toy.settle()
    finally:
        crash.install(None)
    done_before = int(str(await toy.scalar("select count(*) from kernel.inbox where state = 'done'")))
    await toy.settle()
    assert await toy.scalar("select count(*) from kernel.inbox where state = 'done'") == 40
    assert await toy.scalar("select count(*) from kernel.outbox where sent_at is null") == 0
    # an effect in the database is done once; the list in memory also remembers what a crash rolled back
    audited = await toy.scalar("select count(*) from kernel.audit where action = 'toy.inbox:toy.bed.claimed.v1'")
    assert audited == 40
    assert done_before <= 40
    for person in range(5):
        kept = [int(bed) for who, bed in seen if who == f"p{person}"]
        assert kept[-8:] == sorted(kept[-8:])


async def test_a_timer_fires_once_when_due(toy: Toy) -> None:
    await toy.beds("b1")
    await toy.client.post("/api/toy/beds/b1/claims", json={"personId": "p1"}, headers=toy.headers(Role.TOWN_CLERK))
    alarm = toy.runtime.loops["alarm"]
    assert await alarm.work() == 0
    clock.shift(timedelta(days=1, seconds=1))
    assert await alarm.work() == 1
    assert await alarm.work() == 0
    await toy.settle()
    assert ("timer", "b1") in seen


@on_both
async def test_a_revoked_session_is_refused(toy: Toy) -> None:
    from shared.contracts.brain import SessionRevoked

    headers = toy.headers(Role.TOWN_CLERK, account="a9")
    assert (await toy.client.get("/api/toy/beds", headers=headers)).status_code == 200
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        until = clock.now() + timedelta(minutes=5)
        unit.emit(SessionRevoked(session_id="s-a9", account_id="a9", until=until), area_code="330903000000")
    await toy.settle()
    refused = await toy.client.get("/api/toy/beds", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "session_revoked")
    assert (await toy.client.get("/api/toy/beds", headers=toy.headers(Role.TOWN_CLERK))).status_code == 200
