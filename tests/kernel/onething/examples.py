"""Definitions and moments the tests share."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from shared.onething.check import Vocabulary
from shared.onething.definition import Definition
from shared.onething.reading import parse, parse_yaml

AFTER_DEATH_FILE = Path(__file__).parents[3] / "services" / "affairs" / "matters" / "after-death.v1.yaml"
NOON = datetime(2025, 4, 1, 4, tzinfo=UTC)
"""Tuesday 2025-04-01, noon in Shanghai; 2025-04-04 is 清明, a rest day."""


def after_death() -> Definition:
    return parse_yaml(AFTER_DEATH_FILE.read_text(encoding="utf-8"))


def moments(start: datetime = NOON, step: timedelta = timedelta(minutes=1)) -> Iterator[datetime]:
    while True:
        yield start
        start += step


MOVING = """
id: moving-house
version: 1
title: 搬家一件事
law: 试行
clock: accepted
roles: {see: [RESIDENT, TOWN_CLERK], handle: [TOWN_CLERK], waive: [RESIDENT]}
departments: {police: 公安, water: 水务, school: 教育}
facts:
  has_children: {title: 有学龄儿童, assume: true}
  rents: {title: 租房, assume: null}
evidence: {lease: 租赁合同}
stages: [{id: first, title: 登记}, {id: then, title: 配套}]
milestones:
  - {id: accepted, title: 已受理, state: RUNNING, signal: true}
  - {id: done, title: 办结, state: DONE, after: [accepted], mandatory: true, closes: true}
tasks:
  - id: A
    title: 户口迁移
    stage: first
    department: police
    kind: call
    operation: police.move
    start: accepted
    mandatory: true
    limit: {amount: 2, unit: WORKDAY}
    result: {movedOn: {title: 迁移日期, type: date, required: true}}
    compensation: {kind: call, title: 迁回, operation: police.move_back}
    law: 试行
  - id: B
    title: 水表过户
    stage: then
    department: water
    kind: human
    start: accepted
    needs: [A]
    when: {none: [rents]}
    evidence: [lease]
    compensation: {kind: human, title: 过回原户}
    law: 试行
  - id: C
    title: 转学
    stage: then
    department: school
    kind: answer
    waits_for: [school.moved.v1, grant.moved.v1]
    start: accepted
    when: [has_children]
    mandatory: true
    limit: {amount: 3, unit: DAY}
    compensation: {kind: answer, title: 转回, waits_for: [school.unmoved.v1]}
    law: 试行
"""


def moving() -> dict[str, Any]:
    """A small definition as data, to be bent by the tests."""
    data: dict[str, Any] = yaml.safe_load(MOVING)
    return data


def moving_definition() -> Definition:
    return parse(moving())


MOVING_WORDS = Vocabulary(
    events=frozenset({"school.moved.v1", "grant.moved.v1", "school.unmoved.v1"}),
    adapters=frozenset({"police.move", "police.move_back"}),
    facts=frozenset({"has_children", "rents"}),
    departments=frozenset({"police", "water", "school"}),
    roles=frozenset({"RESIDENT", "TOWN_CLERK"}),
    evidence=frozenset({"lease"}),
)
