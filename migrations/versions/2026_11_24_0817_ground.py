"""The tables of the first version, and what the database itself guards.

Revision ID: ground
Revises:
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import postgresql

revision = "ground"
down_revision = None
branch_labels = None
depends_on = None


# What is sealed, decided, installed or handed out is never changed: the database refuses it, whoever asks.
GUARDS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER decisions_stand BEFORE UPDATE ON decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER pack_versions_stand BEFORE UPDATE ON pack_versions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entries_stand BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER feed_items_stand BEFORE UPDATE ON feed_items FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- a sealed revision keeps its words; an erasure (which says so in its transaction) takes them away
CREATE FUNCTION keep_sealed_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sealed_at IS NOT NULL AND coalesce(current_setting('headwater.erasing', true), '') <> 'on'
       AND (OLD.title, OLD.summary, OLD.body, OLD.details, OLD.number, OLD.content_id, OLD.sealed_at)
           IS DISTINCT FROM
           (NEW.title, NEW.summary, NEW.body, NEW.details, NEW.number, NEW.content_id, NEW.sealed_at) THEN
        RAISE EXCEPTION 'revision % is sealed', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER revisions_keep_words BEFORE UPDATE ON revisions FOR EACH ROW EXECUTE FUNCTION keep_sealed_words();
"""


def _statements(script: str) -> list[str]:
    """The statements of a script; function bodies between $$ stay whole."""
    parts, statement, inside = [], [], False
    for line in script.splitlines():
        statement.append(line)
        inside ^= line.count("$$") % 2 == 1
        if line.rstrip().endswith(";") and not inside:
            parts.append("\n".join(statement))
            statement = []
    return parts


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_because", sa.Text(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("uid", name=op.f("uq_accounts_uid")),
    )
    op.create_index("uq_accounts_email", "accounts", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("byte_count > 0", name=op.f("ck_blobs_not_empty")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_blobs_is_sha256")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blobs")),
    )
    op.create_table(
        "brands",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_brands_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_brands_uid")),
    )
    op.create_table(
        "channels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "PLATFORM",
                "SOCIAL",
                "SYNDICATION",
                "PRIVATE",
                name="channelkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("pack_version_id", sa.BigInteger(), nullable=True),
        sa.Column("is_private", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_channels_not_its_own")),
        sa.ForeignKeyConstraint(["parent_id"], ["channels.id"], name=op.f("fk_channels_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("key", name=op.f("uq_channels_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_channels_uid")),
    )
    op.create_index(op.f("ix_channels_parent_id"), "channels", ["parent_id"], unique=False)
    op.create_table(
        "creators",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "MEDIA",
                "PERSONALITY",
                "SELF_MEDIA",
                "MERCHANT",
                name="creatorkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="zh", nullable=False),
        sa.Column("avatar_id", sa.BigInteger(), nullable=True),
        sa.Column("level", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quality_score", sa.BigInteger(), nullable=True),
        sa.Column("health_score", sa.BigInteger(), nullable=True),
        sa.Column("index_score", sa.BigInteger(), nullable=True),
        sa.Column("fan_value", sa.BigInteger(), nullable=True),
        sa.Column("followers_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("certified_on", sa.Date(), nullable=True),
        sa.Column("is_seller", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "facts_source",
            sa.Enum(
                "MEASURED",
                "DECLARED",
                "SYNTHETIC",
                name="factssource",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="MEASURED",
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_because", sa.Text(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("handle ~ '^[a-z0-9][a-z0-9._-]{0,63}$'", name=op.f("ck_creators_handle_form")),
        sa.CheckConstraint("followers_count >= 0", name=op.f("ck_creators_followers_not_negative")),
        sa.CheckConstraint("level BETWEEN 0 AND 6", name=op.f("ck_creators_level_in_range")),
        sa.CheckConstraint(
            "quality_score BETWEEN 0 AND 1000 AND health_score BETWEEN 0 AND 1000 AND index_score BETWEEN 0 AND 1000 AND fan_value BETWEEN 0 AND 1000",
            name=op.f("ck_creators_scores_in_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creators")),
        sa.UniqueConstraint("handle", name=op.f("uq_creators_handle")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_creators_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_creators_uid")),
    )
    op.create_index(
        "ix_creators_hidden",
        "creators",
        ["id"],
        unique=False,
        postgresql_where=sa.text("suspended_at IS NOT NULL OR erased_at IS NOT NULL"),
    )
    op.create_table(
        "dirty_marks",
        sa.Column(
            "consumer",
            sa.Enum("DISTRIBUTION", "INDEX", name="consumer", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "CONTENT",
                "PRODUCT",
                "CREATOR",
                "TAG",
                "CHANNEL",
                name="dirtykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("urgency", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("consumer", "kind", "object_id", name=op.f("pk_dirty_marks")),
        postgresql_with={"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.0, "autovacuum_vacuum_threshold": 2000},
    )
    op.create_index(
        "ix_dirty_marks_next",
        "dirty_marks",
        ["consumer", "urgency", "marked_at"],
        unique=False,
        postgresql_where=sa.text("parked_at IS NULL"),
    )
    op.create_table(
        "epochs",
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_epochs")),
    )
    op.create_table(
        "fact_snapshots",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_fact_snapshots_is_sha256")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_fact_snapshots")),
    )
    op.create_table(
        "fields",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_fields")),
    )
    op.create_table(
        "import_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("input_name", sa.Text(), nullable=False),
        sa.Column("input_digest", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("RUNNING", "FINISHED", name="importstate", native_enum=False, create_constraint=True, length=40),
            server_default="RUNNING",
            nullable=False,
        ),
        sa.Column("records_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_runs")),
        sa.UniqueConstraint("uid", name=op.f("uq_import_runs_uid")),
    )
    op.create_index(
        "uq_import_runs_running",
        "import_runs",
        ["input_digest"],
        unique=True,
        postgresql_where=sa.text("state = 'RUNNING' AND input_digest IS NOT NULL"),
    )
    op.create_table(
        "instances",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("authority_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_instances_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("demands_review", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("handle", name=op.f("uq_organisations_handle")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_organisations_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_organisations_uid")),
    )
    op.create_table(
        "pools",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools")),
        sa.UniqueConstraint("code", name=op.f("uq_pools_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_pools_uid")),
    )
    op.create_table(
        "roles",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("calling", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_roles")),
    )
    op.create_table(
        "shops",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description_score", sa.BigInteger(), nullable=True),
        sa.Column("service_score", sa.BigInteger(), nullable=True),
        sa.Column("logistics_score", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "description_score BETWEEN 0 AND 500 AND service_score BETWEEN 0 AND 500 AND logistics_score BETWEEN 0 AND 500",
            name=op.f("ck_shops_scores_in_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shops")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_shops_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_shops_uid")),
    )
    op.create_table(
        "taxonomies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("is_tree", sa.Boolean(), nullable=False),
        sa.Column("least_per_content", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("most_per_content", sa.BigInteger(), nullable=True),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9-]*$'", name=op.f("ck_taxonomies_code_form")),
        sa.CheckConstraint(
            "least_per_content >= 0 AND least_per_content <= most_per_content", name=op.f("ck_taxonomies_cardinality")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomies")),
        sa.UniqueConstraint("code", name=op.f("uq_taxonomies_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_taxonomies_uid")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("channel_ids", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name=op.f("ck_api_keys_secret_is_sha256")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
        sa.UniqueConstraint("uid", name=op.f("uq_api_keys_uid")),
    )
    op.create_index(op.f("ix_api_keys_account_id"), "api_keys", ["account_id"], unique=False)
    op.create_table(
        "assets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("IMAGE", "VIDEO", "AUDIO", name="assetkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("byte_count", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("bitrate", sa.BigInteger(), nullable=True),
        sa.Column(
            "facts_source",
            sa.Enum(
                "PROBED",
                "DECLARED",
                "NONE",
                name="assetfactssource",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="NONE",
            nullable=False,
        ),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("alternative_text", sa.Text(), server_default="", nullable=False),
        sa.Column("credit", sa.Text(), server_default="", nullable=False),
        sa.Column("licence", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "byte_count > 0 AND duration_ms >= 0 AND bitrate >= 0", name=op.f("ck_assets_facts_positive")
        ),
        sa.CheckConstraint("sha256 IS NOT NULL OR url IS NOT NULL", name=op.f("ck_assets_is_somewhere")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_assets_size_positive")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_assets_creator_id")),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_assets_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_assets_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_assets_uid")),
    )
    op.create_index(op.f("ix_assets_creator_id"), "assets", ["creator_id"], unique=False)
    op.create_index(op.f("ix_assets_sha256"), "assets", ["sha256"], unique=False)
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_audit_entries_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint("uid", name=op.f("uq_audit_entries_uid")),
    )
    op.create_index(op.f("ix_audit_entries_at"), "audit_entries", ["at"], unique=False)
    op.create_index("ix_audit_entries_object", "audit_entries", ["object_type", "object_id"], unique=False)
    op.create_table(
        "channel_members",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_channel_members_channel_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_channel_members_creator_id")),
        sa.PrimaryKeyConstraint("channel_id", "creator_id", name=op.f("pk_channel_members")),
    )
    op.create_index("ix_channel_members_creator_id", "channel_members", ["creator_id"], unique=False)
    op.create_table(
        "contents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "format",
            sa.Enum(
                "ARTICLE",
                "QNA",
                "LIVE",
                "GALLERY",
                "SHORT_VIDEO",
                "RANKED_LIST",
                "ITEM_NOTE",
                "COLLOCATION",
                name="format",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("group_uid", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "VISIBLE",
                "WITHDRAWN",
                "TAKEN_DOWN",
                "ERASED",
                name="contentstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="VISIBLE",
            nullable=False,
        ),
        sa.Column("state_because", sa.Text(), nullable=True),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("live_revision_id", sa.BigInteger(), nullable=True),
        sa.Column("draft_revision_id", sa.BigInteger(), nullable=True),
        sa.Column("tag_ids", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("channel_ids", sa.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("is_history", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'", name=op.f("ck_contents_language_form")),
        sa.CheckConstraint("live_revision_id <> draft_revision_id", name=op.f("ck_contents_draft_is_not_live")),
        sa.CheckConstraint(
            "live_revision_id IS NULL OR published_at IS NOT NULL", name=op.f("ck_contents_live_was_published")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_contents_creator_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_contents_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contents")),
        sa.UniqueConstraint("group_uid", "language", name=op.f("uq_contents_group_uid_language")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_contents_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_contents_uid")),
    )
    op.create_index(
        "ix_contents_creator_newest",
        "contents",
        ["creator_id", sa.literal_column("published_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.create_index(
        "ix_contents_format_newest",
        "contents",
        ["format", sa.literal_column("published_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.create_index(
        "ix_contents_newest",
        "contents",
        [sa.literal_column("published_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_contents_organisation_id"), "contents", ["organisation_id"], unique=False)
    op.create_index("ix_contents_tag_ids", "contents", ["tag_ids"], unique=False, postgresql_using="gin")
    op.create_table(
        "contracts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("period", postgresql.DATERANGE(), nullable=False),
        sa.Column("share_basis_points", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(creator_id, creator_id, '[]')"), "&&"),
            (sa.column("period"), "&&"),
            using="gist",
            name="ex_contracts_period",
        ),
        sa.CheckConstraint("NOT isempty(period)", name=op.f("ck_contracts_period_not_empty")),
        sa.CheckConstraint("share_basis_points BETWEEN 0 AND 10000", name=op.f("ck_contracts_share_in_range")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_contracts_creator_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_contracts_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_contracts_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_contracts_uid")),
    )
    op.create_index(op.f("ix_contracts_creator_id"), "contracts", ["creator_id"], unique=False)
    op.create_index(op.f("ix_contracts_organisation_id"), "contracts", ["organisation_id"], unique=False)
    op.create_table(
        "creator_fields",
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("field_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_creator_fields_creator_id")),
        sa.ForeignKeyConstraint(["field_code"], ["fields.code"], name=op.f("fk_creator_fields_field_code")),
        sa.PrimaryKeyConstraint("creator_id", "field_code", name=op.f("pk_creator_fields")),
    )
    op.create_index(op.f("ix_creator_fields_field_code"), "creator_fields", ["field_code"], unique=False)
    op.create_table(
        "creator_roles",
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("role_code", sa.Text(), nullable=False),
        sa.Column("certified_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_creator_roles_creator_id")),
        sa.ForeignKeyConstraint(["role_code"], ["roles.code"], name=op.f("fk_creator_roles_role_code")),
        sa.PrimaryKeyConstraint("creator_id", "role_code", name=op.f("pk_creator_roles")),
    )
    op.create_index(op.f("ix_creator_roles_role_code"), "creator_roles", ["role_code"], unique=False)
    op.create_table(
        "homepages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_homepages_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_homepages")),
        sa.UniqueConstraint("creator_id", name=op.f("uq_homepages_creator_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_homepages_uid")),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "CONSUMER",
                "CREATOR",
                "MERCHANT",
                "ORGANISATION_MEMBER",
                "OPERATOR",
                name="identitykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("shop_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'CREATOR') = (creator_id IS NOT NULL) AND (kind = 'MERCHANT') = (shop_id IS NOT NULL) AND (kind = 'ORGANISATION_MEMBER') = (organisation_id IS NOT NULL)",
            name=op.f("ck_identities_subject_fits_kind"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_identities_account_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_identities_creator_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_identities_organisation_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_identities_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("uid", name=op.f("uq_identities_uid")),
    )
    op.create_index(op.f("ix_identities_account_id"), "identities", ["account_id"], unique=False)
    op.create_index(op.f("ix_identities_creator_id"), "identities", ["creator_id"], unique=False)
    op.create_index(op.f("ix_identities_organisation_id"), "identities", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_identities_shop_id"), "identities", ["shop_id"], unique=False)
    op.create_index(
        "uq_identities_subject",
        "identities",
        ["account_id", "kind", sa.literal_column("coalesce(creator_id, shop_id, organisation_id, 0)")],
        unique=True,
    )
    op.create_table(
        "organisation_members",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "OWNER",
                "MANAGER",
                "EDITOR",
                "ANALYST",
                name="organisationrole",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("period", postgresql.DATERANGE(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(organisation_id, organisation_id, '[]')"), "&&"),
            (sa.text("int8range(account_id, account_id, '[]')"), "&&"),
            (sa.column("period"), "&&"),
            using="gist",
            name="ex_organisation_members_period",
        ),
        sa.CheckConstraint("NOT isempty(period)", name=op.f("ck_organisation_members_period_not_empty")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_organisation_members_account_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_organisation_members_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_members")),
        sa.UniqueConstraint("uid", name=op.f("uq_organisation_members_uid")),
    )
    op.create_index(op.f("ix_organisation_members_account_id"), "organisation_members", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_organisation_members_organisation_id"), "organisation_members", ["organisation_id"], unique=False
    )
    op.create_table(
        "pack_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_pack_versions_digest_form")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_pack_versions_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_versions")),
        sa.UniqueConstraint("channel_id", "digest", name=op.f("uq_pack_versions_channel_id_digest")),
        sa.UniqueConstraint("id", "channel_id", name=op.f("uq_pack_versions_id_channel_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_pack_versions_uid")),
    )
    op.create_table(
        "quota_counters",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "period",
            sa.Enum("DAY", "WEEK", "TOTAL", name="quotaperiod", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("used_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used_count >= 0", name=op.f("ck_quota_counters_not_negative")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_quota_counters_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", "creator_id", "period", "starts_on", name=op.f("pk_quota_counters")),
    )
    op.create_table(
        "tags",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("taxonomy_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "PROPOSED",
                "ACTIVE",
                "DEPRECATED",
                "MERGED",
                name="tagstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="ACTIVE",
            nullable=False,
        ),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'MERGED') = (merged_into_id IS NOT NULL)", name=op.f("ck_tags_merged_somewhere")),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]*$'", name=op.f("ck_tags_code_form")),
        sa.CheckConstraint("parent_id <> id AND merged_into_id <> id", name=op.f("ck_tags_not_its_own")),
        sa.ForeignKeyConstraint(
            ["merged_into_id", "taxonomy_id"], ["tags.id", "tags.taxonomy_id"], name="fk_tags_merged"
        ),
        sa.ForeignKeyConstraint(["parent_id", "taxonomy_id"], ["tags.id", "tags.taxonomy_id"], name="fk_tags_parent"),
        sa.ForeignKeyConstraint(["taxonomy_id"], ["taxonomies.id"], name=op.f("fk_tags_taxonomy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("id", "taxonomy_id", name=op.f("uq_tags_id_taxonomy_id")),
        sa.UniqueConstraint("taxonomy_id", "code", name=op.f("uq_tags_taxonomy_id_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_tags_uid")),
    )
    op.create_index(
        "ix_tags_merged_into",
        "tags",
        ["merged_into_id"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index("ix_tags_parent", "tags", ["parent_id"], unique=False)
    op.create_index("ix_tags_path", "tags", ["path"], unique=False, postgresql_using="gin")
    op.create_table(
        "answers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "VISIBLE",
                "WITHDRAWN",
                "TAKEN_DOWN",
                name="answerstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="VISIBLE",
            nullable=False,
        ),
        sa.Column("votes_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_accepted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_answers_content_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_answers_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_answers_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_answers_uid")),
    )
    op.create_index(
        "ix_answers_best",
        "answers",
        ["content_id", sa.literal_column("votes_count DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_answers_creator_id"), "answers", ["creator_id"], unique=False)
    op.create_index(
        "uq_answers_accepted", "answers", ["content_id"], unique=True, postgresql_where=sa.text("is_accepted")
    )
    op.create_table(
        "feeds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "CHANNEL",
                "CREATOR",
                "ORGANISATION",
                "TAG",
                name="feedkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("tag_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(channel_id, creator_id, organisation_id, tag_id) = 1", name=op.f("ck_feeds_one_subject")
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_feeds_channel_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_feeds_creator_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_feeds_organisation_id")),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_feeds_tag_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_feeds_channel_id")),
        sa.UniqueConstraint("creator_id", name=op.f("uq_feeds_creator_id")),
        sa.UniqueConstraint("key", name=op.f("uq_feeds_key")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_feeds_organisation_id")),
        sa.UniqueConstraint("tag_id", name=op.f("uq_feeds_tag_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_feeds_uid")),
    )
    op.create_table(
        "homepage_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("homepage_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "DRAFT",
                "SCHEDULED",
                "LIVE",
                "SUPERSEDED",
                name="homepagestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="DRAFT",
            nullable=False,
        ),
        sa.Column("theme", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("blocks", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('DRAFT', 'SCHEDULED')) = (published_at IS NULL)",
            name=op.f("ck_homepage_versions_published_when_live"),
        ),
        sa.ForeignKeyConstraint(["homepage_id"], ["homepages.id"], name=op.f("fk_homepage_versions_homepage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_homepage_versions")),
        sa.UniqueConstraint("homepage_id", "number", name=op.f("uq_homepage_versions_homepage_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_homepage_versions_uid")),
    )
    op.create_index(
        "uq_homepage_versions_draft",
        "homepage_versions",
        ["homepage_id"],
        unique=True,
        postgresql_where=sa.text("state = 'DRAFT'"),
    )
    op.create_index(
        "uq_homepage_versions_live",
        "homepage_versions",
        ["homepage_id"],
        unique=True,
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    op.create_table(
        "live_rooms",
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "SCHEDULED",
                "LIVE",
                "ENDED",
                "REPLAY",
                "CANCELLED",
                name="livestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="SCHEDULED",
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stream_url", sa.Text(), nullable=True),
        sa.Column("replay_url", sa.Text(), nullable=True),
        sa.Column("viewers_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("viewers_peak", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "(state IN ('ENDED', 'REPLAY')) <= (ended_at IS NOT NULL)", name=op.f("ck_live_rooms_ended")
        ),
        sa.CheckConstraint(
            "(state IN ('LIVE', 'ENDED', 'REPLAY')) <= (started_at IS NOT NULL)", name=op.f("ck_live_rooms_started")
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_live_rooms_ends_after_start")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_live_rooms_content_id")),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_live_rooms")),
    )
    op.create_index("ix_live_rooms_state", "live_rooms", ["state", "starts_at"], unique=False)
    op.create_table(
        "pack_installs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_version_id", sa.BigInteger(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("installed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_pack_installs_channel_id")),
        sa.ForeignKeyConstraint(
            ["pack_version_id"], ["pack_versions.id"], name=op.f("fk_pack_installs_pack_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_installs")),
        sa.UniqueConstraint("uid", name=op.f("uq_pack_installs_uid")),
    )
    op.create_index("ix_pack_installs_channel", "pack_installs", ["channel_id", "installed_at"], unique=False)
    op.create_index(op.f("ix_pack_installs_pack_version_id"), "pack_installs", ["pack_version_id"], unique=False)
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="zh", nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=True),
        sa.Column("brand_id", sa.BigInteger(), nullable=True),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("list_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("is_on_shelf", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_products_currency_form")),
        sa.CheckConstraint("price_minor >= 0 AND list_price_minor >= 0", name=op.f("ck_products_prices_not_negative")),
        sa.CheckConstraint("price_minor IS NULL OR currency IS NOT NULL", name=op.f("ck_products_price_has_currency")),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_products_brand_id")),
        sa.ForeignKeyConstraint(["category_id"], ["tags.id"], name=op.f("fk_products_category_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_products_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("source", "external_key", name=op.f("uq_products_source_external_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_products_uid")),
    )
    op.create_index(op.f("ix_products_brand_id"), "products", ["brand_id"], unique=False)
    op.create_index(op.f("ix_products_category_id"), "products", ["category_id"], unique=False)
    op.create_index(op.f("ix_products_shop_id"), "products", ["shop_id"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "DRAFT",
                "IN_REVIEW",
                "SCHEDULED",
                "LIVE",
                "SUPERSEDED",
                name="revisionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="DRAFT",
            nullable=False,
        ),
        sa.Column("edition", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_original", sa.Boolean(), nullable=True),
        sa.Column("tag_ids", sa.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("schedule_zone", sa.Text(), nullable=True),
        sa.Column("fired_late_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'DRAFT') = (sealed_at IS NULL)", name=op.f("ck_revisions_sealed_unless_draft")),
        sa.CheckConstraint(
            "(state = 'SCHEDULED') <= (scheduled_for IS NOT NULL)", name=op.f("ck_revisions_scheduled_has_time")
        ),
        sa.CheckConstraint(
            "(state IN ('LIVE', 'SUPERSEDED')) <= (published_at IS NOT NULL)",
            name=op.f("ck_revisions_live_was_published"),
        ),
        sa.CheckConstraint(
            "(scheduled_for IS NULL) = (schedule_zone IS NULL)", name=op.f("ck_revisions_schedule_has_zone")
        ),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_revisions_content_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("content_id", "number", name=op.f("uq_revisions_content_id_number")),
        sa.UniqueConstraint("id", "content_id", name=op.f("uq_revisions_id_content_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_revisions_uid")),
    )
    op.create_index(
        "ix_revisions_due",
        "revisions",
        ["scheduled_for"],
        unique=False,
        postgresql_where=sa.text("state = 'SCHEDULED'"),
    )
    op.create_index(
        "uq_revisions_draft", "revisions", ["content_id"], unique=True, postgresql_where=sa.text("state = 'DRAFT'")
    )
    op.create_index(
        "uq_revisions_live", "revisions", ["content_id"], unique=True, postgresql_where=sa.text("state = 'LIVE'")
    )
    op.create_table(
        "tag_aliases",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("taxonomy_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tag_id", "taxonomy_id"], ["tags.id", "tags.taxonomy_id"], name="fk_tag_aliases_tag"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_aliases")),
        sa.UniqueConstraint("taxonomy_id", "folded", name=op.f("uq_tag_aliases_taxonomy_id_folded")),
        sa.UniqueConstraint("uid", name=op.f("uq_tag_aliases_uid")),
    )
    op.create_index("ix_tag_aliases_tag_id", "tag_aliases", ["tag_id"], unique=False)
    op.create_table(
        "taggings",
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "AUTHOR",
                "RULE",
                "IMPORT",
                "MODEL",
                name="taggingsource",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("confidence", sa.BigInteger(), server_default="100", nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("confidence BETWEEN 0 AND 100", name=op.f("ck_taggings_confidence_percent")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_taggings_content_id")),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_taggings_tag_id")),
        sa.PrimaryKeyConstraint("content_id", "tag_id", name=op.f("pk_taggings")),
    )
    op.create_index(op.f("ix_taggings_tag_id"), "taggings", ["tag_id"], unique=False)
    op.create_table(
        "feed_contents",
        sa.Column("feed_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_version_id", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("appeared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_feed_contents_content_id")),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_feed_contents_feed_id")),
        sa.ForeignKeyConstraint(
            ["pack_version_id"], ["pack_versions.id"], name=op.f("fk_feed_contents_pack_version_id")
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_feed_contents_revision_id")),
        sa.PrimaryKeyConstraint("feed_id", "content_id", name=op.f("pk_feed_contents")),
    )
    op.create_index("ix_feed_contents_content_id", "feed_contents", ["content_id"], unique=False)
    op.create_index(
        "ix_feed_contents_newest",
        "feed_contents",
        ["feed_id", sa.literal_column("position DESC")],
        unique=False,
        postgresql_where=sa.text("is_live"),
    )
    op.create_table(
        "feed_heads",
        sa.Column("feed_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_feed_heads_feed_id")),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_feed_heads")),
        postgresql_with={"fillfactor": 20},
    )
    op.create_table(
        "feed_items",
        sa.Column("feed_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False),
        sa.Column(
            "event",
            sa.Enum(
                "PUBLISHED",
                "UPDATED",
                "WITHDRAWN",
                "RESTORED",
                name="feedevent",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("appended_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_feed_items_content_id")),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_feed_items_feed_id")),
        sa.PrimaryKeyConstraint("feed_id", "position", name=op.f("pk_feed_items")),
    )
    op.create_index(op.f("ix_feed_items_content_id"), "feed_items", ["content_id"], unique=False)
    op.create_table(
        "pool_products",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.id"], name=op.f("fk_pool_products_pool_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_pool_products_product_id")),
        sa.PrimaryKeyConstraint("pool_id", "product_id", name=op.f("pk_pool_products")),
    )
    op.create_index("ix_pool_products_product_id", "pool_products", ["product_id"], unique=False)
    op.create_table(
        "product_assets",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_product_assets_asset_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_product_assets_product_id")),
        sa.PrimaryKeyConstraint("product_id", "position", name=op.f("pk_product_assets")),
    )
    op.create_index(op.f("ix_product_assets_asset_id"), "product_assets", ["asset_id"], unique=False)
    op.create_table(
        "revision_assets",
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "use",
            sa.Enum(
                "COVER",
                "PICTURE",
                "VIDEO",
                "SUBTITLES",
                name="assetuse",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_revision_assets_asset_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_revision_assets_revision_id")),
        sa.PrimaryKeyConstraint("revision_id", "position", name=op.f("pk_revision_assets")),
    )
    op.create_index(op.f("ix_revision_assets_asset_id"), "revision_assets", ["asset_id"], unique=False)
    op.create_table(
        "revision_products",
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_revision_products_product_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_revision_products_revision_id")),
        sa.PrimaryKeyConstraint("revision_id", "position", name=op.f("pk_revision_products")),
        sa.UniqueConstraint("revision_id", "product_id", name=op.f("uq_revision_products_revision_id_product_id")),
    )
    op.create_index(op.f("ix_revision_products_product_id"), "revision_products", ["product_id"], unique=False)
    op.create_table(
        "submissions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "MACHINE_AUDIT",
                "HUMAN_AUDIT",
                "TRIAL",
                "ACCEPTED",
                "DELIVERED",
                "CONFIRMED",
                "REJECTED",
                "WITHDRAWN",
                "EXPIRED",
                "FAILED",
                name="submissionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_version_id", sa.BigInteger(), nullable=False),
        sa.Column("decision_id", sa.BigInteger(), nullable=True),
        sa.Column("state_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_submissions_channel_id")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_submissions_content_id")),
        sa.ForeignKeyConstraint(["pack_version_id"], ["pack_versions.id"], name=op.f("fk_submissions_pack_version_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_submissions_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("content_id", "channel_id", name=op.f("uq_submissions_content_id_channel_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_submissions_uid")),
    )
    op.create_index("ix_submissions_channel_state", "submissions", ["channel_id", "state", "state_since"], unique=False)
    op.create_index(
        "ix_submissions_deadline",
        "submissions",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("deadline_at IS NOT NULL"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_version_id", sa.BigInteger(), nullable=False),
        sa.Column("snapshot_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "ELIGIBLE",
                "FIXABLE",
                "IMPOSSIBLE",
                "NOT_FOR_THIS",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column(
            "quota_used", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["pack_version_id"], ["pack_versions.id"], name=op.f("fk_decisions_pack_version_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_decisions_revision_id")),
        sa.ForeignKeyConstraint(
            ["snapshot_digest"], ["fact_snapshots.digest"], name=op.f("fk_decisions_snapshot_digest")
        ),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_decisions_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("uid", name=op.f("uq_decisions_uid")),
    )
    op.create_index("ix_decisions_submission", "decisions", ["submission_id", "attempt"], unique=False)
    op.create_table(
        "quota_uses",
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_quota_uses_submission_id")),
        sa.PrimaryKeyConstraint("submission_id", "attempt", name=op.f("pk_quota_uses")),
    )
    op.create_foreign_key(
        "fk_channels_pack_version", "channels", "pack_versions", ["pack_version_id", "id"], ["id", "channel_id"]
    )
    op.create_foreign_key("fk_creators_avatar_id", "creators", "assets", ["avatar_id"], ["id"])
    op.create_foreign_key(
        "fk_contents_draft_revision", "contents", "revisions", ["draft_revision_id", "id"], ["id", "content_id"]
    )
    op.create_foreign_key(
        "fk_contents_live_revision", "contents", "revisions", ["live_revision_id", "id"], ["id", "content_id"]
    )
    op.create_foreign_key("fk_submissions_decision_id", "submissions", "decisions", ["decision_id"], ["id"])
    # asyncpg prepares one statement at a time
    for statement in _statements(GUARDS):
        op.execute(statement)
    op.execute("INSERT INTO epochs (number, reason) VALUES (1, 'the first')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_constraint("fk_channels_pack_version", "channels", type_="foreignkey")
    op.drop_constraint("fk_creators_avatar_id", "creators", type_="foreignkey")
    op.drop_constraint("fk_contents_draft_revision", "contents", type_="foreignkey")
    op.drop_constraint("fk_contents_live_revision", "contents", type_="foreignkey")
    op.drop_constraint("fk_submissions_decision_id", "submissions", type_="foreignkey")
    op.drop_table("quota_uses")
    op.drop_index("ix_decisions_submission", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index(
        "ix_submissions_deadline", table_name="submissions", postgresql_where=sa.text("deadline_at IS NOT NULL")
    )
    op.drop_index("ix_submissions_channel_state", table_name="submissions")
    op.drop_table("submissions")
    op.drop_index(op.f("ix_revision_products_product_id"), table_name="revision_products")
    op.drop_table("revision_products")
    op.drop_index(op.f("ix_revision_assets_asset_id"), table_name="revision_assets")
    op.drop_table("revision_assets")
    op.drop_index(op.f("ix_product_assets_asset_id"), table_name="product_assets")
    op.drop_table("product_assets")
    op.drop_index("ix_pool_products_product_id", table_name="pool_products")
    op.drop_table("pool_products")
    op.drop_index(op.f("ix_feed_items_content_id"), table_name="feed_items")
    op.drop_table("feed_items")
    op.drop_table("feed_heads")
    op.drop_index("ix_feed_contents_newest", table_name="feed_contents", postgresql_where=sa.text("is_live"))
    op.drop_index("ix_feed_contents_content_id", table_name="feed_contents")
    op.drop_table("feed_contents")
    op.drop_index(op.f("ix_taggings_tag_id"), table_name="taggings")
    op.drop_table("taggings")
    op.drop_index("ix_tag_aliases_tag_id", table_name="tag_aliases")
    op.drop_table("tag_aliases")
    op.drop_index("uq_revisions_live", table_name="revisions", postgresql_where=sa.text("state = 'LIVE'"))
    op.drop_index("uq_revisions_draft", table_name="revisions", postgresql_where=sa.text("state = 'DRAFT'"))
    op.drop_index("ix_revisions_due", table_name="revisions", postgresql_where=sa.text("state = 'SCHEDULED'"))
    op.drop_table("revisions")
    op.drop_index(op.f("ix_products_shop_id"), table_name="products")
    op.drop_index(op.f("ix_products_category_id"), table_name="products")
    op.drop_index(op.f("ix_products_brand_id"), table_name="products")
    op.drop_table("products")
    op.drop_index(op.f("ix_pack_installs_pack_version_id"), table_name="pack_installs")
    op.drop_index("ix_pack_installs_channel", table_name="pack_installs")
    op.drop_table("pack_installs")
    op.drop_index("ix_live_rooms_state", table_name="live_rooms")
    op.drop_table("live_rooms")
    op.drop_index(
        "uq_homepage_versions_live", table_name="homepage_versions", postgresql_where=sa.text("state = 'LIVE'")
    )
    op.drop_index(
        "uq_homepage_versions_draft", table_name="homepage_versions", postgresql_where=sa.text("state = 'DRAFT'")
    )
    op.drop_table("homepage_versions")
    op.drop_table("feeds")
    op.drop_index("uq_answers_accepted", table_name="answers", postgresql_where=sa.text("is_accepted"))
    op.drop_index(op.f("ix_answers_creator_id"), table_name="answers")
    op.drop_index("ix_answers_best", table_name="answers")
    op.drop_table("answers")
    op.drop_index("ix_tags_path", table_name="tags", postgresql_using="gin")
    op.drop_index("ix_tags_parent", table_name="tags")
    op.drop_index("ix_tags_merged_into", table_name="tags", postgresql_where=sa.text("merged_into_id IS NOT NULL"))
    op.drop_table("tags")
    op.drop_table("quota_counters")
    op.drop_table("pack_versions")
    op.drop_index(op.f("ix_organisation_members_organisation_id"), table_name="organisation_members")
    op.drop_index(op.f("ix_organisation_members_account_id"), table_name="organisation_members")
    op.drop_table("organisation_members")
    op.drop_index("uq_identities_subject", table_name="identities")
    op.drop_index(op.f("ix_identities_shop_id"), table_name="identities")
    op.drop_index(op.f("ix_identities_organisation_id"), table_name="identities")
    op.drop_index(op.f("ix_identities_creator_id"), table_name="identities")
    op.drop_index(op.f("ix_identities_account_id"), table_name="identities")
    op.drop_table("identities")
    op.drop_table("homepages")
    op.drop_index(op.f("ix_creator_roles_role_code"), table_name="creator_roles")
    op.drop_table("creator_roles")
    op.drop_index(op.f("ix_creator_fields_field_code"), table_name="creator_fields")
    op.drop_table("creator_fields")
    op.drop_index(op.f("ix_contracts_organisation_id"), table_name="contracts")
    op.drop_index(op.f("ix_contracts_creator_id"), table_name="contracts")
    op.drop_table("contracts")
    op.drop_index("ix_contents_tag_ids", table_name="contents", postgresql_using="gin")
    op.drop_index(op.f("ix_contents_organisation_id"), table_name="contents")
    op.drop_index(
        "ix_contents_newest",
        table_name="contents",
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_contents_format_newest",
        table_name="contents",
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_contents_creator_newest",
        table_name="contents",
        postgresql_where=sa.text("state = 'VISIBLE' AND live_revision_id IS NOT NULL"),
    )
    op.drop_table("contents")
    op.drop_index("ix_channel_members_creator_id", table_name="channel_members")
    op.drop_table("channel_members")
    op.drop_index("ix_audit_entries_object", table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_at"), table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_index(op.f("ix_assets_sha256"), table_name="assets")
    op.drop_index(op.f("ix_assets_creator_id"), table_name="assets")
    op.drop_table("assets")
    op.drop_index(op.f("ix_api_keys_account_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_table("taxonomies")
    op.drop_table("shops")
    op.drop_table("roles")
    op.drop_table("pools")
    op.drop_table("organisations")
    op.drop_table("instances")
    op.drop_index(
        "uq_import_runs_running",
        table_name="import_runs",
        postgresql_where=sa.text("state = 'RUNNING' AND input_digest IS NOT NULL"),
    )
    op.drop_table("import_runs")
    op.drop_table("fields")
    op.drop_table("fact_snapshots")
    op.drop_table("epochs")
    op.drop_index("ix_dirty_marks_next", table_name="dirty_marks", postgresql_where=sa.text("parked_at IS NULL"))
    op.drop_table("dirty_marks")
    op.drop_index(
        "ix_creators_hidden",
        table_name="creators",
        postgresql_where=sa.text("suspended_at IS NOT NULL OR erased_at IS NOT NULL"),
    )
    op.drop_table("creators")
    op.drop_index(op.f("ix_channels_parent_id"), table_name="channels")
    op.drop_table("channels")
    op.drop_table("brands")
    op.drop_table("blobs")
    op.drop_index("uq_accounts_email", table_name="accounts")
    op.drop_table("accounts")
    op.execute("DROP FUNCTION keep_sealed_words()")
    op.execute("DROP FUNCTION refuse_change()")
