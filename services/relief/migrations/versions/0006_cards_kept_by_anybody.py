"""Cards kept by anybody are declared, and count like relatives on duty."""

from alembic import op

revision = "0006"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cards kept by anybody are declared, and count like relatives on duty."""
    op.drop_constraint(op.f("ck_filing_party_duty"), "filing_party", type_="check")
    op.create_check_constraint(
        op.f("ck_filing_party_duty"), "filing_party", "duty in ('RELIEF_STAFF', 'VILLAGE_CADRE', 'OTHER')"
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
    op.drop_constraint(op.f("ck_filing_party_duty"), "filing_party", type_="check")
    op.create_check_constraint(
        op.f("ck_filing_party_duty"), "filing_party", "duty in ('RELIEF_STAFF', 'VILLAGE_CADRE')"
    )
