"""Alembic's entry for every lineage; the connection and the lineage come from `shared.db.migrate`."""

from alembic import context

config = context.config
settings = config.attributes
context.configure(
    connection=settings["connection"],
    target_metadata=settings.get("metadata"),
    version_table=settings["version_table"],
    version_table_schema=settings["schema"],
    include_schemas=True,
    include_name=settings.get("include_name"),
    compare_type=True,
    compare_server_default=False,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
