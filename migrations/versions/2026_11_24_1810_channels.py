"""Channels that explain themselves: steps of submissions, human audit, canaries and rehearsals of packs.

Revision ID: channels
Revises: assets
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "channels"
down_revision = "assets"
branch_labels = None
depends_on = None


STATES = (
    "MACHINE_AUDIT", "HUMAN_AUDIT", "TRIAL", "ACCEPTED", "DELIVERED", "CONFIRMED", "REJECTED", "WITHDRAWN", "EXPIRED", "FAILED",
)  # fmt: skip
# of rows that are there already; checked afterwards, under a lock that lets writers pass
CHECKS = (
    ("submissions", "claimed_by_somebody", "(auditor_id IS NULL) = (claimed_until IS NULL)"),
    ("submissions", "escalated_for_a_reason", "(escalated_at IS NULL) = (escalation IS NULL)"),
    ("pack_installs", "installstep", "step IN ('INSTALLED', 'ROLLED_BACK', 'PROMOTED')"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    # who was first, among contents that are alike: in the order in which their prints were written
    op.execute("CREATE SEQUENCE content_print_places")
    op.create_table(
        "content_prints",
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("text_digest", sa.LargeBinary(), nullable=True),
        sa.Column("text_sketch", sa.LargeBinary(), nullable=True),
        sa.Column("text_bands", sa.ARRAY(sa.Integer()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("text_place", sa.BigInteger(), nullable=False),
        sa.Column("picture_hashes", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("picture_places", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("picture_bands", sa.ARRAY(sa.Integer()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_content_prints_content_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_content_prints_revision_id")),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_content_prints")),
    )
    op.create_index(
        "ix_content_prints_picture_bands",
        "content_prints",
        ["picture_bands"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index(
        "ix_content_prints_text_bands",
        "content_prints",
        ["text_bands"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index(
        "ix_content_prints_text_digest",
        "content_prints",
        ["text_digest"],
        unique=False,
        postgresql_where=sa.text("text_digest IS NOT NULL"),
    )
    op.create_table(
        "pack_canaries",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_version_id", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=False),
        sa.Column("places", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.CheckConstraint("percent BETWEEN 1 AND 99", name=op.f("ck_pack_canaries_a_share")),
        sa.CheckConstraint("cardinality(places) = percent", name=op.f("ck_pack_canaries_as_many_places")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_pack_canaries_channel_id")),
        sa.ForeignKeyConstraint(
            ["pack_version_id"], ["pack_versions.id"], name=op.f("fk_pack_canaries_pack_version_id")
        ),
        sa.PrimaryKeyConstraint("channel_id", "pack_version_id", name=op.f("pk_pack_canaries")),
    )
    op.create_index(op.f("ix_pack_canaries_pack_version_id"), "pack_canaries", ["pack_version_id"], unique=False)
    op.add_column(
        "pack_installs",
        sa.Column("step", sa.String(length=40), server_default="INSTALLED", nullable=False),
    )
    # what was brought back is in the record of the same transaction
    op.execute(
        "UPDATE pack_installs SET step = 'ROLLED_BACK' FROM audit_entries WHERE object_type = 'Channel'"
        " AND object_id = channel_id AND action = 'pack.rolled_back' AND at = installed_at"
    )
    op.create_table(
        "rehearsals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_version_id", sa.BigInteger(), nullable=False),
        sa.Column("compared_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "WAITING",
                "RUNNING",
                "DONE",
                "FAILED",
                "CANCELLED",
                name="rehearsalstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="WAITING",
            nullable=False,
        ),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_content_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("samples", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("codes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'FAILED') = (failure IS NOT NULL)", name=op.f("ck_rehearsals_failed_for_a_reason")
        ),
        sa.CheckConstraint(
            "(state IN ('WAITING', 'RUNNING')) = (finished_at IS NULL)",
            name=op.f("ck_rehearsals_finished_when_over"),
        ),
        sa.CheckConstraint("done_count >= 0 AND total_count >= 0", name=op.f("ck_rehearsals_counted")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_rehearsals_channel_id")),
        sa.ForeignKeyConstraint(["compared_id"], ["pack_versions.id"], name=op.f("fk_rehearsals_compared_id")),
        sa.ForeignKeyConstraint(["pack_version_id"], ["pack_versions.id"], name=op.f("fk_rehearsals_pack_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsals")),
        sa.UniqueConstraint("uid", name=op.f("uq_rehearsals_uid")),
    )
    op.create_index(op.f("ix_rehearsals_channel_id"), "rehearsals", ["channel_id"], unique=False)
    op.create_index(op.f("ix_rehearsals_compared_id"), "rehearsals", ["compared_id"], unique=False)
    op.create_index(
        "ix_rehearsals_open",
        "rehearsals",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('WAITING', 'RUNNING')"),
    )
    op.create_index(op.f("ix_rehearsals_pack_version_id"), "rehearsals", ["pack_version_id"], unique=False)
    op.create_table(
        "clean_outs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_version_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("is_rehearsal", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_creator_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("warned_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("out_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("warned_count + out_count <= seen_count", name=op.f("ck_clean_outs_counted")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_clean_outs_channel_id")),
        sa.ForeignKeyConstraint(["pack_version_id"], ["pack_versions.id"], name=op.f("fk_clean_outs_pack_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clean_outs")),
        sa.UniqueConstraint("uid", name=op.f("uq_clean_outs_uid")),
    )
    op.create_index("ix_clean_outs_channel", "clean_outs", ["channel_id", "id"], unique=False)
    op.create_index(op.f("ix_clean_outs_pack_version_id"), "clean_outs", ["pack_version_id"], unique=False)
    op.create_index(
        "uq_clean_outs_period",
        "clean_outs",
        ["channel_id", "period"],
        unique=True,
        postgresql_where=sa.text("NOT is_rehearsal"),
    )
    op.create_table(
        "clean_out_verdicts",
        sa.Column("clean_out_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("is_out", sa.Boolean(), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["clean_out_id"], ["clean_outs.id"], name=op.f("fk_clean_out_verdicts_clean_out_id")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_clean_out_verdicts_creator_id")),
        sa.PrimaryKeyConstraint("clean_out_id", "creator_id", name=op.f("pk_clean_out_verdicts")),
    )
    op.create_index(op.f("ix_clean_out_verdicts_creator_id"), "clean_out_verdicts", ["creator_id"], unique=False)
    op.create_table(
        "channel_departures",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason_codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("clean_out_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_channel_departures_channel_id")),
        sa.ForeignKeyConstraint(
            ["clean_out_id"], ["clean_outs.id"], name=op.f("fk_channel_departures_clean_out_id")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_channel_departures_creator_id")),
        sa.PrimaryKeyConstraint("channel_id", "creator_id", name=op.f("pk_channel_departures")),
    )
    op.create_index(op.f("ix_channel_departures_clean_out_id"), "channel_departures", ["clean_out_id"], unique=False)
    op.create_index(op.f("ix_channel_departures_creator_id"), "channel_departures", ["creator_id"], unique=False)
    op.create_table(
        "submission_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column(
            "from_state",
            sa.Enum(*STATES, name="from_state", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column(
            "to_state",
            sa.Enum(*STATES, name="to_state", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "taken_by",
            sa.Enum(
                "ENGINE",
                "AUDITOR",
                "CHANNEL",
                "AUTHOR",
                "CLOCK",
                "OPERATOR",
                name="submissionactor",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_codes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_submission_events_account_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_submission_events_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_events")),
    )
    op.create_index("ix_submission_events_submission", "submission_events", ["submission_id", "id"], unique=False)
    op.create_index(
        "ix_submission_events_account",
        "submission_events",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.add_column(
        "submissions", sa.Column("reason_codes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column(
        "submissions",
        sa.Column("flags", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column(
        "submissions", sa.Column("audit_rank", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("submissions", sa.Column("auditor_id", sa.BigInteger(), nullable=True))
    op.add_column("submissions", sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("submissions", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("submissions", sa.Column("escalation", sa.Text(), nullable=True))
    op.create_index(
        "ix_submissions_auditor",
        "submissions",
        ["auditor_id"],
        unique=False,
        postgresql_where=sa.text("auditor_id IS NOT NULL"),
    )
    op.create_index(
        "ix_submissions_queue",
        "submissions",
        ["audit_rank", "state_since", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'HUMAN_AUDIT'"),
    )
    op.create_index(
        "ix_submissions_waiting",
        "submissions",
        ["state", "state_since"],
        unique=False,
        postgresql_where=sa.text("state IN ('MACHINE_AUDIT', 'HUMAN_AUDIT', 'TRIAL', 'ACCEPTED')"),
    )
    op.create_index(
        "ix_submissions_overdue",
        "submissions",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('MACHINE_AUDIT', 'HUMAN_AUDIT', 'TRIAL')"),
    )
    op.create_index(
        "ix_submissions_refused",
        "submissions",
        ["id"],
        unique=False,
        postgresql_where=sa.text("refusal = 'TRANSIENT'"),
    )
    op.create_foreign_key(
        op.f("fk_submissions_auditor_id"), "submissions", "accounts", ["auditor_id"], ["id"], postgresql_not_valid=True
    )
    op.execute("ALTER TABLE submissions VALIDATE CONSTRAINT fk_submissions_auditor_id")
    for table, name, condition in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table, name, _condition in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.drop_constraint(op.f("fk_submissions_auditor_id"), "submissions", type_="foreignkey")
    op.drop_index("ix_submissions_queue", table_name="submissions", postgresql_where=sa.text("state = 'HUMAN_AUDIT'"))
    op.drop_index(
        "ix_submissions_refused", table_name="submissions", postgresql_where=sa.text("refusal = 'TRANSIENT'")
    )
    op.drop_index(
        "ix_submissions_overdue",
        table_name="submissions",
        postgresql_where=sa.text("state IN ('MACHINE_AUDIT', 'HUMAN_AUDIT', 'TRIAL')"),
    )
    op.drop_index(
        "ix_submissions_waiting",
        table_name="submissions",
        postgresql_where=sa.text("state IN ('MACHINE_AUDIT', 'HUMAN_AUDIT', 'TRIAL', 'ACCEPTED')"),
    )
    op.drop_index(
        "ix_submissions_auditor", table_name="submissions", postgresql_where=sa.text("auditor_id IS NOT NULL")
    )
    op.drop_column("submissions", "escalation")
    op.drop_column("submissions", "escalated_at")
    op.drop_column("submissions", "claimed_until")
    op.drop_column("submissions", "auditor_id")
    op.drop_column("submissions", "audit_rank")
    op.drop_column("submissions", "flags")
    op.drop_column("submissions", "reason_codes")
    op.drop_index(
        "ix_submission_events_account",
        table_name="submission_events",
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.drop_index("ix_submission_events_submission", table_name="submission_events")
    op.drop_table("submission_events")
    op.drop_index(op.f("ix_rehearsals_pack_version_id"), table_name="rehearsals")
    op.drop_index(
        "ix_rehearsals_open", table_name="rehearsals", postgresql_where=sa.text("state IN ('WAITING', 'RUNNING')")
    )
    op.drop_index(op.f("ix_rehearsals_compared_id"), table_name="rehearsals")
    op.drop_index(op.f("ix_rehearsals_channel_id"), table_name="rehearsals")
    op.drop_table("rehearsals")
    op.drop_column("pack_installs", "step")
    op.drop_index(op.f("ix_pack_canaries_pack_version_id"), table_name="pack_canaries")
    for table in ("channel_departures", "clean_out_verdicts", "clean_outs"):
        op.drop_table(table)
    op.drop_table("pack_canaries")
    op.drop_table("content_prints")
    op.execute("DROP SEQUENCE content_print_places")
