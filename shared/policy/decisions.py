"""Decisions that explain themselves: a pure function of (facts, parameters at a date).

    book = RuleBook("relief")

    @book.rule("relief.dibao", version=1, facts=DibaoFacts)
    def dibao(facts: DibaoFacts, law: Law, why: Reasons) -> Outcome:
        standard = law.fen("dibao.standard")
        why.because("dibao.difference", f"低保标准每月{format_yuan(standard)}元", result=…, source="MLG 23")
        return Outcome("granted", amount_fen=…)

What is kept of a decision is its input (`Stored`); the sentences come back by `replay`. A changed rule is a
new version beside the old one, which stays as long as decisions made with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel

from shared.policy.parameters import Cited, InForce, ParameterSet
from shared.policy.values import Table

Facts = TypeVar("Facts", bound=BaseModel)
Facts_contra = TypeVar("Facts_contra", bound=BaseModel, contravariant=True)
Fact: TypeAlias = int | str | bool | Decimal | date | None


class UnknownRule(LookupError):
    """A decision names a rule or version that this code no longer has."""


class ReplayDiffers(RuntimeError):
    """A replay gave another answer: a rule was changed without a new version, or the row was changed."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the reasoning, with the parameters first used in it."""

    rule: str
    inputs: Mapping[str, Fact]
    result: Fact
    source: str
    sentence: str
    parameters: tuple[Cited, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule says: a code such as `granted`, and the money where there is any, in fen."""

    code: str
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored form: enough to decide again, nothing that can be derived. `facts` is JSON."""

    rule: str
    version: int
    facts: Mapping[str, Any]
    parameter_set: str
    on: date
    area: str
    outcome: str
    amount_fen: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome with its ordered reasons. A proposal until a person confirms it (PIPL 24)."""

    rule: str
    version: int
    title: str
    facts: Mapping[str, Any]
    parameter_set: str
    on: date
    area: str
    outcome: str
    amount_fen: int | None
    reasons: tuple[Reason, ...]

    def stored(self) -> Stored:
        """Without the reasons."""
        return Stored(
            self.rule,
            self.version,
            self.facts,
            self.parameter_set,
            self.on,
            self.area,
            self.outcome,
            self.amount_fen,
        )


class Law:
    """The parameters in force as a rule reads them; what is read is quoted in the next reason."""

    def __init__(self, in_force: InForce) -> None:
        self.on = in_force.on
        self.area = in_force.area
        self._in_force = in_force
        self._read: dict[str, Cited] = {}
        self._quoted: set[str] = set()

    def fen(self, key: str) -> int:
        """An amount in fen."""
        self._note(key)
        return self._in_force.fen(key)

    def whole(self, key: str) -> int:
        """A count, or a number of months, days, years …"""
        self._note(key)
        return self._in_force.whole(key)

    def ratio(self, key: str) -> Decimal:
        """An exact ratio."""
        self._note(key)
        return self._in_force.ratio(key)

    def flag(self, key: str) -> bool:
        """A switch."""
        self._note(key)
        return self._in_force.flag(key)

    def text(self, key: str) -> str:
        """A code or a text."""
        self._note(key)
        return self._in_force.text(key)

    def table(self, key: str) -> Table:
        """A table."""
        self._note(key)
        return self._in_force.table(key)

    def quote_new(self) -> tuple[Cited, ...]:
        """What was read since the last call and not quoted before, in order."""
        new = tuple(cited for key, cited in self._read.items() if key not in self._quoted)
        self._quoted.update(self._read)
        return new

    def _note(self, key: str) -> None:
        self._read.setdefault(key, self._in_force.cite(key))


@dataclass(slots=True)
class Reasons:
    """Where a rule writes down its steps, in order."""

    law: Law
    steps: list[Reason] = field(default_factory=list)

    def because(self, rule: str, sentence: str, *, result: Fact, source: str, **inputs: Fact) -> None:
        """One step: the rule applied, its inputs, what came out, the article, the sentence people read."""
        self.steps.append(Reason(rule, inputs, result, source, sentence, self.law.quote_new()))

    def close(self) -> tuple[Reason, ...]:
        """All steps. Parameters read after the last one belong to it."""
        late = self.law.quote_new()
        if late and self.steps:
            last = self.steps[-1]
            together = (*last.parameters, *late)
            self.steps[-1] = Reason(last.rule, last.inputs, last.result, last.source, last.sentence, together)
        return tuple(self.steps)


class Evaluate(Protocol[Facts_contra]):
    """A rule's function: no clock, no database, no chance."""

    def __call__(self, facts: Facts_contra, law: Law, why: Reasons, /) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Rule(Generic[Facts]):
    """One version of one rule."""

    id: str
    version: int
    title: str
    facts: type[Facts]
    evaluate: Callable[[Facts, Law, Reasons], Outcome]


class RuleBook:
    """The rules of one service, every version of them."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._rules: dict[tuple[str, int], Rule[Any]] = {}

    def rule(
        self, rule_id: str, *, version: int, title: str, facts: type[Facts]
    ) -> Callable[[Evaluate[Facts]], Rule[Facts]]:
        """Enter a function as this version of the rule. Versions stay; a change is the next number."""

        def enter(evaluate: Evaluate[Facts]) -> Rule[Facts]:
            if (rule_id, version) in self._rules:
                raise ValueError(f"{rule_id} has two versions {version}")
            rule = self._rules[rule_id, version] = Rule(rule_id, version, title, facts, evaluate)
            return rule

        return enter

    def find(self, rule_id: str, version: int) -> Rule[Any]:
        """The rule as it was in that version, or UnknownRule."""
        try:
            return self._rules[rule_id, version]
        except KeyError:
            raise UnknownRule(f"{self.service} has no {rule_id} in version {version}") from None

    def __iter__(self) -> Iterator[Rule[Any]]:
        return iter(self._rules.values())


def decide(rule: Rule[Facts], facts: Facts, parameters: ParameterSet, on: date, area: str) -> Decision:
    """Decide for a day and an area. The same arguments always give the same decision.

    Raises NoValue when the law has no value for that day, whatever the rule raises otherwise.
    """
    law = Law(parameters.at(on, area))
    why = Reasons(law)
    outcome = rule.evaluate(facts, law, why)
    return Decision(
        rule.id,
        rule.version,
        rule.title,
        facts.model_dump(mode="json"),
        parameters.digest,
        on,
        area,
        outcome.code,
        outcome.amount_fen,
        why.close(),
    )


def replay(stored: Stored, book: RuleBook, parameters: ParameterSet) -> Decision:
    """The decision again, with the rule version and the parameter set it was made with, sentences included.

    `parameters` is the set named by `stored.parameter_set`. Raises UnknownRule, or ReplayDiffers when the
    answer is not the one that was given.
    """
    if parameters.digest != stored.parameter_set:
        raise ValueError(f"the decision was made with parameter set {stored.parameter_set}")
    rule = book.find(stored.rule, stored.version)
    decision = decide(rule, rule.facts.model_validate(stored.facts), parameters, stored.on, stored.area)
    if (decision.outcome, decision.amount_fen) != (stored.outcome, stored.amount_fen):
        raise ReplayDiffers(
            f"{stored.rule} v{stored.version} on {stored.on}: stored {stored.outcome} {stored.amount_fen},"
            f" replayed {decision.outcome} {decision.amount_fen}"
        )
    return decision
