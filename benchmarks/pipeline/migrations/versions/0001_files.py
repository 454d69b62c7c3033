"""Files that go from one step to the next."""

import sqlalchemy as sa
from alembic import op

from shared.db.policies import protect
from shared.db.tables import Rows

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Files that go from one step to the next."""
    op.create_table(
        "file",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
    )
    protect(op, "file", Rows(area="area_code"), "public")


def downgrade() -> None:
    """Undo."""
    op.drop_table("file")
