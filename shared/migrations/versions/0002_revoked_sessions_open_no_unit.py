"""A unit of a revoked session does not open: refused by the statement that opens it, in the same round trip."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REFUSE = """
create function kernel.refuse_revoked(session text) returns void language plpgsql stable security definer
set search_path = kernel as $$ begin
    if exists (select 1 from revoked_session where session_id = session) then
        raise exception 'session revoked' using errcode = 'PU401';
    end if;
end $$
"""


def upgrade() -> None:
    """Add the refusal. `session_revoked`, the question, stays while processes of an older version may ask it."""
    op.execute(_REFUSE)


def downgrade() -> None:
    """Undo."""
    op.execute("drop function kernel.refuse_revoked(text)")
