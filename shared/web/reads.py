"""Routes without a body, called without what FastAPI does for endpoints of every kind: a tenth of what a read costs.

The parameters are FastAPI's, as are their checks, errors and description; what is left out is the search, at each
call, for what an endpoint might have asked for. A route that asks for more than is known here stays FastAPI's.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast

from fastapi._compat import field_annotation_is_sequence
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

Answering = Callable[[Request], Awaitable[Response]]
_Given = Callable[..., Awaitable[Any]]
Arguments = Callable[[Request], Awaitable[tuple[dict[str, Any], list[Any]]]]


def short_way(route: APIRoute) -> Answering | None:
    """What answers this route's calls; None where only FastAPI can."""
    arguments, answer = arguments_of(route.dependant), route.response_field
    if arguments is None or answer is None or not isinstance(route.response_class, DefaultPlaceholder):
        return None
    status = route.status_code or 200

    async def answering(request: Request) -> Response:
        values, faults = await arguments(request)
        if faults:
            raise RequestValidationError(faults)
        said, faults = answer.validate(await route.endpoint(**values), {}, loc=("response",))
        if faults:
            raise ResponseValidationError(faults)
        return Response(answer.serialize_json(said), status, media_type="application/json")

    return answering


def arguments_of(wants: Dependant) -> Arguments | None:
    """What gathers these parameters of a request, and what is wrong with them; None where only FastAPI can."""
    if _asks_for_more(wants) or not all(map(_is_given, wants.dependencies)):
        return None
    given = [(str(one.name), cast(_Given, one.call), str(one.request_param_name)) for one in wants.dependencies]
    model = wants.query_params[0] if len(wants.query_params) == 1 else None
    if model is not None and not _is_plain_model(model.field_info.annotation):
        model = None

    async def gather(request: Request) -> tuple[dict[str, Any], list[Any]]:
        values, faults = request_params_to_args(wants.path_params, request.path_params)
        for name, of, parameter in given:
            values[name] = await of(**{parameter: request})
        if model is not None:
            values[model.name], found = model.validate(dict(request.query_params), {}, loc=("query",))
        else:
            more, found = request_params_to_args(wants.query_params, request.query_params)
            values |= more
        return values, faults + found

    return gather


def _asks_for_more(wants: Dependant) -> bool:
    named: list[object] = [wants.request_param_name, wants.response_param_name, wants.background_tasks_param_name]
    named += [wants.http_connection_param_name, wants.security_scopes_param_name, wants.websocket_param_name]
    return any([*named, wants.body_params, wants.header_params, wants.cookie_params])


def _is_given(one: Dependant) -> bool:
    """Whether it is a coroutine function of the request and of nothing else."""
    asked: list[object] = [one.path_params, one.query_params, one.header_params, one.cookie_params, one.body_params]
    return iscoroutinefunction(one.call) and bool(one.request_param_name) and not any([*asked, one.dependencies])


def _is_plain_model(kind: Any) -> bool:
    """Whether it is a model without lists: a name that is given twice counts once."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return False
    return not any(field_annotation_is_sequence(field.annotation) for field in kind.model_fields.values())
