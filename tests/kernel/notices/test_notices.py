"""Messages leave after the commit, once, and never to someone who is dead."""

import asyncio
from datetime import date, timedelta

import pytest

from shared import clock, notices
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.db import crash
from shared.db.principals import Role
from shared.notices import Delivery, NoticeWorker, RecordingNotices
from shared.notices.worker import BACK_OFF
from tests.service_fixture import Stand

ANN = "p1" + "a" * 26
BEA = "p1" + "b" * 26
LIUHENG, DONGGANG = "330903100000", "330903003000"
CASE = "c1"
CONFIRMED = DeathConfirmed(death_case_id=CASE, person_id=ANN, death_date=date(2026, 3, 1), confirmed_by=["officer"])
REVOKED = DeathRevoked(death_case_id=CASE, person_id=ANN, reason="本人到场", by=["officer", "reviewer"])


async def write(stand: Stand, person_id: str = ANN, text: str = "您好", area_code: str = "330903100001") -> str:
    async with stand.unit() as unit:
        return await notices.send(unit, person_id=person_id, template="t", text=text, area_code=area_code)


async def states(stand: Stand) -> list[str]:
    return [state for (state,) in await stand.rows("select state from kernel.notice order by id")]


def channel(stand: Stand) -> RecordingNotices:
    assert stand.runtime.notices is not None
    return stand.runtime.notices


async def work(stand: Stand) -> int:
    return await stand.runtime.loops["notices"].work()


async def test_a_message_leaves_after_the_commit_and_once(sender: Stand) -> None:
    notice_id = await write(sender)
    assert channel(sender).sent == []
    assert await work(sender) == 1
    assert channel(sender).sent == [Delivery(notice_id, ANN, "IN_APP", "t", "您好", "")]
    assert await sender.scalar("select sent_at is not null from kernel.notice")
    assert await work(sender) == 0
    assert channel(sender).received == 1


async def test_a_rolled_back_change_says_nothing(sender: Stand) -> None:
    async def change_and_fail() -> None:
        async with sender.unit() as unit:
            await notices.send(unit, person_id=ANN, template="t", text="您好", area_code=LIUHENG)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await change_and_fail()
    assert await work(sender) == 0


async def test_what_is_written_to_the_dead_never_leaves_also_not_after_the_stop_is_lifted(sender: Stand) -> None:
    await sender.hear(CONFIRMED)
    await write(sender)
    await write(sender, BEA)
    assert await states(sender) == ["SUPPRESSED", "PENDING"]
    await sender.settle()
    await sender.hear(REVOKED)
    await write(sender, text="特此致歉")
    await sender.settle()
    assert await states(sender) == ["SUPPRESSED", "SENT", "SENT"]
    assert [(sent.person_id, sent.text) for sent in channel(sender).sent] == [(BEA, "您好"), (ANN, "特此致歉")]


async def test_a_stop_is_looked_for_again_when_the_message_leaves(sender: Stand) -> None:
    await write(sender)
    await sender.hear(CONFIRMED)
    assert await states(sender) == ["SUPPRESSED"]
    assert channel(sender).received == 0


async def test_a_revocation_heard_first_leaves_no_stop_behind(sender: Stand) -> None:
    await sender.hear(REVOKED)
    await sender.hear(CONFIRMED)
    await write(sender)
    await sender.settle()
    assert await states(sender) == ["SENT"]


async def test_each_cause_stops_on_its_own(sender: Stand) -> None:
    async with sender.unit() as unit:
        await notices.stop(unit, ANN, "c1")
        await notices.stop(unit, ANN, "c1")
        await notices.stop(unit, ANN, "c2")
    async with sender.unit() as unit:
        await notices.lift(unit, "c1")
    await write(sender)
    async with sender.unit() as unit:
        await notices.lift(unit, "c2")
    await write(sender)
    assert await states(sender) == ["SUPPRESSED", "PENDING"]


async def test_a_channel_that_is_away_is_tried_again_later(sender: Stand) -> None:
    await write(sender)
    channel(sender).away = True
    now = clock.now()
    with clock.frozen(now):
        assert await work(sender) == 1
        assert await work(sender) == 0
    with clock.frozen(now + BACK_OFF[0]):
        assert await work(sender) == 1
    channel(sender).away = False
    with clock.frozen(now + BACK_OFF[0] + timedelta(minutes=1)):
        assert await work(sender) == 0  # the second wait is longer
    with clock.frozen(now + BACK_OFF[0] + BACK_OFF[1]):
        assert await work(sender) == 1
    assert await states(sender) == ["SENT"]
    assert channel(sender).received == 1


async def test_after_a_crash_the_same_message_is_delivered_under_the_same_id(sender: Stand) -> None:
    await write(sender)

    def die(point: str) -> None:
        if point == "sender.notices:delivered":
            raise crash.Crash

    crash.install(die)
    try:
        with pytest.raises(crash.Crash):
            await work(sender)
    finally:
        crash.install(None)
    assert await states(sender) == ["PENDING"]
    assert await work(sender) == 0  # still leased to the worker that died
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert await work(sender) == 1
    assert channel(sender).received == 2
    assert len(channel(sender).sent) == 1
    assert await states(sender) == ["SENT"]


async def test_two_workers_do_not_deliver_twice(sender: Stand) -> None:
    for number in range(30):
        await write(sender, text=f"第{number}条")
    other = NoticeWorker(sender.runtime.database, channel(sender))
    while sum(await asyncio.gather(work(sender), other.work())):
        pass
    assert channel(sender).received == 30
    assert set(await states(sender)) == {"SENT"}


@pytest.mark.parametrize("text", ["", "字" * 2001, "身份证号330999195001010017", "号码33099919450815009x。"])
async def test_a_text_with_an_id_number_or_of_no_length_is_a_mistake(sender: Stand, text: str) -> None:
    async with sender.unit() as unit:
        with pytest.raises(ValueError, match="without ID numbers"):
            await notices.send(unit, person_id=ANN, template="t", text=text, area_code=LIUHENG)


async def test_a_clerk_may_write_to_someone_elsewhere_and_it_is_in_the_log(sender: Stand) -> None:
    letter = {"personId": BEA, "areaCode": DONGGANG, "text": "请来领取证明"}
    sent = await sender.client.post(
        "/api/sender/letters", json=letter, headers=sender.headers(Role.TOWN_CLERK, LIUHENG)
    )
    assert sent.status_code == 201
    await sender.settle()
    assert [delivery.person_id for delivery in channel(sender).sent] == [BEA]
    detail = await sender.scalar("select detail from kernel.audit where action = 'sender:write'")
    assert detail == {"elevated": ["send a notice"]}


async def test_everyone_reads_the_messages_of_her_own_rows(sender: Stand) -> None:
    await write(sender, ANN, "给甲", "330903100001")
    await write(sender, ANN, "再给甲", "330903100001")
    await write(sender, BEA, "给乙", "330903003001")
    await sender.settle()

    async def read(role: Role, area: str = "", query: str = "", person: str = "") -> list[str]:
        headers = sender.headers(role, area, person=person)
        answer = await sender.client.get(f"/api/sender/notices?total=true{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == len(answer.json()["items"])
        return [item["text"] for item in answer.json()["items"]]

    assert await read(Role.RESIDENT, person=ANN) == ["再给甲", "给甲"]
    assert await read(Role.RESIDENT, person=BEA) == ["给乙"]
    assert await read(Role.TOWN_CLERK, LIUHENG) == ["再给甲", "给甲"]
    assert await read(Role.TOWN_CLERK, DONGGANG) == ["给乙"]
    assert await read(Role.TOWN_CLERK, LIUHENG, f"&personId={BEA}") == []
    assert await read(Role.DISTRICT_OFFICER, "330903000000") == ["给乙", "再给甲", "给甲"]
    assert await read(Role.RESIDENT) == []
    refused = await sender.client.get("/api/sender/notices", headers=sender.headers(Role.INSTITUTION_ADMIN, org="o1"))
    assert refused.status_code == 403
