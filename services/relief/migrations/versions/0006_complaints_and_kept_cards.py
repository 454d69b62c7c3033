"""Complaints; and cards kept by anybody are declared, and count like relatives on duty."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from shared.db.policies import protect
from shared.db.tables import Rows

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Complaints; and cards kept by anybody are declared, and count like relatives on duty."""
    op.create_table(
        "complaint",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("complainer", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.CheckConstraint("(answered_at is null) = (answer = '')", name=op.f("ck_complaint_answer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
    )
    op.create_index("ix_complaint_application", "complaint", ["application_id", "id"], unique=False)
    op.create_index("ix_complaint_area", "complaint", ["area_code", "due_on", "id"], unique=False)
    protect(op, "complaint", Rows(area="area_code"), "public")
    op.drop_constraint(op.f("ck_filing_party_duty"), "filing_party", type_="check")
    op.create_check_constraint(
        op.f("ck_filing_party_duty"), "filing_party", "duty in ('RELIEF_STAFF', 'VILLAGE_CADRE', 'OTHER')"
    )
    op.add_column("application", sa.Column("single_member_id", sa.Text(), server_default="", nullable=False))
    op.add_column("application", sa.Column("single_income_fen", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("application", "single_member_id", server_default=None)
    op.alter_column("application", "single_income_fen", server_default=None)
    op.add_column(
        "application_limit", sa.Column("is_provisional", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.alter_column("application_limit", "is_provisional", server_default=None)
    op.create_index(
        "ix_application_limit_provisional",
        "application_limit",
        ["id"],
        unique=False,
        postgresql_where="is_provisional and met_at is null",
    )
    op.add_column("filing", sa.Column("visited_on", sa.Date(), nullable=True))
    op.add_column("filing", sa.Column("visitors", sa.LargeBinary(), nullable=True))
    op.add_column("filing", sa.Column("visit_finding", sa.Text(), server_default="", nullable=False))
    op.alter_column("filing", "visit_finding", server_default=None)
    op.create_check_constraint(op.f("ck_filing_visited"), "filing", "visited_on is null or is_positive")
    op.create_index(
        "ix_filing_unvisited",
        "filing",
        ["area_code", "id"],
        unique=False,
        postgresql_where="is_current and is_positive and visited_on is null",
    )
    op.alter_column("application", "is_relative_filed", new_column_name="is_filed")
    op.drop_constraint(op.f("ck_spot_check_ground"), "spot_check", type_="check")
    op.execute("update spot_check set ground = 'FILED' where ground = 'RELATIVE'")
    op.create_check_constraint(op.f("ck_spot_check_ground"), "spot_check", "ground in ('RANDOM', 'FILED', 'COMPLAINT')")


def downgrade() -> None:
    """Undo."""
    op.drop_constraint(op.f("ck_spot_check_ground"), "spot_check", type_="check")
    op.execute("update spot_check set ground = 'RELATIVE' where ground = 'FILED'")
    op.create_check_constraint(
        op.f("ck_spot_check_ground"), "spot_check", "ground in ('RANDOM', 'RELATIVE', 'COMPLAINT')"
    )
    op.alter_column("application", "is_filed", new_column_name="is_relative_filed")
    op.drop_index("ix_filing_unvisited", table_name="filing")
    op.drop_constraint(op.f("ck_filing_visited"), "filing", type_="check")
    op.drop_column("filing", "visit_finding")
    op.drop_column("filing", "visitors")
    op.drop_column("filing", "visited_on")
    op.drop_column("application", "single_income_fen")
    op.drop_column("application", "single_member_id")
    op.drop_index("ix_application_limit_provisional", table_name="application_limit")
    op.drop_column("application_limit", "is_provisional")
    op.drop_constraint(op.f("ck_filing_party_duty"), "filing_party", type_="check")
    op.create_check_constraint(
        op.f("ck_filing_party_duty"), "filing_party", "duty in ('RELIEF_STAFF', 'VILLAGE_CADRE')"
    )
    op.drop_index("ix_complaint_area", table_name="complaint")
    op.drop_index("ix_complaint_application", table_name="complaint")
    op.drop_table("complaint")
