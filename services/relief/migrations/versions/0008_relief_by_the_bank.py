"""Temporary relief by the bank."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Temporary relief by the bank."""
    op.add_column("temporary_case", sa.Column("entitlement_id", sa.Text(), nullable=True))
    op.create_index("uq_temporary_case_entitlement", "temporary_case", ["entitlement_id"], unique=True)


def downgrade() -> None:
    """Undo."""
    op.drop_index("uq_temporary_case_entitlement", table_name="temporary_case")
    op.drop_column("temporary_case", "entitlement_id")
