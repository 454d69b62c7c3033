"""What the routes need beyond their unit of work: the person key, for applications that come with an identity card."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from shared.security.keys import ServiceKeys
from shared.security.person_key import PersonKey
from shared.settings import Settings


def prepare(app: FastAPI, _settings: Settings, keys: ServiceKeys) -> None:
    """Put the key on the app. Raises when relief was not given it."""
    if keys.person_key is None:
        raise ValueError("relief takes ID numbers and needs the person key")
    app.state.person_key = PersonKey(keys.person_key)


async def _key(request: Request) -> PersonKey:
    key: PersonKey = request.app.state.person_key
    return key


PersonKeyOf = Annotated[PersonKey, Depends(_key)]
"""Endpoint parameter."""
