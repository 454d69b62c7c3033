"""Verifications may be withdrawn."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATES = "'CREATED', 'AUTHORISED', 'QUERYING', 'PARTIAL', 'REPORTED', 'OBJECTED', 'RECHECKED'"


def upgrade() -> None:
    """Verifications may be withdrawn."""
    op.drop_constraint(op.f("ck_verification_state"), "verification", type_="check")
    op.create_check_constraint(op.f("ck_verification_state"), "verification", f"state in ({_STATES}, 'WITHDRAWN')")


def downgrade() -> None:
    """Undo."""
    op.drop_constraint(op.f("ck_verification_state"), "verification", type_="check")
    op.create_check_constraint(op.f("ck_verification_state"), "verification", f"state in ({_STATES})")
