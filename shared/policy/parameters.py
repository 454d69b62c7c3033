"""Parameters of law: values by date and area, each with its source (design §7).

A `ParameterSet` is all parameters of one service as they were at one moment of its files; its `digest` is
its name. Decisions keep the digest, the sets are kept by digest: so an old decision can be replayed with the
values it was made with, whatever the files say today.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from shared.db.problems import Invalid
from shared.policy.values import Table, Value, plain, read
from shared.security.crypto import sm3

_DIGEST_HEX = 32  # 128 bits of SM3: no two sets will ever share it, and a million decisions carry it


class UnknownParameter(LookupError):
    """No file names this parameter."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"no parameter {key!r}")


class NoValue(Invalid):
    """The parameter exists, but nothing is in force on that date in that area: 422, the date was ill chosen."""

    code = "no_policy_on_date"

    def __init__(self, key: str, on: date, area: str) -> None:
        self.key = key
        super().__init__(detail=f"政策参数 {key} 在 {on} 没有适用的规定")
        self.add_note(f"area {area}")


@dataclass(frozen=True, slots=True)
class Dated:
    """One value in force from a day on, in an area and below. `area` is a prefix; "" is everywhere."""

    from_date: date
    area: str
    value: Value
    source: str
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter and all values it ever had, by area and then by date."""

    key: str
    description: str
    unit: str
    values: tuple[Dated, ...]
    columns: Mapping[str, str] | None = None

    def at(self, on: date, area: str) -> Dated:
        """The value in force: of the most specific area that has one by then, the latest. Else NoValue."""
        best: Dated | None = None
        for candidate in self.values:
            if candidate.from_date <= on and area.startswith(candidate.area):
                rank = (len(candidate.area), candidate.from_date)
                if best is None or rank > (len(best.area), best.from_date):
                    best = candidate
        if best is None:
            raise NoValue(self.key, on, area)
        return best

    def series(self, area: str) -> list[Dated]:
        """How the value in force in `area` changed over time, oldest first."""
        days = sorted({value.from_date for value in self.values if area.startswith(value.area)})
        found: list[Dated] = []
        for day in days:
            current = self.at(day, area)
            if not found or found[-1] is not current:
                found.append(current)
        return found


@dataclass(frozen=True, slots=True)
class Cited:
    """A value as a decision used it: enough to quote it."""

    key: str
    description: str
    unit: str
    value: Value
    from_date: date
    area: str
    source: str
    assumed: bool


class ParameterSet:
    """All parameters of a service. Immutable; equal content has an equal `digest`."""

    def __init__(self, parameters: Mapping[str, Parameter], *, hypothetical: bool = False) -> None:
        self.parameters: Mapping[str, Parameter] = dict(sorted(parameters.items()))
        self.hypothetical = hypothetical
        """Made by `with_value`: nothing decided with it may be kept."""
        self._views: dict[tuple[date, str], InForce] = {}

    @cached_property
    def digest(self) -> str:
        """The set's name: the first 128 bits of the SM3 of its content, in hex."""
        return sm3(self.content.encode()).hex()[:_DIGEST_HEX]

    @cached_property
    def content(self) -> str:
        """Canonical JSON; `from_content` reads it back to an equal set."""
        whole = {key: _parameter_out(parameter) for key, parameter in self.parameters.items()}
        return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_content(cls, content: str) -> ParameterSet:
        """A set kept earlier."""
        return cls({key: _parameter_in(key, raw) for key, raw in json.loads(content).items()})

    def __getitem__(self, key: str) -> Parameter:
        try:
            return self.parameters[key]
        except KeyError:
            raise UnknownParameter(key) from None

    def __contains__(self, key: object) -> bool:
        return key in self.parameters

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters.values())

    def at(self, on: date, area: str) -> InForce:
        """What is in force on a day in an area: `parameters.at(day, area)["dibao.standard"]`."""
        view = self._views.get((on, area))
        if view is None:
            if len(self._views) > 1024:  # a bound, not a tuning
                self._views.clear()
            view = self._views[on, area] = InForce(self, on, area)
        return view

    def with_value(
        self, key: str, value: Value, *, from_date: date, area: str = "", source: str = "假设"
    ) -> ParameterSet:
        """This set with one value added or replaced: for "what if", never for the books (`hypothetical`)."""
        parameter = self[key]
        checked = read(parameter.unit, _raw(value), parameter.columns)
        kept = [old for old in parameter.values if (old.area, old.from_date) != (area, from_date)]
        values = sorted([*kept, Dated(from_date, area, checked, source, assumed=True)], key=_order)
        changed = {**self.parameters, key: replace(parameter, values=tuple(values))}
        return ParameterSet(changed, hypothetical=True)


class InForce(Mapping[str, Value]):
    """The values in force on one day in one area; looked up once each."""

    def __init__(self, parameters: ParameterSet, on: date, area: str) -> None:
        self.parameters = parameters
        self.on = on
        self.area = area
        self._cited: dict[str, Cited] = {}

    def cite(self, key: str) -> Cited:
        """The value with the words to quote it; raises UnknownParameter or NoValue."""
        cited = self._cited.get(key)
        if cited is None:
            parameter = self.parameters[key]
            value = parameter.at(self.on, self.area)
            cited = self._cited[key] = Cited(
                key,
                parameter.description,
                parameter.unit,
                value.value,
                value.from_date,
                value.area,
                value.source,
                value.assumed,
            )
        return cited

    def __getitem__(self, key: str) -> Value:
        return self.cite(key).value

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters.parameters)

    def __len__(self) -> int:
        return len(self.parameters.parameters)

    def fen(self, key: str) -> int:
        """An amount in fen."""
        return self._whole(key, "fen")

    def whole(self, key: str) -> int:
        """A whole number of any unit but money: counts, months, days."""
        return self._whole(key, None)

    def ratio(self, key: str) -> Decimal:
        """An exact ratio."""
        value = self[key]
        if not isinstance(value, Decimal):
            raise TypeError(f"{key} is not a ratio")
        return value

    def flag(self, key: str) -> bool:
        """A switch."""
        value = self[key]
        if not isinstance(value, bool):
            raise TypeError(f"{key} is not a flag")
        return value

    def text(self, key: str) -> str:
        """A code or a text."""
        value = self[key]
        if not isinstance(value, str):
            raise TypeError(f"{key} is not a text")
        return value

    def table(self, key: str) -> Table:
        """A table."""
        value = self[key]
        if not isinstance(value, Table):
            raise TypeError(f"{key} is not a table")
        return value

    def _whole(self, key: str, unit: str | None) -> int:
        cited = self.cite(key)
        is_money = cited.unit == "fen"
        if not isinstance(cited.value, int) or isinstance(cited.value, bool) or is_money != (unit == "fen"):
            raise TypeError(f"{key} is in {cited.unit}")
        return cited.value


def _order(value: Dated) -> tuple[str, date]:
    return value.area, value.from_date


def _raw(value: Value) -> Any:
    return [dict(row) for row in value] if isinstance(value, Table) else value


def _parameter_out(parameter: Parameter) -> dict[str, Any]:
    written: dict[str, Any] = {
        "description": parameter.description,
        "unit": parameter.unit,
        "values": [
            {
                "from": value.from_date.isoformat(),
                "area": value.area,
                "value": plain(value.value),
                "source": value.source,
                "assumed": value.assumed,
            }
            for value in sorted(parameter.values, key=_order)
        ],
    }
    if parameter.columns:
        written["columns"] = dict(parameter.columns)
    return written


def _parameter_in(key: str, raw: Mapping[str, Any]) -> Parameter:
    unit, columns = raw["unit"], raw.get("columns")
    values = tuple(
        Dated(
            date.fromisoformat(value["from"]),
            value["area"],
            read(unit, value["value"], columns),
            value["source"],
            value["assumed"],
        )
        for value in raw["values"]
    )
    return Parameter(key, raw["description"], unit, values, columns)
