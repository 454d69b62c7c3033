"""What a deployment may set at the door (`PUYOU_GATEWAY_…`). Every default is right for `make demo`."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from limits import parse
from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.upstreams import Policy

Network = IPv4Network | IPv6Network
ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.:\[\]_-]+$")]

# Here passwords and codes can be guessed.
_SIGN_IN = frozenset(
    f"/api/brain/auth/{step}" for step in ("sign-in", "second-factor/enrol", "second-factor/confirm", "password/renew")
)
_NEAR = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")


class GatewaySettings(BaseSettings):
    """Settings of the gateway. Rates are written `<number>/<second|minute|hour>`; times are seconds."""

    model_config = SettingsConfigDict(env_prefix="PUYOU_GATEWAY_", extra="ignore", frozen=True)

    upstreams: dict[ServiceName, Address] = Field(
        default_factory=dict,
        description='services that run elsewhere, as JSON: {"brain": "http://127.0.0.1:9001"}; all others are mounted',
    )
    public_paths: frozenset[str] = Field(
        _SIGN_IN
        | {
            "/api/brain/auth/refresh",
            "/api/eldercare/beds/by-code/{code}/public",
            "/api/relief/publicity",
            "/api/relief/publicity/{notice_id}",
        },
        description="paths of services that need no token; `{…}` stands for one segment",
    )
    sign_in_paths: frozenset[str] = Field(
        _SIGN_IN,
        description="public paths where secrets are guessed: held to the stricter rate",
    )
    body_limit_bytes: int = Field(20_000_000, ge=1_000, description="largest request body let through")
    account_rate: str = Field("1200/minute", description="calls of one signed-in account")
    address_rate: str = Field("600/minute", description="calls without a valid token from one address")
    sign_in_rate: str = Field("30/minute", description="attempts to sign in from one address")
    rate_entries: int = Field(500_000, ge=1_000, description="calls remembered for the rates, all callers together")
    connections: int = Field(100, ge=1, description="calls under way at once to one service")
    queue_seconds: float = Field(5.0, gt=0, description="longest wait for one of those places before 503")
    connect_seconds: float = Field(2.0, gt=0, description="longest wait for a connection to a service")
    first_byte_seconds: float = Field(30.0, gt=0, description="longest wait for an answer to begin")
    whole_seconds: float = Field(300.0, gt=0, description="longest time of one call, streams included")
    retry_seconds: float = Field(0.5, ge=0, description="how long a call that reached nobody is tried again")
    documents_seconds: float = Field(10.0, ge=0, description="how long the merged OpenAPI document is kept")
    ready_seconds: float = Field(2.0, gt=0, description="longest wait for a service to say it is ready")
    drain_seconds: float = Field(20.0, ge=0, description="at shutdown, longest wait for calls under way")
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="reverse proxies in front, as JSON networks: whom their X-Forwarded-For names is the caller",
    )
    metrics_networks: tuple[Network, ...] = Field(
        tuple(_network for _network in _NEAR),
        validate_default=True,
        description="networks that may read /metrics; for all others it is not there",
    )

    @field_validator("account_rate", "address_rate", "sign_in_rate")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        parse(value)  # raises ValueError
        return value

    def with_dev_clock(self) -> "GatewaySettings":
        """The same, with the page that moves the suite's clock open to everybody: dev only."""
        return self.model_copy(update={"public_paths": self.public_paths | {"/api/dev/clock"}})

    @property
    def policy(self) -> Policy:
        """What an upstream without a policy of its own is held to."""
        return Policy(
            connections=self.connections,
            queue=self.queue_seconds,
            connect=self.connect_seconds,
            first_byte=self.first_byte_seconds,
            whole=self.whole_seconds,
            retry=self.retry_seconds,
        )
