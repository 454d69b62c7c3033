"""The published after-death definition against the task list of domain §6.2, told as one matter's story."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared.china import working_days
from shared.db.principals import Role
from shared.onething import actions as a
from shared.onething.actions import Action, ActionKind, Outcome
from shared.onething.availability import Allowed, allowed, refusal, visible
from shared.onething.check import Vocabulary, check
from shared.onething.definition import Kind, Limit
from shared.onething.due import DueState
from shared.onething.fold import state
from shared.onething.state import MatterState, TaskStatus
from tests.kernel.onething.examples import NOON, after_death, moments

pytestmark = [pytest.mark.unit, pytest.mark.plan("A-09", part="definition of the matter")]

DEFINITION = after_death()
SERVICES = ("brain", "eldercare", "relief", "charity")
ANSWERED = ("T11", "T12", "T15", "T21", "T23")

FACTS = frozenset(
    {
        *("in_pension", "contributing", "draws_relief", "draws_elder_subsidy", "disabled", "is_child"),
        *("has_minor_children", "has_bed_or_orders", "married", "drives", "cremated"),
    }
)
WORDS = Vocabulary(
    events=frozenset(f"{service}.death.{verb}.v1" for service in SERVICES for verb in ("settled", "unsettled")),
    adapters=frozenset(
        found for task in DEFINITION.tasks for found in (task.operation, task.undo.operation) if found is not None
    ),
    facts=FACTS,
    departments=frozenset(DEFINITION.departments),
    roles=frozenset(role.value for role in Role),
    evidence=frozenset(DEFINITION.evidence),
)

# Domain §6.2, the columns a machine can hold: mandatory, limit, facts, needs.
PLAN: dict[str, tuple[bool, tuple[int, str] | str | None, set[str], set[str]]] = {
    "T01": (True, None, set(), set()),
    "T02": (False, (2, "HOUR"), {"cremated"}, {"T01"}),
    "T03": (False, (4, "HOUR"), {"cremated"}, {"T01", "T02"}),
    "T04": (True, (2, "WORKDAY"), set(), {"T01", "T03"}),
    "T05": (False, (2, "WORKDAY"), set(), {"T01", "T03"}),
    "T06": (True, (3, "WORKDAY"), {"in_pension"}, set()),
    "T07": (False, (15, "WORKDAY"), set(), set()),
    "T08": (False, (15, "WORKDAY"), set(), set()),
    "T09": (True, (10, "WORKDAY"), set(), set()),
    "T10": (False, (3, "WORKDAY"), set(), set()),
    "T11": (True, (1, "WORKDAY"), {"draws_relief"}, set()),
    "T12": (True, (1, "WORKDAY"), {"draws_elder_subsidy"}, set()),
    "T13": (True, (3, "WORKDAY"), {"disabled"}, set()),
    "T14": (False, (1, "WORKDAY"), {"is_child", "has_minor_children"}, set()),
    "T15": (True, (10, "MINUTE"), {"has_bed_or_orders"}, set()),
    "T16": (False, None, set(), set()),
    "T17": (True, "appointed", set(), {"T03"}),
    "T18": (False, (5, "WORKDAY"), {"drives"}, {"T04"}),
    "T19": (False, None, set(), {"T04"}),
    "T20": (False, None, set(), {"T04"}),
    "T21": (True, (10, "MINUTE"), {"married"}, set()),
    "T22": (False, (5, "WORKDAY"), set(), set()),
    "T23": (True, (1, "WORKDAY"), set(), set()),
    "T24": (False, (15, "WORKDAY"), set(), set()),
    "T25": (True, (3, "WORKDAY"), {"contributing"}, set()),
    "T26": (False, (5, "WORKDAY"), set(), set()),
}


def test_it_may_be_published():
    assert check(DEFINITION, WORDS) == []


def test_it_says_what_the_plan_says():
    assert {
        task.id: (
            task.mandatory,
            (task.limit.amount, task.limit.unit.value) if isinstance(task.limit, Limit) else task.limit,
            set(task.when.facts),
            set(task.needs),
        )
        for task in DEFINITION.tasks
    } == PLAN
    assert set(DEFINITION.facts) == FACTS


def test_what_other_services_answer_and_what_people_do():
    by_kind = {kind: {task.id for task in DEFINITION.tasks if task.kind is kind} for kind in Kind}
    assert by_kind[Kind.ANSWER] == set(ANSWERED)
    assert by_kind[Kind.HUMAN] == {"T01", "T13", "T14", "T16", "T17", "T20", "T22"}
    waits = {task.id: set(task.waits_for) for task in DEFINITION.tasks if task.kind is Kind.ANSWER}
    assert waits == {
        "T11": {"relief.death.settled.v1"},
        "T12": {"eldercare.death.settled.v1"},
        "T15": {"eldercare.death.settled.v1"},
        "T21": {"brain.death.settled.v1"},
        "T23": {f"{service}.death.settled.v1" for service in SERVICES},
    }
    assert DEFINITION.events == WORDS.events


class Story:
    """One matter, step by step, a minute between."""

    def __init__(self) -> None:
        self.history: list[Action] = []
        self.times = moments()
        self.do(a.opened)

    def do(self, make: Any, *args: Any, **kwargs: Any) -> "Story":
        self.now = next(self.times)
        action = make(self.now, "tester", *args, **kwargs)
        assert refusal(self.state, DEFINITION, action) is None, action
        self.history.append(action)
        return self

    def refused(self, make: Any, *args: Any, role: str | None = None, **kwargs: Any) -> str:
        found = refusal(self.state, DEFINITION, make(self.now, "tester", *args, **kwargs), role)
        assert found is not None
        return found.code

    def confirm(self, **facts: bool) -> "Story":
        return self.do(a.milestone, "confirmed", facts=facts)

    def settled(self, *effects: dict[str, str], verb: str = "settled") -> "Story":
        for service in SERVICES:
            mine = [effect for effect in effects if effect["by"] == service]
            self.do(a.answer_received, f"{service}.death.{verb}.v1", mine)
        return self

    def call(self, *tasks: str) -> "Story":
        for task in tasks:
            result = {
                name: {"date": "2025-04-01", "month": "2025-05", "money": "1.00"}.get(field.type.value, "x")
                for name, field in DEFINITION.tasks_by_id[task].result.items()
                if field.required
            }
            self.do(a.call_sent, task)
            self.do(a.call_answered, task, outcome=Outcome.DONE, result=result)
        return self

    @property
    def state(self) -> MatterState:
        return state(self.history, DEFINITION, self.now, working_days)

    def status(self, task: str) -> TaskStatus:
        return self.state.tasks[task].status

    def all_in(self, status: TaskStatus) -> set[str]:
        return {task.id for task in self.state.tasks.values() if task.status is status}


def test_a_report_stops_nothing():
    story = Story().do(a.milestone, "verifying")
    assert story.state.status == "VERIFYING"
    assert story.all_in(TaskStatus.READY) == {"T01"}
    assert story.all_in(TaskStatus.SENT) == set()
    assert story.all_in(TaskStatus.SKIPPED) == set()  # what is assumed counts once a task might start
    story.do(a.evidence, "medical_certificate", "e1")
    assert story.all_in(TaskStatus.READY) == {"T02"}


@pytest.mark.parametrize(
    ("kind", "tasks"),
    [
        ("medical_certificate", {"T01"}),
        ("court_declaration", {"T01"}),
        ("cremation_certificate", {"T02", "T03"}),
        ("police_deregistration", {"T04", "T05"}),
        ("placement_certificate", {"T17"}),
    ],
)
def test_evidence_completes_its_tasks_in_any_order(kind: str, tasks: set[str]):
    story = Story().do(a.evidence, kind, "e1")
    assert story.all_in(TaskStatus.DONE) == tasks
    assert story.refused(a.evidence, kind, "e1") == "evidence_already_given"


def test_confirmation_starts_what_the_facts_ask_for():
    story = Story().do(a.evidence, "medical_certificate", "e1")
    story.confirm(contributing=False, is_child=False, has_minor_children=False, disabled=False, married=False)
    assert story.state.status == "TASKS_RUNNING"
    assert story.all_in(TaskStatus.SKIPPED) == {"T25", "T14", "T13", "T21"}
    assert story.all_in(TaskStatus.SENT) == {"T11", "T12", "T15", "T23"}
    assert story.all_in(TaskStatus.READY) == {"T02", "T06", "T07", "T08", "T09", "T16", "T22", "T24", "T26"}
    assert {task: story.state.tasks[task].waiting_for for task in story.all_in(TaskStatus.WAITING)} == {
        "T03": ("T02", "material:family_signature"),
        "T04": ("T03",),
        "T05": ("T03",),
        "T10": ("material:heirs_papers",),
        "T17": ("T03",),
        **dict.fromkeys(("T18", "T19", "T20"), ("T04",)),
    }


def test_without_cremation_the_order_closes_up():
    story = Story().do(a.evidence, "medical_certificate", "e1").confirm(cremated=False)
    assert {"T02", "T03"} <= story.all_in(TaskStatus.SKIPPED)
    assert {"T04", "T05", "T17"} <= story.all_in(TaskStatus.READY)


def test_a_dead_parent_or_a_dead_child_opens_the_child_check():
    assert Story().confirm(is_child=True, has_minor_children=False).status("T14") is TaskStatus.READY
    assert Story().confirm(is_child=False, has_minor_children=True).status("T14") is TaskStatus.READY
    assert Story().confirm(is_child=False, has_minor_children=False).status("T14") is TaskStatus.SKIPPED


def test_four_services_settle_their_five_tasks():
    story = Story().do(a.evidence, "medical_certificate", "e1").confirm()
    effects = [
        {"by": "relief", "task": "T11", "kind": "end_share", "object": "c1", "outcome": "done"},
        {"by": "eldercare", "task": "T12", "kind": "end_entitlement", "object": "en1", "outcome": "done"},
        {"by": "eldercare", "task": "T15", "kind": "release_bed", "object": "b1", "outcome": "done"},
    ]
    story.settled(*effects)
    assert set(ANSWERED) <= story.all_in(TaskStatus.DONE)
    assert story.state.tasks["T11"].outcome is Outcome.DONE
    assert story.state.tasks["T11"].effects[0]["object"] == "c1"
    # Nobody had a spouse to widow or a list to clear: they said so, and nothing hangs.
    assert story.state.tasks["T21"].outcome is Outcome.NOTHING_TO_DO
    assert story.state.tasks["T23"].outcome is Outcome.NOTHING_TO_DO


def test_the_public_lists_wait_for_all_four():
    story = Story().confirm()
    for service in SERVICES[:3]:
        story.do(a.answer_received, f"{service}.death.settled.v1", [])
    assert story.status("T23") is TaskStatus.SENT
    assert story.state.tasks["T23"].awaited == ("charity.death.settled.v1",)
    story.do(a.answer_received, "charity.death.settled.v1", [])
    assert story.status("T23") is TaskStatus.DONE


def test_answers_count_even_before_the_confirmation_is_folded_in():
    story = Story().settled()
    assert set(ANSWERED) <= story.all_in(TaskStatus.DONE)


def test_a_service_that_needs_a_human_hands_over_and_may_take_back():
    needs = {"by": "eldercare", "task": "T15", "kind": "release_bed", "object": "b1", "outcome": "needs_human"}
    story = Story().confirm().settled(needs)
    assert story.status("T15") is TaskStatus.MANUAL
    assert story.state.for_humans == ("T15",)
    assert story.status("T12") is TaskStatus.DONE
    other = Story()
    other.history, other.now = list(story.history), story.now
    story.do(a.completed, "T15")
    assert story.status("T15") is TaskStatus.DONE
    other.do(a.answer_received, "eldercare.death.settled.v1", [{**needs, "outcome": "done"}])
    assert other.status("T15") is TaskStatus.DONE


def test_a_call_for_a_human_after_the_task_was_done_is_not_lost():
    story = Story().confirm()
    story.do(a.sent_to_manual, "T15", reason="养老系统停机").do(a.completed, "T15")
    needs = {"task": "T15", "kind": "release_bed", "object": "b1", "outcome": "needs_human"}
    story.do(a.answer_received, "eldercare.death.settled.v1", [needs])
    assert (story.status("T15"), story.state.for_humans) == (TaskStatus.DONE, ("T15",))
    story.do(a.attended, "T15", reason="已处理")
    assert story.state.for_humans == ()


def test_a_call_is_retried_then_handed_to_people():
    story = Story().confirm()
    story.do(a.call_sent, "T06").do(a.call_failed, "T06", reason="超时", retry_at=NOON + timedelta(hours=1))
    assert story.status("T06") is TaskStatus.RETRY
    story.do(a.call_sent, "T06").do(a.call_failed, "T06", reason="超时")
    assert (story.status("T06"), story.state.tasks["T06"].attempts) == (TaskStatus.FAILED, 2)
    assert story.refused(a.completed, "T06", result={"stopMonth": "2025-05"}) == "task_waits_for_answer"
    story.do(a.sent_to_manual, "T06", reason="接口故障")
    assert story.status("T06") is TaskStatus.MANUAL
    assert story.refused(a.completed, "T06", result={}) == "result_invalid"
    story.do(a.completed, "T06", result={"stopMonth": "2025-05", "overpaid": "1230.00"})
    assert story.status("T06") is TaskStatus.DONE
    assert story.refused(a.completed, "T06", result={"stopMonth": "2025-05"}) == "task_already_done"
    # The department's own late answer changes nothing any more.
    story.do(a.call_answered, "T06", outcome=Outcome.DONE, result={"stopMonth": "2025-06"})
    assert story.state.tasks["T06"].result["stopMonth"] == "2025-05"


def test_people_may_say_why_there_is_nothing_to_do():
    story = Story().confirm()
    assert story.refused(a.completed, "T13", outcome=Outcome.NOTHING_TO_DO) == "reason_required"
    assert story.refused(a.completed, "T13", outcome=Outcome.NEEDS_HUMAN) == "outcome_invalid"
    story.do(a.completed, "T13", outcome=Outcome.NOTHING_TO_DO, reason="无残疾证")
    assert story.state.tasks["T13"].outcome is Outcome.NOTHING_TO_DO


def test_the_family_waives_what_is_its_own_and_nothing_mandatory():
    story = Story().confirm()
    assert story.refused(a.waived, "T13", reason="x") == "task_mandatory"
    assert story.refused(a.waived, "T22", reason="x", role="VILLAGE_CLERK") == "task_not_permitted"
    assert refusal(story.state, DEFINITION, a.waived(story.now, "f", "T07", reason="x"), "RESIDENT") is None
    story.do(a.waived, "T07", reason="家属放弃")
    assert story.status("T07") is TaskStatus.WAIVED
    assert story.refused(a.waived, "T07", reason="x") == "task_not_running"
    story.do(a.call_sent, "T08")
    assert story.refused(a.waived, "T08", reason="x") == "task_running"


def test_limits_count_from_the_confirmation_unless_noted():
    story = Story().do(a.evidence, "medical_certificate", "e1")
    assert story.state.tasks["T02"].due is not None  # the funeral home has two hours, confirmed or not
    story.confirm()
    on = {task.id: task.due.on for task in story.state.tasks.values() if task.due}
    # Confirmed on Tuesday 1 April; 4 April is 清明.
    assert on["T11"] == date(2025, 4, 2)
    assert on["T06"] == on["T13"] == date(2025, 4, 7)
    assert on["T26"] == date(2025, 4, 9)
    assert on["T09"] == date(2025, 4, 16)
    assert on["T07"] == date(2025, 4, 23)
    assert on["T15"] == date(2025, 4, 1)
    assert "T04" not in on  # not begun: nobody can be late with it
    story.do(a.evidence, "cremation_certificate", "e2")
    assert story.state.tasks["T04"].due is not None
    assert story.state.tasks["T04"].due.on == date(2025, 4, 3)
    story.do(a.material_received, "T10", "heirs_papers")
    assert story.state.tasks["T10"].due is not None


def test_the_cremation_certificate_is_due_four_hours_after_the_cremation():
    story = Story().do(a.evidence, "medical_certificate", "e1")
    result = {"bookingNo": "b1", "cremationAt": "2025-04-03T09:00:00+08:00"}
    story.do(a.call_sent, "T02").do(a.call_answered, "T02", outcome=Outcome.DONE, result=result)
    assert story.status("T03") is TaskStatus.WAITING
    story.do(a.material_received, "T03", "family_signature")
    found = story.state.tasks["T03"]
    assert found.status is TaskStatus.READY
    assert found.due is not None
    assert found.due.at.isoformat() == "2025-04-03T05:00:00+00:00"


def test_placement_is_due_on_the_date_the_family_chose():
    story = Story().do(a.evidence, "medical_certificate", "e1").do(a.evidence, "cremation_certificate", "e2")
    story.confirm()
    assert story.state.tasks["T17"].due is None
    story.do(a.appointed, "T17", date(2025, 5, 5))
    late = state(story.history, DEFINITION, NOON + timedelta(days=60), working_days)
    assert story.state.tasks["T17"].due_state is DueState.ON_TIME
    assert late.tasks["T17"].due_state is DueState.OVERDUE
    assert story.refused(a.appointed, "T16", date(2025, 5, 5)) == "task_not_appointed"


def test_the_whole_way_to_the_end():
    story = Story().do(a.evidence, "medical_certificate", "e1")
    story.confirm(contributing=False, disabled=False).settled()
    story.call("T06", "T09").do(a.evidence, "cremation_certificate", "e2")
    assert story.state.status == "TASKS_RUNNING"
    assert story.state.progress.percent < 100
    story.call("T04")
    assert story.state.status == "TASKS_DONE"
    assert not story.state.is_closed
    story.do(a.appointed, "T17", date(2025, 4, 20)).do(a.completed, "T17", result={"placedOn": "2025-04-20"})
    assert (story.state.status, story.state.is_closed) == ("CLOSED", True)
    assert list(story.state.milestones) == ["opened", "confirmed", "tasks_done", "placed", "closed"]
    assert story.state.progress.percent == 100
    # The others may stay open: the family's money comes after the closing.
    story.call("T07")
    assert story.status("T07") is TaskStatus.DONE


def test_placement_first_is_a_way_too():
    story = Story().do(a.evidence, "medical_certificate", "e1").confirm(contributing=False, disabled=False)
    story.do(a.evidence, "cremation_certificate", "e2").do(a.completed, "T17", result={"placedOn": "2025-04-01"})
    assert story.state.status == "TASKS_RUNNING"
    story.settled().call("T06", "T09", "T04")
    assert story.state.status == "CLOSED"


def test_a_month_without_an_end_calls_the_town():
    story = Story().confirm()
    assert story.state.follow_up_due is not None
    assert story.state.follow_up_due.on == date(2025, 5, 6)  # 1 May + 5 days of holiday
    story.do(a.follow_up)
    assert story.refused(a.follow_up) == "already_followed_up"


def test_a_dismissed_report_ends_everything():
    story = Story().do(a.evidence, "medical_certificate", "e1")
    story.do(a.call_sent, "T02").do(a.dismissed, reason="误报")
    assert story.state.status == "DISMISSED"
    assert story.all_in(TaskStatus.COMPENSATING) == {"T01", "T02"}
    assert story.refused(a.milestone, "confirmed") == "matter_ended"
    confirmed = Story().confirm()
    assert confirmed.refused(a.dismissed, reason="误报") == "matter_confirmed"


def test_evidence_is_withdrawn_before_the_confirmation_only():
    story = Story().do(a.evidence, "medical_certificate", "e1").do(a.evidence, "court_declaration", "e2")
    story.do(a.evidence_withdrawn, "e1", reason="身份不符")
    assert story.status("T01") is TaskStatus.DONE  # the judgment still stands
    story.do(a.evidence_withdrawn, "e2", reason="身份不符")
    assert story.all_in(TaskStatus.READY) == {"T01"}
    assert story.refused(a.evidence_withdrawn, "e2", reason="x") == "no_evidence"
    story.do(a.evidence, "medical_certificate", "e3").confirm()
    assert story.refused(a.evidence_withdrawn, "e3", reason="x") == "matter_confirmed"


def test_a_revocation_undoes_what_was_done():
    story = Story().do(a.evidence, "medical_certificate", "e1").confirm(contributing=False)
    assert Story().refused(a.revoking, reason="本人出现") == "matter_not_confirmed"
    done = {"by": "relief", "task": "T11", "kind": "end_share", "object": "c1", "outcome": "done"}
    story.settled(done).call("T06").do(a.call_sent, "T09").do(a.call_sent, "T26")
    story.do(a.call_failed, "T26", reason="超时")
    story.do(a.revoking, reason="本人出现")
    assert story.state.status == "REVOKING"
    undoing = {"T01", *ANSWERED, "T06", "T09", "T26"}  # a failed call may have been carried out over there
    assert story.all_in(TaskStatus.COMPENSATING) == undoing
    assert story.all_in(TaskStatus.SKIPPED) == {task.id for task in DEFINITION.tasks} - undoing
    assert story.state.for_humans == ("T01",)
    assert story.refused(a.completed, "T13") == "matter_ended"
    assert story.refused(a.evidence, "medical_certificate", "e9") == "matter_ended"

    story.settled(verb="unsettled")
    assert set(ANSWERED) <= story.all_in(TaskStatus.COMPENSATED)
    story.do(a.compensation_sent, "T06").do(a.compensation_answered, "T06", outcome=Outcome.DONE)
    story.do(a.compensation_sent, "T09").do(a.compensation_failed, "T09", reason="拒绝")
    assert set(story.state.for_humans) == {"T01", "T09"}
    assert story.state.status == "REVOKING"
    story.do(a.compensated, "T01").do(a.compensated, "T09", reason="人工恢复")
    story.do(a.compensation_answered, "T26", outcome=Outcome.NOTHING_TO_DO)
    assert story.state.status == "REVOKED"
    assert story.refused(a.compensated, "T01") == "task_already_compensated"


def test_what_had_nothing_to_do_has_nothing_to_undo():
    story = Story().confirm().do(a.call_sent, "T09")
    story.do(a.call_answered, "T09", outcome=Outcome.NOTHING_TO_DO, reason="未参保")
    story.do(a.completed, "T13", outcome=Outcome.NOTHING_TO_DO, reason="无残疾证").do(a.revoking, reason="误报")
    assert {"T09", "T13"} <= story.all_in(TaskStatus.COMPENSATED)


def test_a_call_that_failed_before_it_was_seen_to_leave_is_undone_too():
    story = Story().confirm().do(a.call_failed, "T09", reason="超时").do(a.revoking, reason="误报")
    assert story.status("T09") is TaskStatus.COMPENSATING


def test_a_service_that_did_something_for_a_task_that_did_not_apply_is_undone():
    story = Story().confirm(draws_relief=False).do(a.revoking, reason="误报")
    assert story.status("T11") is TaskStatus.SKIPPED
    done = {"task": "T11", "kind": "end_share", "object": "c1", "outcome": "done"}
    story.do(a.answer_received, "relief.death.settled.v1", [done])
    assert story.status("T11") is TaskStatus.COMPENSATING


def test_done_in_time_stays_in_time():
    story = Story().confirm().do(a.completed, "T13", result={})
    later = state(story.history, DEFINITION, NOON + timedelta(days=90), working_days)
    assert later.tasks["T13"].due_state is DueState.ON_TIME
    assert later.tasks["T14"].due_state is DueState.OVERDUE


def test_a_revocation_a_service_cannot_finish_goes_to_people():
    story = Story().confirm().settled().do(a.revoking, reason="误报")
    conflict = {"by": "eldercare", "task": "T15", "kind": "restore_bed", "object": "b1", "outcome": "needs_human"}
    story.settled(conflict, verb="unsettled")
    assert story.state.for_humans == ("T15",)
    story.do(a.compensated, "T15", reason="已安排临时床位")
    assert story.state.status == "REVOKED"


def test_an_answer_after_the_end_is_undone_too():
    story = Story().confirm().do(a.revoking, reason="误报")
    assert story.all_in(TaskStatus.COMPENSATING) == set(ANSWERED)
    done = {"by": "relief", "task": "T11", "kind": "end_share", "object": "c1", "outcome": "done"}
    story.settled(done)
    assert story.status("T11") is TaskStatus.COMPENSATING
    story.settled(verb="unsettled")
    assert story.state.status == "REVOKED"
    story.do(a.call_answered, "T06", outcome=Outcome.DONE, result={"stopMonth": "2025-05"})
    assert (story.state.status, story.status("T06")) == ("REVOKING", TaskStatus.COMPENSATING)


def test_effects_for_tasks_of_a_later_version_are_kept():
    story = Story().confirm()
    story.do(
        a.answer_received, "relief.death.settled.v1", [{"task": "T77", "kind": "x", "object": "o", "outcome": "done"}]
    )
    assert [effect["task"] for effect in story.state.unplaced] == ["T77"]


def test_who_sees_and_who_works():
    assert {task.id for task in visible(DEFINITION, None)} == set(PLAN)
    assert {"T06", "T07"}.isdisjoint(task.id for task in visible(DEFINITION, "VILLAGE_CLERK"))
    assert {task.id for task in visible(DEFINITION, "INSTITUTION_ADMIN")} == {"T15"}
    assert {task.id for task in visible(DEFINITION, "SYSTEM_ADMIN")} == set()
    assert "T01" not in {task.id for task in visible(DEFINITION, "VILLAGE_CLERK")}
    story = Story().do(a.evidence, "medical_certificate", "e1").confirm()
    clerk = allowed(story.state, DEFINITION, "TOWN_CLERK")
    assert Allowed(ActionKind.COMPLETED, "T13") in clerk
    assert Allowed(ActionKind.REVOKING) not in clerk
    assert allowed(story.state, DEFINITION, "VILLAGE_CLERK") == frozenset()
    assert {found.task for found in allowed(story.state, DEFINITION, "TOWN_CLERK", "police")} == {"T05", "T18"}
    assert Allowed(ActionKind.REVOKING) in allowed(story.state, DEFINITION)
