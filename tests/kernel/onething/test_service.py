"""Matters on PostgreSQL: one wins, what follows starts by itself, time does its part once, rows keep to their own."""

import asyncio
import time
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlmodel import col

from shared import clock
from shared.china import working_days
from shared.china.holiday_notices import Notice
from shared.db.problems import Conflict, Forbidden, Invalid, NotFound
from shared.onething import actions as act
from shared.onething.actions import Outcome
from shared.onething.fold import state as fold_state
from shared.onething.presenting import tasks_for, timeline
from shared.onething.problems import DefinitionChanged
from shared.onething.reading import parse
from shared.onething.state import TaskStatus
from shared.onething.store import tasks_query
from shared.onething.tables import MatterTask
from tests.kernel.conftest import Toy
from tests.kernel.onething.conftest import CLERK, DAUGHTER, NEIGHBOUR, STRANGER, World, make_world
from tests.kernel.onething.examples import after_death, moving

pytestmark = pytest.mark.db

SERVICES = ("brain", "eldercare", "relief", "charity")


async def test_confirmation_sends_the_calls_and_waits_for_the_answers(world: World):
    state = await world.confirmed("m1", contributing=False)
    assert {call.split("/")[1].split(":")[0] for call in world.calls} == {
        *("T02", "T06", "T07", "T08", "T09", "T24", "T26"),
    }
    assert state.tasks["T06"].status is TaskStatus.SENT
    assert state.status == "TASKS_RUNNING"
    assert ("T01", "DONE") in world.changes
    assert ("T25", "SKIPPED") in world.changes
    for service in SERVICES:
        async with world.unit() as unit:
            await world.engine.answer(unit, "m1", f"{service}.death.settled.v1", [])
    found = await world.state("m1")
    assert all(found.tasks[task].status is TaskStatus.DONE for task in ("T11", "T12", "T15", "T21", "T23"))


async def test_what_is_stored_is_the_history_and_its_projection(world: World):
    await world.confirmed("m1", contributing=False)
    await world.act(CLERK, "m1", act.completed, "T13", result={"stopMonth": "2025-05"})
    found = await world.state("m1")
    seqs = [
        row[0] for row in await world.rows("select seq from kernel.matter_action where matter_id = 'm1' order by seq")
    ]
    assert seqs == list(range(1, found.actions + 1))
    rows = await world.rows("select task_id, status, due_at, mandatory, needs_human from kernel.matter_task")
    assert {row.task_id: row.status for row in rows} == {task.id: task.status.value for task in found.tasks.values()}
    assert {row.task_id: row.due_at for row in rows} == {
        task.id: task.due.at if task.due else None for task in found.tasks.values()
    }
    matter = (await world.rows("select * from kernel.matter"))[0]
    assert (matter.status, matter.actions) == ("TASKS_RUNNING", found.actions)
    assert (matter.mandatory_done, matter.mandatory_total) == (2, 11)
    async with world.unit() as unit:
        history = await world.engine.history(unit, "m1")
    assert fold_state(history, after_death(), clock.now()).tasks["T13"].settled_by == "clerk"


async def test_steps_of_one_unit_follow_each_other_also_after_a_refused_one(world: World):
    await world.confirmed("m1")
    async with world.unit() as unit:
        for service in ("brain", "eldercare"):
            await world.engine.answer(unit, "m1", f"{service}.death.settled.v1", [])
        unknown = act.evidence(unit.now, "test", "hearsay", "m1-e2")
        with pytest.raises(Invalid):
            await world.engine.record(unit, "m1", act.follow_up(unit.now, "test"), unknown)
        for service in ("relief", "charity"):
            await world.engine.answer(unit, "m1", f"{service}.death.settled.v1", [])
    found = await world.state("m1")
    assert all(found.tasks[task].status is TaskStatus.DONE for task in ("T11", "T12", "T15", "T21", "T23"))
    assert found.followed_up_at is None
    rows = await world.rows("select task_id, status from kernel.matter_task")
    assert {row.task_id: row.status for row in rows} == {task.id: task.status.value for task in found.tasks.values()}


@pytest.mark.prove
async def test_of_a_hundred_completions_one_wins(world: World):
    await world.confirmed("m1")

    async def attempt(number: int) -> str:
        try:
            await world.act(CLERK, "m1", act.completed, "T13", result={"stopMonth": "2025-05"})
        except Conflict as refused:
            return refused.code
        return "won"

    answers = Counter(await asyncio.gather(*(attempt(number) for number in range(100))))
    assert answers == {"won": 1, "task_already_done": 99}
    done = await world.rows("select count(*) from kernel.matter_action where kind = 'completed'")
    assert done[0][0] == 1
    assert world.changes.count(("T13", "DONE")) == 1


async def test_answers_of_four_services_at_once_are_all_kept(world: World):
    await world.confirmed("m1")

    async def say(service: str) -> None:
        async with world.unit() as unit:
            await world.engine.answer(unit, "m1", f"{service}.death.settled.v1", [])

    await asyncio.gather(*(say(service) for service in SERVICES))
    assert (await world.state("m1")).tasks["T23"].status is TaskStatus.DONE


async def test_a_refused_step_leaves_nothing_behind(world: World):
    await world.confirmed("m1")
    before = await world.rows("select count(*) from kernel.matter_action")
    with pytest.raises(Invalid) as wrong:
        await world.act(CLERK, "m1", act.completed, "T13", result={"stopMonth": "Mai", "color": "red"})
    assert {error["field"] for error in wrong.value.errors} == {"result.stopMonth", "result.color"}
    with pytest.raises(Conflict) as early:
        await world.act(CLERK, "m1", act.completed, "T17")
    assert early.value.code == "task_not_ready"
    with pytest.raises(NotFound):
        await world.act(CLERK, "m1", act.completed, "T99")
    with pytest.raises(Forbidden):
        await world.act(DAUGHTER, "m1", act.completed, "T13")
    with pytest.raises(Forbidden):
        await world.act(CLERK, "m1", act.revoking, reason="x")
    assert await world.rows("select count(*) from kernel.matter_action") == before


async def test_a_matter_opens_once(world: World):
    await world.open("m1")
    with pytest.raises(Exception, match="pk_matter"):
        await world.open("m1")


async def test_rows_keep_to_their_area_and_family(world: World):
    await world.confirmed("m1")
    for who in (STRANGER, NEIGHBOUR):
        with pytest.raises(NotFound):
            await world.act(who, "m1", act.waived, "T07", reason="x")
        async with world.unit(who) as unit:
            with pytest.raises(NotFound):
                await world.engine.state(unit, "m1")
            for table in ("matter", "matter_action", "matter_task", "matter_participant"):
                assert (await unit.execute(text(f"select count(*) from kernel.{table}"))).scalar() == 0
    async with world.unit(DAUGHTER) as unit:
        assert (await world.engine.state(unit, "m1"))[2].status == "TASKS_RUNNING"
        assert (await unit.execute(text("select count(*) from kernel.matter_task"))).scalar() == 26


async def test_the_family_signs_and_a_call_she_could_not_place_goes_out(world: World):
    await world.confirmed("m1")
    await world.record("m1", act.call_answered, "T02", outcome=Outcome.DONE, result={"bookingNo": "b1"})
    world.calls.clear()
    state = await world.act(DAUGHTER, "m1", act.material_received, "T03", "family_signature")
    assert world.calls == ["m1/T03:funeral_home.cremation_certificate"]
    assert state.tasks["T03"].status is TaskStatus.SENT
    audit = await world.rows("select case_id, subjects, detail from kernel.audit where account_id = 'daughter'")
    assert (audit[0].case_id, audit[0].subjects) == ("m1", ["p1m1"])
    assert audit[0].detail["matterActions"] == [
        {"kind": "material_received", "task": "T03"},
        {"kind": "call_sent", "task": "T03"},
    ]


async def test_calls_that_fail_come_back_and_end_with_people(world: World):
    await world.confirmed("m1")

    async def outcome(word: str, **more: object) -> TaskStatus:
        async with world.unit() as unit:
            state = await world.engine.call_outcome(unit, "m1", "T06", outcome=word, **more)  # type: ignore[arg-type]
        return state.tasks["T06"].status

    assert await outcome("retrying", reason="超时") is TaskStatus.RETRY
    assert await outcome("retrying", reason="超时") is TaskStatus.RETRY
    assert await outcome("manual", reason="超时") is TaskStatus.MANUAL
    assert await outcome("retrying") is TaskStatus.MANUAL  # came too late to matter
    world.calls.clear()
    assert (await world.act(CLERK, "m1", act.retried, "T06")).tasks["T06"].status is TaskStatus.SENT
    assert world.calls == ["m1/T06:social_security.stop_pension"]
    # An answer that is not what was agreed is no answer.
    assert await outcome("answered", result={"stopMonth": 5}) is TaskStatus.MANUAL
    assert "不符合约定" in (await world.state("m1")).tasks["T06"].reason
    assert await outcome("answered", result={"stopMonth": "2025-05", "extra": "x"}) is TaskStatus.DONE
    assert (await world.state("m1")).tasks["T06"].result == {"stopMonth": "2025-05"}


async def test_departments_may_have_nothing_to_do_or_ask_for_a_human(world: World):
    await world.confirmed("m1")
    async with world.unit() as unit:
        result = {"outcome": "nothing_to_do", "reason": "未参保"}
        first = await world.engine.call_outcome(unit, "m1", "T09", outcome="answered", result=result)
        second = await world.engine.call_outcome(
            unit, "m1", "T08", outcome="answered", result={"outcome": "needs_human", "reason": "重名\0"}
        )
        third = await world.engine.call_outcome(unit, "m1", "T24", outcome="refused", reason="无供养亲属")
        fourth = await world.engine.call_outcome(unit, "m1", "T26", outcome="answered", result={"outcome": ["?"]})
    assert (first.tasks["T09"].status, first.tasks["T09"].outcome) == (TaskStatus.DONE, Outcome.NOTHING_TO_DO)
    assert second.tasks["T08"].status is TaskStatus.MANUAL
    assert third.tasks["T24"].status is TaskStatus.MANUAL
    assert fourth.tasks["T26"].status is TaskStatus.MANUAL


async def test_a_service_that_has_no_line_yet_leaves_the_call_for_later(world: World):
    world.places_calls = False
    state = await world.confirmed("m1")
    assert state.tasks["T06"].status is TaskStatus.READY


async def test_revocation_calls_departments_back(world: World):
    await world.confirmed("m1", contributing=False)
    await world.record("m1", act.call_answered, "T06", outcome=Outcome.DONE, result={"stopMonth": "2025-05"})
    state = await world.record("m1", act.revoking, reason="本人出现")
    assert set(world.undoings) == {
        "m1/T02:funeral_home.cancel_booking",
        "m1/T06:social_security.resume_pension",
        "m1/T07:social_security.recall_funeral_grant",
        "m1/T08:social_security.reopen_account",
        "m1/T09:medical_insurance.restore_insurance",
        "m1/T24:social_security.end_survivors_benefit",
        "m1/T26:social_security.restore_cards",
    }
    for service in SERVICES:
        async with world.unit() as unit:
            await world.engine.answer(unit, "m1", f"{service}.death.unsettled.v1", [])
    for call in world.undoings:
        task_id = call.split("/")[1].split(":")[0]
        async with world.unit() as unit:
            word = "refused" if task_id == "T24" else "answered"
            state = await world.engine.call_outcome(unit, "m1", task_id, outcome=word, is_undo=True)
    assert set(state.for_humans) == {"T01", "T24"}
    for task_id in state.for_humans:
        state = await world.act(CLERK, "m1", act.compensated, task_id)
    assert state.status == "REVOKED"
    assert (await world.rows("select is_ended, status from kernel.matter"))[0] == (True, "REVOKED")


async def test_time_warns_then_is_late_then_escalates_each_once(world: World):
    """T13 has three working days from Tuesday 1 April 2025, noon: Monday 7 April, 清明 between."""
    await world.confirmed("m1")

    async def noted(kind: str) -> list[datetime]:
        rows = await world.rows("select at from kernel.matter_action where task = 'T13' and kind = :kind", kind=kind)
        return [row[0] for row in rows]

    await world.pass_until(datetime(2025, 4, 6, 16, tzinfo=UTC))
    assert (await noted("warned"), await noted("overdue")) == ([], [])
    await world.pass_until(datetime(2025, 4, 7, 15, 59, tzinfo=UTC))
    assert (len(await noted("warned")), await noted("overdue")) == (1, [])
    await world.pass_until(datetime(2025, 4, 7, 16, 1, tzinfo=UTC))
    assert (len(await noted("overdue")), await noted("escalated")) == (1, [])
    await world.pass_until(datetime(2025, 4, 8, 16, 1, tzinfo=UTC))
    assert [len(await noted(kind)) for kind in ("warned", "overdue", "escalated")] == [1, 1, 1]
    assert ("T13", "READY") in world.changes
    escalation = await world.rows("select data from kernel.matter_action where task = 'T13' and kind = 'escalated'")
    assert escalation[0][0] == {"to": "DISTRICT_OFFICER"}


async def test_a_jump_of_the_clock_records_all_that_was_missed(world: World):
    await world.confirmed("m1")
    clock.set_to(datetime(2025, 7, 1, tzinfo=UTC))
    for _ in range(3):
        await world.alarm.work()
        while await world.inbox.work():
            pass
    kinds = Counter(row[0] for row in await world.rows("select kind from kernel.matter_action"))
    state = await world.state("m1")
    late = [task for task in state.tasks.values() if task.overdue_at]
    assert kinds["overdue"] == kinds["escalated"] == len(late) > 10
    assert (kinds["follow_up"], kinds["warned"]) == (1, 0)
    left = await world.rows("select count(*) from kernel.timer where fired_at is null")
    assert left[0][0] == 0


async def test_timers_stop_for_what_is_done(world: World):
    await world.confirmed("m1")
    await world.act(CLERK, "m1", act.completed, "T13", result={"stopMonth": "2025-05"})
    await world.pass_until(datetime(2025, 4, 12, tzinfo=UTC))
    rows = await world.rows("select kind from kernel.matter_action where task = 'T13'")
    assert [row[0] for row in rows] == ["completed"]


async def test_lists_show_each_role_its_tasks_sorted_by_due(world: World):
    await world.confirmed("m1")
    statement = tasks_query(world.engine.definitions, "TOWN_CLERK").where(col(MatterTask.status) == "READY")
    async with world.unit(CLERK) as unit:
        rows = await unit.all(statement.order_by(col(MatterTask.due_sort), col(MatterTask.id)))
    assert [row.task_id for row in rows] == ["T14", "T13", "T22", "T16"]
    async with world.unit(STRANGER) as unit:
        assert await unit.all(statement) == []
    async with world.unit() as unit:
        village = await unit.all(tasks_query(world.engine.definitions, "VILLAGE_CLERK"))
    assert "T06" not in {row.task_id for row in village}


async def test_what_a_role_reads_and_may_do(world: World):
    state = await world.confirmed("m1")
    views = {view.id: view for view in tasks_for(state, after_death(), "TOWN_CLERK")}
    assert views["T13"].may == ("completed",)
    assert (views["T13"].department, views["T13"].due_state) == ("民政", "on_time")
    assert views["T06"].may == ("sent_to_manual",)
    async with world.unit() as unit:
        history = await world.engine.history(unit, "m1")
    lines = list(timeline(history, after_death(), "RESIDENT"))
    assert [line.words for line in lines if line.kind == "milestone"] == ["死亡已确认"]
    assert "死亡医学证明：已办结" in [line.words for line in lines]
    assert lines == [line for line in timeline(history, after_death(), "TOWN_CLERK") if line in lines]


async def test_a_matter_keeps_its_version_and_moves_only_on_purpose(world: World, toy: Toy):
    first = parse(moving())
    await world.open("m1", "moving-house", rents=False)
    await world.record("m1", act.milestone, "accepted")
    changed = moving()
    changed["version"] = 2
    changed["tasks"].append(
        {
            **{key: value for key, value in changed["tasks"][1].items() if key not in ("evidence", "when", "needs")},
            "id": "D",
            "title": "燃气过户",
        }
    )
    changed["tasks"][1]["mandatory"] = True
    both = make_world(toy, [first, parse(changed)])
    assert set((await both.state("m1")).tasks) == {"A", "B", "C"}
    await both.open("m2", "moving-house", rents=False)
    assert set((await both.state("m2")).tasks) == {"A", "B", "C", "D"}

    async with both.unit() as unit:
        dry = await both.engine.plan_migration(unit, "m1", 2)
    assert {(change.task, change.what) for change in dry.changes} >= {("D", "status"), ("B", "mandatory")}
    assert set((await both.state("m1")).tasks) == {"A", "B", "C"}
    async with both.unit() as unit:
        await both.engine.migrate(unit, "m1", 2)
    state = await both.state("m1")
    assert state.tasks["D"].status is TaskStatus.READY
    projected = await both.rows("select task_id, version, mandatory from kernel.matter_task where matter_id = 'm1'")
    assert {(row.task_id, row.version, row.mandatory) for row in projected} == {
        ("A", 2, True),
        ("B", 2, True),
        ("C", 2, True),
        ("D", 2, False),
    }
    await both.act(CLERK, "m1", act.completed, "D")
    with pytest.raises(Conflict, match="D 燃气过户"):
        async with both.unit() as unit:
            await both.engine.migrate(unit, "m1", 1)


async def test_a_published_definition_cannot_be_edited(world: World, toy: Toy):
    await world.open("m1", "moving-house")
    edited = moving()
    edited["tasks"][1]["title"] = "水表销户"
    other = make_world(toy, [parse(edited)])
    async with other.unit() as unit:
        with pytest.raises(DefinitionChanged, match=r"moving-house\.v1"):
            await other.engine.check_pinned(unit)
        with pytest.raises(DefinitionChanged):
            await other.engine.state(unit, "m1")
    async with world.unit() as unit:
        await world.engine.check_pinned(unit)


async def test_provisional_dates_are_computed_anew_when_the_notice_comes(world: World, toy: Toy):
    """The notice for the next year makes Monday 4 January a day off: three working days end a day later."""
    last_known = max(working_days.published().years)
    clock.set_to(datetime(last_known, 12, 30, 4, tzinfo=UTC))
    await world.confirmed("m1")
    before = (await world.state("m1")).tasks["T13"].due
    assert before is not None
    assert before.provisional
    first_working_day = working_days.add(date(last_known, 12, 31), 1).date
    rest = frozenset({date(last_known + 1, 1, 1), first_working_day})
    notice = Notice(last_known + 1, ("示例通知",), rest, frozenset())
    informed = make_world(toy, [after_death(), parse(moving())], working_days.published().with_notices(notice))
    async with informed.unit() as unit:
        assert await informed.engine.refresh_provisional(unit) == 1
    row = (await informed.rows("select due_at, due_provisional from kernel.matter_task where task_id = 'T13'"))[0]
    assert (row.due_at > before.at, row.due_provisional) == (True, False)
    async with informed.unit() as unit:
        assert await informed.engine.refresh_provisional(unit) == 0


async def test_a_hook_that_fails_takes_everything_with_it(world: World):
    await world.confirmed("m1")
    before = [await world.rows(f"select count(*) from kernel.{table}") for table in ("matter_action", "timer")]
    world.fails_for.add("m1")
    with pytest.raises(RuntimeError):
        await world.act(CLERK, "m1", act.completed, "T13", result={"stopMonth": "2025-05"})
    after = [await world.rows(f"select count(*) from kernel.{table}") for table in ("matter_action", "timer")]
    assert before == after
    assert (await world.state("m1")).tasks["T13"].status is TaskStatus.READY


async def test_reading_a_long_life_is_quick(world: World):
    await world.confirmed("m1")
    for task in (await world.state("m1")).tasks.values():
        if task.status is TaskStatus.SENT and not task.awaited:
            await world.record("m1", act.call_answered, task.id, outcome=Outcome.NOTHING_TO_DO)
    async with world.unit() as unit:
        history = await world.engine.history(unit, "m1")
    assert len(history) > 15
    started = time.perf_counter()
    for _ in range(20):
        fold_state(history, after_death_definition, clock.now(), working_days)
    assert (time.perf_counter() - started) / 20 < 0.05


after_death_definition = after_death()
