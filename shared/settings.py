"""What a deployment may set. One class, read from the environment (`PUYOU_…`); the settings table in
docs/operations is generated from it.

Outside `dev` a process refuses to start with secrets that were generated for it (design §3).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one process. Every field has a default that is right for `make demo`."""

    model_config = SettingsConfigDict(env_prefix="PUYOU_", extra="ignore", frozen=True)

    env: Literal["dev", "test", "prod"] = Field("dev", description="`dev` shows the demo accounts and the clock")
    home: Path = Field(Path(".puyou"), description="folder of data, keys and story.json")
    host: str = Field("127.0.0.1", description="address this process listens on; embedded, the gateway")
    port: int = Field(8080, ge=0, le=65535, description="port this process listens on; 0 takes a free one")
    listen_fd: int | None = Field(
        None, description="a listening socket this process inherits, instead of host and port"
    )
    status_fd: int | None = Field(None, description="a pipe this process inherits and tells `ready` and `leaving`")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level that is logged")
    database_host: str = Field("127.0.0.1", description="address of the PostgreSQL server")
    database_port: int = Field(5432, description="port of the PostgreSQL server")
    database_prefix: str = Field(
        "puyou", pattern=r"^[a-z][a-z0-9_]{0,30}$", description="prefix of databases, logins, exchange and queues"
    )
    database_password: str = Field("", description="password of every service login")
    database_admin: str = Field(
        "postgresql://postgres@127.0.0.1:5432/postgres",
        description="an administrator's address on that server: for `migrate`, and for `make distributed`",
    )
    api_connections: int = Field(8, ge=1, description="connections a service keeps for requests, opened as needed")
    worker_connections: int = Field(4, ge=1, description="connections a service keeps for events and jobs")
    pool_wait_seconds: float = Field(5.0, gt=0, description="how long a request waits for a connection before 503")
    broker_url: str = Field(
        "", description="RabbitMQ, amqp://user:password@host:port/; empty: events stay in the process"
    )
    keys_file: Path | None = Field(
        None, description="the secrets of one service, for a process of its own; else keys/<service>.json under home"
    )
    keyring_file: Path | None = Field(None, description="secrets; in dev made at first start under home")
    demo_password: str = Field("puyou-demo", description="password of the demo accounts (dev only)")
    body_limit_bytes: int = Field(2_000_000, ge=1_000, description="largest request body a service reads")
    file_limit_bytes: int = Field(
        10_000_000, ge=1_000, description="largest file a service takes (evidence, photographs)"
    )
    poll_seconds: float = Field(1.0, gt=0, description="slow poll of outbox, inbox, timers and calls")
    departments_url: str = Field("", description="base address of the outside departments' exchange")

    @property
    def is_dev(self) -> bool:
        """Demo accounts, the movable clock and generated secrets exist only here."""
        return self.env in ("dev", "test")

    @property
    def keyring_path(self) -> Path:
        """Where the secrets lie."""
        return self.keyring_file or self.home / "keyring.json"

    def keys_path(self, service: str) -> Path:
        """Where the secrets of this service's processes lie."""
        return self.keys_file or self.home / "keys" / f"{service}.json"
