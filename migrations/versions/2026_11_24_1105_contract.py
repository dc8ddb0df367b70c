"""What the whole contract stands on: engagement, live rooms, reviews, schedules, documents, streams, request memory.

Revision ID: contract
Revises: ground
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "contract"
down_revision = "ground"
branch_labels = None
depends_on = None

# The values of enums that grew, as texts with a check: (table, name of the check, before, after).
WORDS = (
    ("revisions", "revisionstate", ("DRAFT", "IN_REVIEW", "SCHEDULED", "LIVE", "SUPERSEDED"), ("DROPPED",)),
    ("homepage_versions", "homepagestate", ("DRAFT", "SCHEDULED", "LIVE", "SUPERSEDED"), ("DROPPED",)),
    ("answers", "answerstate", ("VISIBLE", "WITHDRAWN", "TAKEN_DOWN"), ("ERASED",)),
)

# Records stand as they are; an erasure (which says so in its transaction) takes the words out of them, and nothing else.
REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{but}
    RAISE EXCEPTION '% rows are never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
BUT_AN_ERASURE = """
    IF TG_OP = 'UPDATE' AND TG_NARGS > 0 AND coalesce(current_setting('headwater.erasing', true), '') = 'on'
       AND to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN
        RETURN NEW;
    END IF;"""
# (table, what the trigger is for, the columns that hold words)
RECORDS = (
    ("audit_entries", "UPDATE OR DELETE", ("reason", "details")),
    ("decisions", "UPDATE", ("findings",)),
)


def _stand(table: str, events: str, words: tuple[str, ...]) -> None:
    """The trigger that keeps the rows of a table, but for an erasure of these columns."""
    given = ", ".join(f"'{word}'" for word in words)
    op.execute(f"DROP TRIGGER {table}_stand ON {table}")
    op.execute(
        f"CREATE TRIGGER {table}_stand BEFORE {events} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION refuse_change({given})"
    )


def _check(table: str, name: str, condition: str) -> None:
    """Replace a check: rows are looked at afterwards, under a lock that lets writers pass."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def _in(values: tuple[str, ...]) -> str:
    return "state IN (" + ", ".join(f"'{value}'" for value in values) + ")"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table, name, before, more in WORDS:
        _check(table, name, _in(before + more))
    op.create_check_constraint(
        op.f("ck_tags_path_length"), "tags", "cardinality(path) <= 20", postgresql_not_valid=True
    )
    op.execute("ALTER TABLE tags VALIDATE CONSTRAINT ck_tags_path_length")
    op.execute(REFUSE.format(but=BUT_AN_ERASURE))
    for table, events, words in RECORDS:
        _stand(table, events, words)
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mutation", sa.Text(), nullable=False),
        sa.Column("input_digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(key) BETWEEN 1 AND 200", name=op.f("ck_idempotency_keys_key_length")),
        sa.CheckConstraint("octet_length(input_digest) = 32", name=op.f("ck_idempotency_keys_is_sha256")),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "persisted_queries",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_persisted_queries_is_sha256")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_persisted_queries")),
    )
    op.create_index(op.f("ix_persisted_queries_used_at"), "persisted_queries", ["used_at"], unique=False)
    op.create_table(
        "rate_buckets",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("spent", sa.DOUBLE_PRECISION(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("spent >= 0", name=op.f("ck_rate_buckets_not_negative")),
        sa.PrimaryKeyConstraint("caller", name=op.f("pk_rate_buckets")),
        postgresql_with={"fillfactor": 50},
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_rate_buckets_at"), "rate_buckets", ["at"], unique=False)
    op.create_table(
        "streams",
        sa.Column(
            "kind",
            sa.Enum("LIVE", "SUBMISSIONS", name="streamkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kept_from", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject_id", name=op.f("pk_streams")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "account_logins",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_logins_account_id")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_account_logins")),
    )
    op.create_index(op.f("ix_account_logins_account_id"), "account_logins", ["account_id"], unique=False)
    op.create_table(
        "applications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("key ~ '^[a-z0-9][a-z0-9-]{0,63}$'", name=op.f("ck_applications_key_form")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_applications_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("key", name=op.f("uq_applications_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_applications_uid")),
    )
    op.create_index(op.f("ix_applications_account_id"), "applications", ["account_id"], unique=False)
    op.create_table(
        "follows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("followed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_follows_account_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_follows_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follows")),
        sa.UniqueConstraint("account_id", "creator_id", name=op.f("uq_follows_account_id_creator_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_follows_uid")),
    )
    op.create_index(
        "ix_follows_account_newest",
        "follows",
        ["account_id", sa.literal_column("followed_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_follows_creator_newest",
        "follows",
        ["creator_id", sa.literal_column("followed_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "stream_events",
        sa.Column(
            "kind",
            sa.Enum("LIVE", "SUBMISSIONS", name="streamkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject_id", "position", name=op.f("pk_stream_events")),
    )
    op.create_index(op.f("ix_stream_events_at"), "stream_events", ["at"], unique=False)
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "VISIBLE",
                "WITHDRAWN",
                "HIDDEN",
                "TAKEN_DOWN",
                "ERASED",
                name="commentstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="VISIBLE",
            nullable=False,
        ),
        sa.Column("state_because", sa.Text(), nullable=True),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replies_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_comments_no_reply_to_itself")),
        sa.CheckConstraint("replies_count >= 0", name=op.f("ck_comments_replies_not_negative")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_comments_account_id")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_comments_content_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_comments_creator_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["comments.id"], name=op.f("fk_comments_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("uid", name=op.f("uq_comments_uid")),
    )
    op.create_index(op.f("ix_comments_account_id"), "comments", ["account_id"], unique=False)
    op.create_index(
        "ix_comments_content_newest",
        "comments",
        ["content_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("parent_id IS NULL"),
    )
    op.create_index(op.f("ix_comments_creator_id"), "comments", ["creator_id"], unique=False)
    op.create_index(
        "ix_comments_parent",
        "comments",
        ["parent_id", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_table(
        "content_counts",
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("likes_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("saves_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("comments_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "likes_count >= 0 AND saves_count >= 0 AND comments_count >= 0", name=op.f("ck_content_counts_not_negative")
        ),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_content_counts_content_id")),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_content_counts")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "likes",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("liked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_likes_account_id")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_likes_content_id")),
        sa.PrimaryKeyConstraint("account_id", "content_id", name=op.f("pk_likes")),
    )
    op.create_index(op.f("ix_likes_content_id"), "likes", ["content_id"], unique=False)
    op.create_index(
        "ix_likes_account_newest",
        "likes",
        ["account_id", sa.literal_column("liked_at DESC"), sa.literal_column("content_id DESC")],
        unique=False,
    )
    op.create_table(
        "saves",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_saves_account_id")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_saves_content_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saves")),
        sa.UniqueConstraint("account_id", "content_id", name=op.f("uq_saves_account_id_content_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_saves_uid")),
    )
    op.create_index(
        "ix_saves_account_newest",
        "saves",
        ["account_id", sa.literal_column("saved_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_saves_content_id"), "saves", ["content_id"], unique=False)
    op.create_table(
        "trusted_documents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_trusted_documents_is_sha256")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_trusted_documents_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_documents")),
        sa.UniqueConstraint("application_id", "sha256", name=op.f("uq_trusted_documents_application_id_sha256")),
        sa.UniqueConstraint("uid", name=op.f("uq_trusted_documents_uid")),
    )
    op.create_index("ix_trusted_documents_sha256", "trusted_documents", ["sha256"], unique=False)
    op.create_table(
        "answer_votes",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("answer_id", sa.BigInteger(), nullable=False),
        sa.Column("voted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_answer_votes_account_id")),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name=op.f("fk_answer_votes_answer_id")),
        sa.PrimaryKeyConstraint("account_id", "answer_id", name=op.f("pk_answer_votes")),
    )
    op.create_index(op.f("ix_answer_votes_answer_id"), "answer_votes", ["answer_id"], unique=False)
    op.create_table(
        "live_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "VISIBLE",
                "HIDDEN",
                "TAKEN_DOWN",
                "ERASED",
                name="messagestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="VISIBLE",
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_live_messages_account_id")),
        sa.ForeignKeyConstraint(["content_id"], ["live_rooms.content_id"], name=op.f("fk_live_messages_content_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_live_messages_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_messages")),
        sa.UniqueConstraint("uid", name=op.f("uq_live_messages_uid")),
    )
    op.create_index(op.f("ix_live_messages_account_id"), "live_messages", ["account_id"], unique=False)
    op.create_index(op.f("ix_live_messages_creator_id"), "live_messages", ["creator_id"], unique=False)
    op.create_index(
        "ix_live_messages_newest", "live_messages", ["content_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "live_pushes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("pushed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ended_at >= pushed_at", name=op.f("ck_live_pushes_ends_after_start")),
        sa.ForeignKeyConstraint(["content_id"], ["live_rooms.content_id"], name=op.f("fk_live_pushes_content_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_live_pushes_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_pushes")),
        sa.UniqueConstraint("uid", name=op.f("uq_live_pushes_uid")),
    )
    op.create_index("ix_live_pushes_newest", "live_pushes", ["content_id", sa.literal_column("id DESC")], unique=False)
    op.create_index(op.f("ix_live_pushes_product_id"), "live_pushes", ["product_id"], unique=False)
    op.create_index(
        "uq_live_pushes_current",
        "live_pushes",
        ["content_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "WAITING",
                "APPROVED",
                "RETURNED",
                "CANCELLED",
                name="reviewstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="WAITING",
            nullable=False,
        ),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("publishes", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("channel_ids", sa.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name=op.f("ck_reviews_decided_when_over")),
        sa.CheckConstraint("state <> 'RETURNED' OR note IS NOT NULL", name=op.f("ck_reviews_returned_says_why")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["accounts.id"], name=op.f("fk_reviews_asked_by_id")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_reviews_content_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["accounts.id"], name=op.f("fk_reviews_decided_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_reviews_organisation_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_reviews_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("revision_id", name=op.f("uq_reviews_revision_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_reviews_uid")),
    )
    op.create_index(op.f("ix_reviews_content_id"), "reviews", ["content_id"], unique=False)
    op.create_index("ix_reviews_organisation_state", "reviews", ["organisation_id", "state", "id"], unique=False)
    op.create_index(
        "uq_reviews_waiting", "reviews", ["content_id"], unique=True, postgresql_where=sa.text("state = 'WAITING'")
    )
    op.create_table(
        "appeals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "WAITING",
                "GRANTED",
                "REFUSED",
                name="appealstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="WAITING",
            nullable=False,
        ),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name=op.f("ck_appeals_decided_when_over")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_appeals_account_id")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_appeals_content_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["accounts.id"], name=op.f("fk_appeals_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("uid", name=op.f("uq_appeals_uid")),
    )
    op.create_index(op.f("ix_appeals_account_id"), "appeals", ["account_id"], unique=False)
    op.create_index(op.f("ix_appeals_content_id"), "appeals", ["content_id"], unique=False)
    op.create_index("ix_appeals_state", "appeals", ["state", "id"], unique=False)
    op.create_index(
        "uq_appeals_waiting", "appeals", ["content_id"], unique=True, postgresql_where=sa.text("state = 'WAITING'")
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("digests", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("num_nonnulls(account_id, creator_id) = 1", name=op.f("ck_erasures_one_subject")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_erasures_account_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["accounts.id"], name=op.f("fk_erasures_asked_by_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_erasures_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("account_id", name=op.f("uq_erasures_account_id")),
        sa.UniqueConstraint("creator_id", name=op.f("uq_erasures_creator_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_erasures_uid")),
    )
    op.create_index(
        "ix_erasures_unfinished", "erasures", ["id"], unique=False, postgresql_where=sa.text("finished_at IS NULL")
    )
    op.add_column("contents", sa.Column("waiting_revision_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE contents SET waiting_revision_id = (SELECT max(id) FROM revisions"
        " WHERE content_id = contents.id AND state IN ('IN_REVIEW', 'SCHEDULED'))"
        " WHERE id IN (SELECT content_id FROM revisions WHERE state IN ('IN_REVIEW', 'SCHEDULED'))"
    )
    op.create_foreign_key(
        "fk_contents_waiting_revision",
        "contents",
        "revisions",
        ["waiting_revision_id", "id"],
        ["id", "content_id"],
        postgresql_not_valid=True,
    )
    op.execute("ALTER TABLE contents VALIDATE CONSTRAINT fk_contents_waiting_revision")
    op.add_column("feeds", sa.Column("former_key_mark", sa.LargeBinary(), nullable=True))
    op.create_unique_constraint(op.f("uq_feeds_former_key_mark"), "feeds", ["former_key_mark"])
    op.add_column("answers", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("answers", sa.Column("state_because", sa.Text(), nullable=True))
    op.create_index(
        "ix_answers_newest",
        "answers",
        ["content_id", sa.literal_column("published_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_answers_assets",
        "answers",
        [sa.literal_column("jsonb_path_query_array(body, '$.**.asset')")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_contents_changed",
        "contents",
        [sa.literal_column("coalesce(changed_at, published_at) DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.create_index(
        "ix_products_newest",
        "products",
        [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_contents_creator_format_newest",
        "contents",
        ["creator_id", "format", sa.literal_column("published_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.create_index(
        "ix_accounts_hidden",
        "accounts",
        ["id"],
        unique=False,
        postgresql_where=sa.text("suspended_at IS NOT NULL OR erased_at IS NOT NULL"),
    )
    op.add_column("live_rooms", sa.Column("viewers_told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("homepage_versions", sa.Column("edition", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("homepage_versions", sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True))
    op.add_column("homepage_versions", sa.Column("schedule_zone", sa.Text(), nullable=True))
    op.add_column("homepage_versions", sa.Column("scheduled_by_id", sa.BigInteger(), nullable=True))
    op.add_column("homepage_versions", sa.Column("schedule_failure", sa.Text(), nullable=True))
    op.add_column("homepage_versions", sa.Column("fired_late_ms", sa.BigInteger(), nullable=True))
    op.add_column("homepage_versions", sa.Column("template", sa.Text(), nullable=True))
    op.create_index(
        "ix_homepage_versions_live_pictures",
        "homepage_versions",
        [
            sa.literal_column(
                "(jsonb_path_query_array(blocks, '$.**.image') || jsonb_path_query_array(blocks, '$.**.asset'))"
            )
        ],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    _check("homepage_versions", "published_when_live", "(state IN ('LIVE', 'SUPERSEDED')) = (published_at IS NOT NULL)")
    op.create_check_constraint(
        op.f("ck_homepage_versions_scheduled_has_time"),
        "homepage_versions",
        "(state = 'SCHEDULED') <= (scheduled_for IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_homepage_versions_schedule_has_zone"),
        "homepage_versions",
        "(scheduled_for IS NULL) = (schedule_zone IS NULL)",
    )
    op.create_index(
        "ix_homepage_versions_due",
        "homepage_versions",
        ["scheduled_for"],
        unique=False,
        postgresql_where=sa.text("state = 'SCHEDULED'"),
    )
    op.create_foreign_key(
        op.f("fk_homepage_versions_scheduled_by_id"), "homepage_versions", "accounts", ["scheduled_by_id"], ["id"]
    )
    op.add_column(
        "instances",
        sa.Column(
            "secret",
            sa.LargeBinary(),
            server_default=sa.text(
                "decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')"
            ),
            nullable=False,
        ),
    )
    op.add_column("revisions", sa.Column("scheduled_by_id", sa.BigInteger(), nullable=True))
    op.add_column("revisions", sa.Column("schedule_channel_ids", sa.ARRAY(sa.BigInteger()), nullable=True))
    op.add_column("revisions", sa.Column("schedule_failure", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_revisions_scheduled_by_id"), "revisions", "accounts", ["scheduled_by_id"], ["id"])
    op.add_column("submissions", sa.Column("external_id", sa.Text(), nullable=True))
    op.add_column("submissions", sa.Column("external_url", sa.Text(), nullable=True))
    op.add_column("submissions", sa.Column("refusal", sa.String(40), nullable=True))
    op.create_check_constraint(
        op.f("ck_submissions_refusalkind"),
        "submissions",
        "refusal IN ('CONTENT', 'PERMISSION', 'TRANSIENT', 'PERMANENT')",
        postgresql_not_valid=True,
    )
    op.execute("ALTER TABLE submissions VALIDATE CONSTRAINT ck_submissions_refusalkind")


def downgrade() -> None:
    """What the older schema has no word for falls back to the nearest that it has."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_constraint(op.f("ck_homepage_versions_scheduled_has_time"), "homepage_versions", type_="check")
    op.drop_constraint(op.f("ck_homepage_versions_schedule_has_zone"), "homepage_versions", type_="check")
    # reviews point at what never went out
    op.drop_table("reviews")
    op.drop_table("appeals")
    op.drop_table("erasures")
    op.drop_constraint("fk_contents_waiting_revision", "contents", type_="foreignkey")
    op.drop_column("contents", "waiting_revision_id")
    for table, events, _ in RECORDS:
        _stand(table, events, ())
    op.execute(REFUSE.format(but=""))
    for table in ("revision_assets", "revision_products"):
        op.execute(f"DELETE FROM {table} WHERE revision_id IN (SELECT id FROM revisions WHERE state = 'DROPPED')")
    op.execute("DELETE FROM revisions WHERE state = 'DROPPED'")
    op.execute("DELETE FROM homepage_versions WHERE state = 'DROPPED'")
    op.execute("UPDATE answers SET state = 'TAKEN_DOWN' WHERE state = 'ERASED'")
    for table, name, before, _ in WORDS:
        _check(table, name, _in(before))
    _check("homepage_versions", "published_when_live", "(state IN ('DRAFT', 'SCHEDULED')) = (published_at IS NULL)")
    op.drop_constraint(op.f("ck_submissions_refusalkind"), "submissions", type_="check")
    for column in ("refusal", "external_url", "external_id"):
        op.drop_column("submissions", column)
    op.drop_constraint(op.f("fk_revisions_scheduled_by_id"), "revisions", type_="foreignkey")
    op.drop_column("revisions", "schedule_failure")
    op.drop_column("revisions", "schedule_channel_ids")
    op.drop_column("revisions", "scheduled_by_id")
    op.drop_column("instances", "secret")
    op.drop_constraint(op.f("fk_homepage_versions_scheduled_by_id"), "homepage_versions", type_="foreignkey")
    op.drop_index(
        "ix_homepage_versions_due", table_name="homepage_versions", postgresql_where=sa.text("state = 'SCHEDULED'")
    )
    op.drop_index(
        "ix_homepage_versions_live_pictures",
        table_name="homepage_versions",
        postgresql_using="gin",
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    op.drop_column("homepage_versions", "template")
    op.drop_column("homepage_versions", "fired_late_ms")
    op.drop_column("homepage_versions", "schedule_failure")
    op.drop_column("homepage_versions", "scheduled_by_id")
    op.drop_column("homepage_versions", "schedule_zone")
    op.drop_column("homepage_versions", "scheduled_for")
    op.drop_column("homepage_versions", "edition")
    op.drop_column("live_rooms", "viewers_told_at")
    op.drop_constraint(op.f("ck_tags_path_length"), "tags", type_="check")
    op.drop_index("ix_products_newest", table_name="products")
    op.drop_index(
        "ix_contents_changed",
        table_name="contents",
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_contents_creator_format_newest",
        table_name="contents",
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_accounts_hidden",
        table_name="accounts",
        postgresql_where=sa.text("suspended_at IS NOT NULL OR erased_at IS NOT NULL"),
    )
    op.drop_index("ix_answers_assets", table_name="answers", postgresql_using="gin")
    op.drop_index("ix_answers_newest", table_name="answers")
    op.drop_constraint(op.f("uq_feeds_former_key_mark"), "feeds", type_="unique")
    op.drop_column("feeds", "former_key_mark")
    op.drop_column("answers", "state_because")
    op.drop_column("answers", "edited_at")
    op.drop_index("uq_live_pushes_current", table_name="live_pushes", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(op.f("ix_live_pushes_product_id"), table_name="live_pushes")
    op.drop_index("ix_live_pushes_newest", table_name="live_pushes")
    op.drop_table("live_pushes")
    op.drop_index("ix_live_messages_newest", table_name="live_messages")
    op.drop_index(op.f("ix_live_messages_creator_id"), table_name="live_messages")
    op.drop_index(op.f("ix_live_messages_account_id"), table_name="live_messages")
    op.drop_table("live_messages")
    op.drop_index(op.f("ix_answer_votes_answer_id"), table_name="answer_votes")
    op.drop_table("answer_votes")
    op.drop_index("ix_trusted_documents_sha256", table_name="trusted_documents")
    op.drop_table("trusted_documents")
    op.drop_index(op.f("ix_saves_content_id"), table_name="saves")
    op.drop_index("ix_saves_account_newest", table_name="saves")
    op.drop_table("saves")
    op.drop_index("ix_likes_account_newest", table_name="likes")
    op.drop_index(op.f("ix_likes_content_id"), table_name="likes")
    op.drop_table("likes")
    op.drop_table("content_counts")
    op.drop_index("ix_comments_parent", table_name="comments", postgresql_where=sa.text("parent_id IS NOT NULL"))
    op.drop_index(op.f("ix_comments_creator_id"), table_name="comments")
    op.drop_index("ix_comments_content_newest", table_name="comments", postgresql_where=sa.text("parent_id IS NULL"))
    op.drop_index(op.f("ix_comments_account_id"), table_name="comments")
    op.drop_table("comments")
    op.drop_index(op.f("ix_stream_events_at"), table_name="stream_events")
    op.drop_table("stream_events")
    op.drop_index("ix_follows_creator_newest", table_name="follows")
    op.drop_index("ix_follows_account_newest", table_name="follows")
    op.drop_table("follows")
    op.drop_index(op.f("ix_applications_account_id"), table_name="applications")
    op.drop_table("applications")
    op.drop_index(op.f("ix_account_logins_account_id"), table_name="account_logins")
    op.drop_table("account_logins")
    op.drop_table("streams")
    op.drop_index(op.f("ix_rate_buckets_at"), table_name="rate_buckets")
    op.drop_table("rate_buckets")
    op.drop_index(op.f("ix_persisted_queries_used_at"), table_name="persisted_queries")
    op.drop_table("persisted_queries")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
