"""What goes over the wire about accounts and sign-in."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.china.areas import AreaCode
from shared.db.principals import Role
from shared.ids import PersonId, UuidStr
from shared.security.masking import PersonNameIn
from shared.web import Wire
from shared.web.wire import ShortText

Secret = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=False)]
"""A password or token as typed; what may be chosen as a password is checked where it is chosen."""

Username = Annotated[str, StringConstraints(min_length=3, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class SignInIn(Wire):
    """`provider` names the way to sign in; `local` takes user name, password and, where enrolled, a code."""

    provider: Literal["local"]
    username: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    password: Secret
    code: Annotated[str, StringConstraints(max_length=20)] | None = None


class TokensOut(Wire):
    """`expiresIn` is the access token's life in seconds; the refresh token is good once."""

    access_token: str
    refresh_token: str
    expires_in: int


class StepProblem(Wire):
    """The sign-in stopped: problem+json with a token for the one step that is missing."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    trace_id: str
    step_token: str
    expires_in: int


class RefreshIn(Wire):
    refresh_token: Secret


class StepIn(Wire):
    step_token: Secret


class EnrolmentOut(Wire):
    """Show `uri` as a QR code; it holds the secret and is given once."""

    uri: str
    username: str


class ConfirmIn(Wire):
    step_token: Secret
    code: Annotated[str, StringConstraints(min_length=6, max_length=20)]
    new_password: Secret


class RenewIn(Wire):
    step_token: Secret
    new_password: Secret


class PasswordIn(Wire):
    old_password: Secret
    new_password: Secret


class Me(Wire):
    """The caller, in her post of today."""

    account_id: str
    username: str
    name: str = Field(description="本人姓名，只对本人显示")
    role: Role
    area_code: str
    org_id: str
    person_id: str
    session_id: str


class AccountIn(Wire):
    """An account to make. The initial password is replaced when the holder enrols the second factor."""

    username: Username
    name: PersonNameIn
    area_code: AreaCode
    initial_password: Secret
    person_id: PersonId | None = None


class AccountOut(Wire):
    """An account as administrators see it: no names, no persons."""

    id: str
    username: str
    area_code: str
    is_demo: bool
    is_locked: bool
    lock_reason: str | None
    is_closed: bool
    created_at: datetime


class ReasonIn(Wire):
    reason: ShortText


class ResetIn(Wire):
    initial_password: Secret
    reason: ShortText


class AppointIn(Wire):
    """A post from a day on. `areaCode` is the unit's where it is left out, `orgId` the unit."""

    unit_id: ShortText
    role: Role
    from_date: date
    area_code: AreaCode | None = None
    org_id: ShortText | None = None


class EndPostIn(Wire):
    """`onDate` is the first day without the post."""

    post_id: UuidStr
    on_date: date


class PostChangedOut(Wire):
    """The post after the change."""

    id: str
    account_id: str
    unit_id: str
    role: Role
    area_code: str
    org_id: str
    valid_from: date
    valid_to: date | None
