"""PostgreSQL as the services see it: tables, row scopes, the unit of work, migrations (design §4)."""

from shared.db.database import Database
from shared.db.problems import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthorised, Unavailable
from shared.db.tables import AreaCodeText, KernelBase, Rows, new_registry, table_of
from shared.db.unit import UnitOfWork

__all__ = [
    "AreaCodeText",
    "Conflict",
    "Database",
    "Forbidden",
    "Invalid",
    "KernelBase",
    "NotFound",
    "Problem",
    "Rows",
    "Unauthorised",
    "Unavailable",
    "UnitOfWork",
    "new_registry",
    "table_of",
]
