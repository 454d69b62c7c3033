"""Refusals of the engine as the answers callers get."""

from __future__ import annotations

from shared.db.problems import Conflict, Forbidden, Invalid, NotFound, Problem
from shared.onething.rules import Refusal


class MatterNotFound(NotFound):
    code = "matter_not_found"
    detail = "没有找到该事项"


class DefinitionChanged(RuntimeError):
    """A published version was edited, or its file is gone: matters pin what they were opened with."""


def problem_of(found: Refusal) -> Problem:
    """The answer a refusal stands for: 404, 403, 422 or 409."""
    if found.fields:
        errors = [
            {"field": f"result.{fault.field}", "code": fault.code, "message": fault.message} for fault in found.fields
        ]
        return Invalid(found.code, found.detail, errors=errors)
    if found.code == "task_unknown":
        return NotFound(found.code, found.detail)
    if found.code == "task_not_permitted":
        return Forbidden(found.code, found.detail)
    if found.code.endswith(("_unknown", "_required", "_invalid")):
        return Invalid(found.code, found.detail)
    return Conflict(found.code, found.detail)
