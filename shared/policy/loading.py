"""Reading `services/<name>/policy/<scheme>.yaml`. All that is doubtful is an error; all errors come at once.

    parameters:
      standard:                       # → key "dibao.standard" in the file dibao.yaml
        description: 低保月标准（每人）
        unit: fen
        values:
          - {from: 2020-01-01, area: "330903", value: 810_00, source: "plan 一(一)1", assumed: true}

`area` is a code or its significant digits and may be left out (everywhere); `assumed` too (false). Within
one area the days must ascend. Unknown keys are refused, so that a slip of the pen cannot go unseen.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

from shared.china import areas
from shared.china.errors import NumberError
from shared.documents import BadDocument, read_document
from shared.policy.parameters import Dated, Parameter, ParameterSet
from shared.policy.values import SCALAR_UNITS, UNITS, BadValue, Value, read

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_PARAMETER_KEYS = {"description", "unit", "columns", "values"}
_VALUE_KEYS = {"from", "area", "value", "source", "assumed"}


class PolicyError(ValueError):
    """What is wrong with the files, all of it."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


def load(folder: Path) -> ParameterSet:
    """All parameters of a service's policy folder; PolicyError lists every fault."""
    parameters: dict[str, Parameter] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        for parameter in _read_file(path, faults):
            parameters[parameter.key] = parameter
    if faults:
        raise PolicyError(faults)
    return ParameterSet(parameters)


def loads(text: str, scheme: str) -> ParameterSet:
    """The parameters of one file's text; for tests and previews."""
    faults: list[str] = []
    found = {parameter.key: parameter for parameter in _read_text(text, scheme, f"{scheme}.yaml", faults)}
    if faults:
        raise PolicyError(faults)
    return ParameterSet(found)


def _read_file(path: Path, faults: list[str]) -> list[Parameter]:
    scheme = path.stem.replace("-", "_")
    return _read_text(path.read_text(encoding="utf-8"), scheme, path.name, faults)


def _read_text(text: str, scheme: str, name: str, faults: list[str]) -> list[Parameter]:
    if not _NAME.fullmatch(scheme):
        faults.append(f"{name}: a scheme is named in lower-case letters, digits and _")
        return []
    try:
        document = read_document(text)
    except BadDocument as error:
        faults.append(f"{name}: {error}")
        return []
    if not isinstance(document, dict) or not isinstance(document.get("parameters"), dict):
        faults.append(f"{name}: no `parameters`")
        return []
    if extra := set(document) - {"title", "parameters"}:
        faults.append(f"{name}: unknown {_list(extra)}")
    found = []
    for key, raw in document["parameters"].items():
        reader = _Reader(f"{name}: {key}", faults)
        if not _NAME.fullmatch(str(key)):
            reader.fault("a parameter is named in lower-case letters, digits, _ and dots")
        elif (parameter := reader.parameter(f"{scheme}.{key}", raw)) is not None:
            found.append(parameter)
    return found


class _Reader:
    """Reads one parameter and notes what is wrong with it."""

    def __init__(self, place: str, faults: list[str]) -> None:
        self._place = place
        self._faults = faults

    def fault(self, message: str) -> None:
        self._faults.append(f"{self._place}: {message}")

    def parameter(self, key: str, raw: Any) -> Parameter | None:
        before = len(self._faults)
        if not isinstance(raw, dict):
            self.fault("needs description, unit and values")
            return None
        if extra := set(raw) - _PARAMETER_KEYS:
            self.fault(f"unknown {_list(extra)}")
        description, unit = raw.get("description"), raw.get("unit")
        if not isinstance(description, str) or not description:
            self.fault("has no description")
        if unit not in UNITS:
            self.fault(f"{unit!r} is no unit; units are {_list(UNITS)}")
            return None
        columns = self._columns(unit, raw.get("columns"))
        listed = raw.get("values")
        if not isinstance(listed, list) or not listed:
            self.fault("has no values")
            return None
        values = [value for item in listed if (value := self._value(unit, columns, item)) is not None]
        self._check_order(values)
        if len(self._faults) > before:
            return None
        return Parameter(key, str(description), unit, tuple(values), columns)

    def _columns(self, unit: str, raw: Any) -> dict[str, str] | None:
        if unit != "table":
            if raw is not None:
                self.fault("only a table has columns")
            return None
        if not isinstance(raw, dict) or not raw or not set(raw.values()) <= SCALAR_UNITS:
            self.fault("a table names its columns and the unit of each")
            return {}
        return {str(name): str(column) for name, column in raw.items()}

    def _value(self, unit: str, columns: dict[str, str] | None, raw: Any) -> Dated | None:
        if not isinstance(raw, dict):
            self.fault("each value is {from, area, value, source, assumed}")
            return None
        from_date, source, assumed = raw.get("from"), raw.get("source"), raw.get("assumed", False)
        where = f"from {from_date}"
        if extra := set(raw) - _VALUE_KEYS:
            self.fault(f"{where}: unknown {_list(extra)}")
        if not isinstance(from_date, date) or isinstance(from_date, datetime):
            self.fault(f"{from_date!r} is no day; write 2020-01-01")
            return None
        if not isinstance(source, str) or not source.strip():
            self.fault(f"{where}: has no source")
        if not isinstance(assumed, bool):
            self.fault(f"{where}: assumed is true or false")
        area = self._area(where, raw.get("area", ""))
        value: Value
        try:
            value = read(unit, raw.get("value"), columns)
        except BadValue as error:
            self.fault(f"{where}: {error}")
            return None
        return Dated(from_date, area, value, str(source), bool(assumed))

    def _area(self, where: str, raw: Any) -> str:
        if raw == "":
            return ""
        try:
            return areas.prefix(raw if isinstance(raw, str) else "")
        except NumberError:
            self.fault(f"{where}: {raw!r} is no area; write its digits in quotes")
            return ""

    def _check_order(self, values: list[Dated]) -> None:
        last: dict[str, date] = {}
        for value in values:
            before = last.get(value.area)
            if before == value.from_date:
                self.fault(f"two values overlap from {value.from_date} in {value.area or 'every area'}")
            elif before is not None and before > value.from_date:
                self.fault(f"unsorted: {value.from_date} stands after {before}")
            last[value.area] = value.from_date


def _list(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))
