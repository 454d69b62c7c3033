"""Collecting what was done for each task this service owes: T12, T15, T23."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from shared.contracts.settled import SettledEffect
from shared.money import format_yuan
from shared.payments import Change
from shared.payments.months import spoken

TASKS = ("T12", "T15", "T23")
_NOTHING = {"T12": "无在享补贴", "T15": "无床位、订单和设备", "T23": "不在帮扶、巡防、轮候名单中"}

Outcome = Literal["done", "nothing_to_do", "needs_human"]


@dataclass(slots=True)
class Answers:
    """The effects of a settled or unsettled event; a task without any gets its nothing_to_do."""

    person_id: str
    found: list[SettledEffect] = field(default_factory=list)

    def done(self, task: str, kind: str, object_id: str, reason: str) -> None:
        """Done by this service."""
        self._add(task, kind, object_id, "done", reason)

    def needs_human(self, task: str, kind: str, object_id: str, reason: str) -> None:
        """Somebody has to look."""
        self._add(task, kind, object_id, "needs_human", reason)

    def nothing(self, task: str, kind: str, object_id: str, reason: str) -> None:
        """Looked at, and left as it is."""
        self._add(task, kind, object_id, "nothing_to_do", reason)

    def _add(self, task: str, kind: str, object_id: str, outcome: Outcome, reason: str) -> None:
        self.found.append(SettledEffect(task=task, kind=kind, object=object_id, outcome=outcome, reason=reason))

    def whole(self) -> list[SettledEffect]:
        """Every task answered, in order."""
        answered = {effect.task for effect in self.found}
        empty = [
            SettledEffect(task=task, kind="look", object=self.person_id, outcome="nothing_to_do", reason=_NOTHING[task])
            for task in TASKS
            if task not in answered
        ]
        return sorted([*self.found, *empty], key=lambda effect: TASKS.index(effect.task))

    @staticmethod
    def stopped(first_month: date, changes: Sequence[Change]) -> str:
        """The sentence about an ended subsidy."""
        parts = [f"自{spoken(first_month)}起停发"]
        parts += _money(changes, "cancelled", "撤出待发批次{}元")
        parts += _money(changes, "stopped", "请求银行止付{}元")
        parts += _money(changes, "proposed", "建议追缴{}元")
        return "，".join(parts)

    @staticmethod
    def reopened(first_month: date, changes: Sequence[Change]) -> str:
        """The sentence about a subsidy given back."""
        parts = [f"自{spoken(first_month)}起恢复，不间断"]
        parts += _money(changes, "closed", "撤销追缴{}元")
        parts += _money(changes, "unstopped", "撤回止付{}元")
        return "，".join([*parts, "应补部分列入下一批次"])


def _money(changes: Sequence[Change], kind: str, words: str) -> list[str]:
    total = sum(change.amount_fen for change in changes if change.kind == kind)
    return [words.format(format_yuan(total))] if total else []
