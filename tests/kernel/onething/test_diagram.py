"""The picture of a matter is text, the same for the same state, and says nothing it should not."""

import re

import pytest

from shared.onething import actions as a
from shared.onething.diagram import draw
from shared.onething.fold import state
from shared.onething.reading import parse
from shared.onething.state import TaskStatus
from tests.kernel.onething.examples import NOON, after_death, moving, moving_definition

pytestmark = pytest.mark.unit


def test_the_small_one_word_for_word():
    definition = moving_definition()
    now = state([a.opened(NOON, "x"), a.milestone(NOON, "x", "accepted", facts={"rents": True})], definition, NOON)
    assert draw(definition, now) == (
        """flowchart LR
  m_opened(["受理"])
  subgraph s_first["登记"]
    A[["A 户口迁移<br/>公安<br/>待办"]]
  end
  subgraph s_then["配套"]
    B["B 水表过户<br/>水务<br/>不涉及"]
    C[["C 转学<br/>教育<br/>办理中"]]
  end
  m_accepted(["已受理"])
  m_done(["办结"])
  m_accepted --> A
  m_accepted --> B
  A --> B
  m_accepted --> C
  m_accepted --> m_done
  A -.-> m_done
  C -.-> m_done
  classDef READY fill:#fff4cc,stroke:#c99700,color:#333333
  class A READY
  classDef SENT fill:#d6e9ff,stroke:#2f6fb3,color:#1b3f66
  class C SENT
  classDef SKIPPED fill:#ffffff,stroke:#cccccc,color:#aaaaaa,stroke-dasharray:4 3
  class B SKIPPED
  classDef reached fill:#2e7d32,stroke:#1b4d1e,color:#ffffff
  class m_opened,m_accepted reached
"""
    )


def test_every_task_is_drawn_once_and_coloured_once():
    definition = after_death()
    text = draw(definition, state([a.opened(NOON, "x")], definition, NOON))
    coloured = [task for line in re.findall(r"^  class (T\S+) ", text, re.MULTILINE) for task in line.split(",")]
    for task in definition.tasks:
        assert len(re.findall(rf"^    {task.id}\[", text, re.MULTILINE)) == 1
    assert sorted(coloured) == sorted(definition.tasks_by_id)
    assert text == draw(definition, state([a.opened(NOON, "x")], definition, NOON))


def test_without_a_state_it_is_the_plan_alone():
    assert not any(status.value in draw(after_death()) for status in TaskStatus)


def test_titles_cannot_break_out():
    data = moving()
    data["tasks"][0]["title"] = 'x"] --> C; <b>#1</b>'
    line = next(line for line in draw(parse(data)).splitlines() if line.startswith("    A["))
    assert line == '    A[["A x#quot;] --#gt; C; #lt;b#gt;#35;1#lt;/b#gt;<br/>公安"]]'
