"""problem+json (RFC 9457): every refusal has a stable code, a Chinese sentence and, where it has one, the field."""

from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from shared.db.problems import Invalid, Problem
from shared.observability.traces import trace_id_of

_TITLES = {
    400: "请求格式错误",
    401: "未登录",
    403: "无权办理",
    404: "没有找到",
    405: "不支持的操作",
    409: "状态冲突",
    412: "记录已变更",
    413: "内容过大",
    415: "内容类型不支持",
    422: "内容不符合要求",
    429: "请求过于频繁",
    500: "系统错误",
    503: "暂时不可用",
}

# pydantic's error types in the words of the people who read them
_MESSAGES = {
    "missing": "此项必填",
    "extra_forbidden": "不支持的字段",
    "string_type": "应为文本",
    "string_too_short": "内容过短",
    "string_too_long": "内容过长",
    "string_pattern_mismatch": "格式不正确",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "bool_type": "应为是或否",
    "bool_parsing": "应为是或否",
    "date_type": "应为日期，格式如 2026-03-01",
    "date_parsing": "应为日期，格式如 2026-03-01",
    "date_from_datetime_parsing": "应为日期，格式如 2026-03-01",
    "date_from_datetime_inexact": "应为日期，格式如 2026-03-01",
    "datetime_type": "应为时间，格式如 2026-03-01T08:00:00Z",
    "datetime_parsing": "应为时间，格式如 2026-03-01T08:00:00Z",
    "datetime_from_date_parsing": "应为时间，格式如 2026-03-01T08:00:00Z",
    "timezone_aware": "时间应带时区",
    "literal_error": "取值不在允许范围内",
    "enum": "取值不在允许范围内",
    "list_type": "应为列表",
    "too_long": "项数过多",
    "too_short": "项数过少",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "json_invalid": "不是有效的 JSON",
    "json_type": "不是有效的 JSON",
    "greater_than": "数值过小",
    "greater_than_equal": "数值过小",
    "less_than": "数值过大",
    "less_than_equal": "数值过大",
    "string_unicode": "文本编码不正确",
}
_PLACES = {"body", "query", "path", "header", "cookie"}


def problem_response(problem: Problem, trace_id: str) -> JSONResponse:
    """The answer for a refusal."""
    body: dict[str, Any] = {
        "type": f"/problems/{problem.code}",
        "title": _TITLES.get(problem.status, "请求未能完成"),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "traceId": trace_id_of(trace_id),
    }
    if problem.errors:
        body["errors"] = problem.errors
    return JSONResponse(body, problem.status, headers=problem.headers, media_type="application/problem+json")


def is_json_fault(error: RequestValidationError) -> bool:
    """True when the body could not be read as JSON at all: 400, not 422."""
    return any(fault["type"] == "json_invalid" for fault in error.errors())


def validation_problem(error: RequestValidationError | ValidationError) -> Problem:
    """Name every faulty field in Chinese; at most 50 of them."""
    faults = field_errors(error.errors())
    first = faults[0] if faults else {"field": "", "message": ""}
    name = f"“{first['field']}”" if first["field"] else "内容"
    return Invalid("invalid_request", f"提交的{name}有误：{first['message']}", errors=faults)


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """`[{field, code, message}]` of pydantic's errors; a message of our own types is kept, theirs translated."""
    found = []
    for fault in list(errors)[:50]:
        place = [str(part) for part in fault["loc"] if part not in _PLACES][:8]
        kind = str(fault["type"])
        message = _MESSAGES.get(kind)
        if message is None:
            message = str(fault["msg"])
            if message.isascii():
                message = "取值不正确"
        found.append({"field": ".".join(place)[:200], "code": kind, "message": message})
    return found


def plain_problem(status: int, code: str, detail: str) -> Problem:
    """A refusal with a status that has no class of its own (405, 413, 415 …)."""
    kind = type("HttpProblem", (Problem,), {"status": status})
    return kind(code, detail)  # type: ignore[no-any-return]


def add_route_header(response: Response, template: str) -> Response:
    """Tell the gateway which route answered, so that its metrics never hold ids."""
    response.headers["X-Route"] = template
    return response
