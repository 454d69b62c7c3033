"""What brain's routes need beyond their unit of work: the token signer, the password hasher, the person key."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from shared.policy import ParameterSet, load
from shared.security.keys import ServiceKeys
from shared.security.passwords import CHEAP, PasswordCost, Passwords
from shared.security.person_key import PersonKey
from shared.security.tokens import TokenSigner
from shared.settings import Settings

PARAMETERS = load(Path(__file__).parent / "policy")
"""All dated parameters of brain."""


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """How sign-in is held on one day (等保 8.1.4.1); see policy/sign_in.yaml."""

    failures: int
    lock: timedelta
    idle: timedelta
    session: timedelta
    step: timedelta
    enrolment: timedelta
    password: timedelta

    @classmethod
    def on(cls, day: date, parameters: ParameterSet = PARAMETERS) -> "SignInLimits":
        """The limits in force."""
        value = parameters.at(day, "").whole
        return cls(
            failures=value("sign_in.failures"),
            lock=timedelta(minutes=value("sign_in.lock_minutes")),
            idle=timedelta(minutes=value("sign_in.idle_minutes")),
            session=timedelta(hours=value("sign_in.session_hours")),
            step=timedelta(minutes=value("sign_in.step_minutes")),
            enrolment=timedelta(days=value("sign_in.enrolment_days")),
            password=timedelta(days=value("sign_in.password_days")),
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """Made once when the service is built; only brain holds these keys."""

    signer: TokenSigner
    passwords: Passwords
    person_key: PersonKey
    is_dev: bool


def prepare(app: FastAPI, settings: Settings, keys: ServiceKeys) -> None:
    """Put the desk on the app. Raises when brain was given neither the signing nor the person key."""
    if keys.person_key is None:
        raise ValueError("brain takes ID numbers and needs the person key")
    cost = CHEAP if settings.env == "test" else PasswordCost()
    app.state.desk = Desk(
        TokenSigner(keys.token_keys), Passwords(cost), PersonKey(keys.person_key), is_dev=settings.is_dev
    )


async def desk_of(request: Request) -> Desk:
    """The desk of the app that answers this request."""
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(desk_of)]
"""Endpoint parameter."""
