"""Applications and their supervision."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from shared.db.policies import protect
from shared.db.tables import Rows

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applications and their supervision."""
    op.create_table(
        "application",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("applicant_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("composition_id", sa.Text(), nullable=False),
        sa.Column("alone_id", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("authorised_by", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("received_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("correction", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("verified_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("over_limit", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("within_property", sa.Boolean(), nullable=True),
        sa.Column("within_marginal_property", sa.Boolean(), nullable=True),
        sa.Column("has_able_supporter", sa.Boolean(), nullable=True),
        sa.Column("rigid_spending_fen", sa.BigInteger(), nullable=False),
        sa.Column("is_hard", sa.Boolean(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("opinion_text", sa.Text(), nullable=False),
        sa.Column("opinion_by", sa.Text(), nullable=False),
        sa.Column("opinion_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("review_kind", sa.Text(), nullable=False),
        sa.Column("review_town", sa.String(collation="C"), nullable=False),
        sa.Column("is_relative_filed", sa.Boolean(), nullable=False),
        sa.Column("is_complained", sa.Boolean(), nullable=False),
        sa.Column("is_drawn", sa.Boolean(), nullable=False),
        sa.Column("decided_level", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("from_month", sa.Date(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=True),
        sa.Column("served_how", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(opinion = 'GRANT') = (kind <> '')", name=op.f("ck_application_proposal")),
        sa.CheckConstraint("(state = 'APPROVED') = (case_id is not null)", name=op.f("ck_application_case")),
        sa.CheckConstraint("decided_level in ('', 'TOWN', 'DISTRICT')", name=op.f("ck_application_decided_level")),
        sa.CheckConstraint("kind in ('', 'TEKUN', 'DIBAO', 'MARGINAL', 'RIGID')", name=op.f("ck_application_kind")),
        sa.CheckConstraint("opinion in ('', 'GRANT', 'REFUSE')", name=op.f("ck_application_opinion")),
        sa.CheckConstraint(
            "state in ('DRAFT', 'SUBMITTED', 'CORRECTION', 'ACCEPTED', 'INVESTIGATING', 'OVER_LIMIT', 'PRELIM_OPINION', 'PUBLICITY', 'OBJECTION_REVIEW', 'DISTRICT_REVIEW', 'DECISION', 'RETURNED', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'TERMINATED')",
            name=op.f("ck_application_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    op.create_index("ix_application_area", "application", ["area_code", "id"], unique=False)
    op.create_index("ix_application_case", "application", ["case_id"], unique=True)
    op.create_index(
        "ix_application_destitute",
        "application",
        ["area_code", "reviewed_at"],
        unique=False,
        postgresql_where="review_kind = 'TEKUN'",
    )
    op.create_index(
        "ix_application_filed",
        "application",
        ["decided_at", "id"],
        unique=False,
        postgresql_where="decided_level = 'TOWN'",
    )
    op.create_index("ix_application_household", "application", ["household_id", "id"], unique=False)
    op.create_index(
        "uq_application_open",
        "application",
        ["household_id"],
        unique=True,
        postgresql_where="not (state in ('APPROVED', 'REJECTED', 'WITHDRAWN', 'TERMINATED'))",
    )
    op.create_table(
        "application_limit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("amount", sa.SmallInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("stood", sa.SmallInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("warn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("paused_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("timers", sa.SmallInteger(), nullable=False),
        sa.Column("warned_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("overdue_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("escalated_to", sa.Text(), nullable=False),
        sa.Column("met_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("owner in ('TOWN', 'DISTRICT')", name=op.f("ck_application_limit_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_limit")),
    )
    op.create_index("ix_application_limit_application", "application_limit", ["application_id", "id"], unique=False)
    op.create_index(
        "ix_application_limit_due",
        "application_limit",
        ["area_code", "due_at", "id"],
        unique=False,
        postgresql_where="met_at is null",
    )
    op.create_index(
        "uq_application_limit_open",
        "application_limit",
        ["application_id", "step"],
        unique=True,
        postgresql_where="met_at is null",
    )
    op.create_table(
        "application_result",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("stage in ('OPINION', 'DECISION')", name=op.f("ck_application_result_stage")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_application_result")),
    )
    op.create_index("ix_application_result_application", "application_result", ["application_id", "seq"], unique=False)
    op.create_table(
        "application_step",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_application_step")),
    )
    op.create_index("ix_application_step_application", "application_step", ["application_id", "seq"], unique=False)
    op.create_table(
        "delegation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("warned_for", sa.Date(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind in ('TEKUN', 'DIBAO', 'MARGINAL', 'RIGID')", name=op.f("ck_delegation_kind")),
        sa.CheckConstraint("state in ('ACTIVE', 'SUSPENDED', 'ENDED')", name=op.f("ck_delegation_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    op.create_index("ix_delegation_area", "delegation", ["area_code", "id"], unique=False)
    op.create_index(
        "uq_delegation_open", "delegation", ["area_code", "kind"], unique=True, postgresql_where="state <> 'ENDED'"
    )
    op.create_table(
        "filing",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_positive", sa.Boolean(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("agreement_no", sa.Text(), nullable=False),
        sa.Column("agreement_on", sa.Date(), nullable=True),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("declared_on", sa.Date(), nullable=False),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.Column("filed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("kind = 'CARD' or agreement_no = ''", name=op.f("ck_filing_agreement")),
        sa.CheckConstraint("kind in ('KINSHIP', 'CARD')", name=op.f("ck_filing_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing")),
    )
    op.create_index("ix_filing_household", "filing", ["household_id", "id"], unique=False)
    op.create_index("uq_filing_current", "filing", ["household_id", "kind"], unique=True, postgresql_where="is_current")
    op.create_table(
        "filing_party",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("filing_id", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.CheckConstraint("duty in ('RELIEF_STAFF', 'VILLAGE_CADRE')", name=op.f("ck_filing_party_duty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_party")),
    )
    op.create_index("ix_filing_party_filing", "filing_party", ["filing_id", "id"], unique=False)
    op.create_index("ix_filing_party_household", "filing_party", ["household_id"], unique=False)
    op.create_table(
        "objection",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("objector", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    op.create_index("ix_objection_notice", "objection", ["notice_id", "id"], unique=False)
    op.create_table(
        "publicity",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("shown_name", sa.Text(), nullable=False),
        sa.Column("family_size", sa.SmallInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("posted_by", sa.Text(), nullable=False),
        sa.Column("posted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("result in ('', 'NO_OBJECTION', 'OBJECTED', 'WITHDRAWN')", name=op.f("ck_publicity_result")),
        sa.CheckConstraint("to_on >= from_on", name=op.f("ck_publicity_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publicity")),
    )
    op.create_index("ix_publicity_area", "publicity", ["area_code", "id"], unique=False)
    op.create_index("ix_publicity_owner", "publicity", ["owner_id", "id"], unique=False)
    op.create_index("uq_publicity_running", "publicity", ["owner_id"], unique=True, postgresql_where="result = ''")
    op.create_table(
        "spot_check",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("draw_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("town", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("found_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("correct_by", sa.Date(), nullable=True),
        sa.Column("corrected_on", sa.Date(), nullable=True),
        sa.Column("correction", sa.Text(), nullable=False),
        sa.CheckConstraint("(finding = '') = (found_at is null)", name=op.f("ck_spot_check_found")),
        sa.CheckConstraint("finding in ('', 'CONFIRM', 'CORRECT', 'REVOKE')", name=op.f("ck_spot_check_finding")),
        sa.CheckConstraint("ground in ('RANDOM', 'RELATIVE', 'COMPLAINT')", name=op.f("ck_spot_check_ground")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_check")),
    )
    op.create_index("ix_spot_check_area", "spot_check", ["area_code", "due_on", "id"], unique=False)
    op.create_index("ix_spot_check_town", "spot_check", ["town", "kind", "month"], unique=False)
    op.create_index("uq_spot_check_application", "spot_check", ["application_id"], unique=True)
    op.create_table(
        "spot_draw",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.Column("drawn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_spot_draw_month")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_draw")),
    )
    op.create_index("uq_spot_draw_month", "spot_draw", ["area_code", "month"], unique=True)
    op.create_table(
        "survey",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(collation="C"), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("surveyed_on", sa.Date(), nullable=False),
        sa.Column("surveyors", sa.LargeBinary(), nullable=False),
        sa.Column("is_signed", sa.Boolean(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("income_seq", sa.BigInteger(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("level in ('TOWN', 'DISTRICT')", name=op.f("ck_survey_level")),
        sa.CheckConstraint("method in ('HOUSE', 'APPRAISAL')", name=op.f("ck_survey_method")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
    )
    op.create_index("ix_survey_application", "survey", ["application_id", "id"], unique=False)
    op.add_column("benefit_case", sa.Column("valid_until", sa.Date(), nullable=True))
    op.drop_constraint(op.f("ck_benefit_case_kind"), "benefit_case", type_="check")
    op.create_check_constraint(
        op.f("ck_benefit_case_kind"), "benefit_case", "kind in ('DIBAO', 'TEKUN', 'MARGINAL', 'RIGID')"
    )
    op.drop_constraint(op.f("ck_benefit_case_entitlement"), "benefit_case", type_="check")
    op.create_check_constraint(
        op.f("ck_benefit_case_entitlement"),
        "benefit_case",
        "(kind in ('MARGINAL', 'RIGID')) = (entitlement_id is null)",
    )
    op.drop_constraint(op.f("ck_income_source"), "income", type_="check")
    op.create_check_constraint(
        op.f("ck_income_source"), "income", "source in ('INTAKE', 'DECLARED', 'RECHECK', 'SURVEY')"
    )
    protect(
        op,
        "application",
        Rows(area="area_code", person_via=("member", "household_id", "household_id", "viewer_id")),
        "public",
    )
    protect(op, "application_limit", Rows(area="area_code"), "public")
    protect(
        op,
        "application_result",
        Rows(area="area_code", person_via=("member", "household_id", "household_id", "viewer_id"), appended=True),
        "public",
    )
    protect(
        op,
        "application_step",
        Rows(area="area_code", person_via=("member", "household_id", "household_id", "viewer_id"), appended=True),
        "public",
    )
    protect(op, "delegation", Rows(area="area_code"), "public")
    protect(
        op,
        "filing",
        Rows(area="area_code", person_via=("member", "household_id", "household_id", "viewer_id")),
        "public",
    )
    protect(
        op,
        "filing_party",
        Rows(area="area_code", person_via=("member", "household_id", "household_id", "viewer_id")),
        "public",
    )
    protect(op, "objection", Rows(area="area_code"), "public")
    protect(op, "publicity", Rows(area="area_code"), "public")
    protect(op, "spot_check", Rows(area="area_code"), "public")
    protect(op, "spot_draw", Rows(area="area_code"), "public")
    protect(op, "survey", Rows(area="area_code", appended=True), "public")


def downgrade() -> None:
    """Undo."""
    op.drop_constraint(op.f("ck_benefit_case_kind"), "benefit_case", type_="check")
    op.create_check_constraint(op.f("ck_benefit_case_kind"), "benefit_case", "kind in ('DIBAO', 'TEKUN', 'MARGINAL')")
    op.drop_constraint(op.f("ck_benefit_case_entitlement"), "benefit_case", type_="check")
    op.create_check_constraint(
        op.f("ck_benefit_case_entitlement"), "benefit_case", "(kind = 'MARGINAL') = (entitlement_id is null)"
    )
    op.drop_constraint(op.f("ck_income_source"), "income", type_="check")
    op.create_check_constraint(op.f("ck_income_source"), "income", "source in ('INTAKE', 'DECLARED', 'RECHECK')")
    op.drop_column("benefit_case", "valid_until")
    op.drop_index("ix_survey_application", table_name="survey")
    op.drop_table("survey")
    op.drop_index("uq_spot_draw_month", table_name="spot_draw")
    op.drop_table("spot_draw")
    op.drop_index("uq_spot_check_application", table_name="spot_check")
    op.drop_index("ix_spot_check_town", table_name="spot_check")
    op.drop_index("ix_spot_check_area", table_name="spot_check")
    op.drop_table("spot_check")
    op.drop_index("uq_publicity_running", table_name="publicity", postgresql_where="result = ''")
    op.drop_index("ix_publicity_owner", table_name="publicity")
    op.drop_index("ix_publicity_area", table_name="publicity")
    op.drop_table("publicity")
    op.drop_index("ix_objection_notice", table_name="objection")
    op.drop_table("objection")
    op.drop_index("ix_filing_party_household", table_name="filing_party")
    op.drop_index("ix_filing_party_filing", table_name="filing_party")
    op.drop_table("filing_party")
    op.drop_index("uq_filing_current", table_name="filing", postgresql_where="is_current")
    op.drop_index("ix_filing_household", table_name="filing")
    op.drop_table("filing")
    op.drop_index("uq_delegation_open", table_name="delegation", postgresql_where="state <> 'ENDED'")
    op.drop_index("ix_delegation_area", table_name="delegation")
    op.drop_table("delegation")
    op.drop_index("ix_application_step_application", table_name="application_step")
    op.drop_table("application_step")
    op.drop_index("ix_application_result_application", table_name="application_result")
    op.drop_table("application_result")
    op.drop_index("uq_application_limit_open", table_name="application_limit", postgresql_where="met_at is null")
    op.drop_index("ix_application_limit_due", table_name="application_limit", postgresql_where="met_at is null")
    op.drop_index("ix_application_limit_application", table_name="application_limit")
    op.drop_table("application_limit")
    op.drop_index(
        "uq_application_open",
        table_name="application",
        postgresql_where="not (state in ('APPROVED', 'REJECTED', 'WITHDRAWN', 'TERMINATED'))",
    )
    op.drop_index("ix_application_household", table_name="application")
    op.drop_index("ix_application_filed", table_name="application", postgresql_where="decided_level = 'TOWN'")
    op.drop_index("ix_application_destitute", table_name="application", postgresql_where="review_kind = 'TEKUN'")
    op.drop_index("ix_application_case", table_name="application")
    op.drop_index("ix_application_area", table_name="application")
    op.drop_table("application")
