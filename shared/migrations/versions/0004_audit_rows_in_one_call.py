"""The audit rows of a unit in one call: its plan is kept, where a statement in the simple protocol is planned anew."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# With the caller's rights: what may be written is the policies' business.
_NOTE = """
create function kernel.note(notes jsonb) returns void language plpgsql as $$ begin
    insert into kernel.audit (id, at, account_id, role, session_id, area_code, org_id, action, outcome, code, subjects,
        case_id, purpose, reason, grade, count, trace_id, detail)
    select id, at, account_id, role, session_id, area_code, org_id, action, outcome, code, subjects,
        case_id, purpose, reason, grade, count, trace_id, detail
    from jsonb_to_recordset(notes) as note (id text, at timestamptz, account_id text, role text, session_id text,
        area_code text, org_id text, action text, outcome text, code text, subjects text[], case_id text, purpose text,
        reason text, grade text, count integer, trace_id text, detail jsonb);
end $$
"""


def upgrade() -> None:
    """Add the function."""
    op.execute(_NOTE)


def downgrade() -> None:
    """Undo."""
    op.execute("drop function kernel.note(jsonb)")
