"""The asset centre: uploads, folders, tags of assets, probes of their bytes, renditions.

Revision ID: assets
Revises: contract
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "assets"
down_revision = "contract"
branch_labels = None
depends_on = None


PICTURES = "(jsonb_path_query_array(blocks, '$.**.image') || jsonb_path_query_array(blocks, '$.**.asset'))"
KINDS = ("IMAGE", "VIDEO", "AUDIO")
# of rows that are there already; checked afterwards, under a lock that lets writers pass
CHECKS = (
    ("assets", "folder_of_a_creator", "folder_id IS NULL OR creator_id IS NOT NULL"),
    ("assets", "focal_both_or_neither", "(focal_x IS NULL) = (focal_y IS NULL)"),
    ("assets", "focal_inside", "focal_x BETWEEN 0 AND 1000 AND focal_y BETWEEN 0 AND 1000"),
    ("assets", "probed_from_bytes", "facts_source <> 'PROBED' OR sha256 IS NOT NULL"),
    ("blobs", "refused_for_a_reason", "(probe_state = 'REFUSED') = (probe_failure IS NOT NULL)"),
    ("blobs", "probed_at_a_time", "probe_state <> 'PROBED' OR probed_at IS NOT NULL"),
)


def _check(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def _kinds(kinds: tuple[str, ...]) -> None:
    """The kinds of assets that there are."""
    op.drop_constraint(op.f("ck_assets_assetkind"), "assets", type_="check")
    _check("assets", "assetkind", "kind IN (" + ", ".join(f"'{kind}'" for kind in kinds) + ")")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    _kinds((*KINDS, "SUBTITLES"))
    # what was called measured without bytes was somebody's word
    op.execute("UPDATE assets SET facts_source = 'DECLARED' WHERE facts_source = 'PROBED' AND sha256 IS NULL")
    op.create_table(
        "asset_folders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_asset_folders_not_in_itself")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_asset_folders_creator_id")),
        sa.ForeignKeyConstraint(
            ["parent_id", "creator_id"],
            ["asset_folders.id", "asset_folders.creator_id"],
            name=op.f("fk_asset_folders_parent_id_creator_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_folders")),
        sa.UniqueConstraint(
            "creator_id",
            "parent_id",
            "name",
            name=op.f("uq_asset_folders_creator_id_parent_id_name"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.UniqueConstraint("id", "creator_id", name=op.f("uq_asset_folders_id_creator_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_asset_folders_uid")),
    )
    op.create_index("ix_asset_folders_parent", "asset_folders", ["parent_id"], unique=False)
    op.create_table(
        "asset_uploads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("asset_uid", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "RECEIVING",
                "FETCHING",
                "PROBING",
                "READY",
                "REFUSED",
                "EXPIRED",
                name="uploadstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="RECEIVING",
            nullable=False,
        ),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), server_default="", nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("byte_count", sa.BigInteger(), nullable=True),
        sa.Column("received_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("parts", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("expected_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'REFUSED') = (failure IS NOT NULL)", name=op.f("ck_asset_uploads_refused_for_a_reason")
        ),
        sa.CheckConstraint(
            "state NOT IN ('PROBING', 'READY') OR sha256 IS NOT NULL", name=op.f("ck_asset_uploads_there_has_bytes")
        ),
        sa.CheckConstraint(
            "byte_count > 0 AND received_count BETWEEN 0 AND byte_count", name=op.f("ck_asset_uploads_received_within")
        ),
        sa.CheckConstraint(
            "octet_length(expected_sha256) = 32 AND octet_length(sha256) = 32", name=op.f("ck_asset_uploads_is_sha256")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_asset_uploads_account_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_asset_uploads_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_uploads")),
        sa.UniqueConstraint("uid", name=op.f("uq_asset_uploads_uid")),
    )
    op.create_index(
        "ix_asset_uploads_account", "asset_uploads", ["account_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_index(
        "ix_asset_uploads_blob",
        "asset_uploads",
        ["sha256"],
        unique=False,
        postgresql_where=sa.text("state = 'PROBING'"),
    )
    op.create_index(op.f("ix_asset_uploads_creator_id"), "asset_uploads", ["creator_id"], unique=False)
    op.create_index("ix_asset_uploads_expiring", "asset_uploads", ["expires_at"], unique=False)
    op.create_index(
        "ix_asset_uploads_fetching",
        "asset_uploads",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'FETCHING'"),
    )
    op.create_index(
        "ix_asset_uploads_receiving",
        "asset_uploads",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'RECEIVING'"),
    )
    op.create_table(
        "renditions",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("byte_count", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "etag IS NULL OR (media_type IS NOT NULL AND byte_count > 0)", name=op.f("ck_renditions_made_whole")
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_renditions_sha256"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sha256", "name", name=op.f("pk_renditions")),
    )
    op.create_table(
        "asset_tags",
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_asset_tags_asset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_asset_tags_tag_id")),
        sa.PrimaryKeyConstraint("asset_id", "tag_id", name=op.f("pk_asset_tags")),
    )
    op.create_index("ix_asset_tags_tag", "asset_tags", ["tag_id"], unique=False)
    op.add_column("assets", sa.Column("folder_id", sa.BigInteger(), nullable=True))
    op.add_column("assets", sa.Column("file_name", sa.Text(), server_default="", nullable=False))
    op.add_column("assets", sa.Column("origin", sa.Text(), server_default="", nullable=False))
    op.add_column("assets", sa.Column("focal_x", sa.BigInteger(), nullable=True))
    op.add_column("assets", sa.Column("focal_y", sa.BigInteger(), nullable=True))
    op.add_column("assets", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assets", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(op.f("ix_assets_creator_id"), table_name="assets")
    op.create_index("ix_assets_creator_newest", "assets", ["creator_id", sa.literal_column("id DESC")], unique=False)
    op.create_index(
        "ix_assets_expiring", "assets", ["expires_at"], unique=False, postgresql_where=sa.text("expires_at IS NOT NULL")
    )
    op.create_index("ix_assets_folder", "assets", ["folder_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_assets_folder_id_creator_id"),
        "assets",
        "asset_folders",
        ["folder_id", "creator_id"],
        ["id", "creator_id"],
    )
    op.add_column(
        "blobs",
        sa.Column(
            "probe_state",
            sa.Enum(
                "WAITING", "PROBED", "REFUSED", name="probestate", native_enum=False, create_constraint=True, length=40
            ),
            server_default="WAITING",
            nullable=False,
        ),
    )
    op.add_column("blobs", sa.Column("probe_version", sa.BigInteger(), nullable=True))
    op.add_column("blobs", sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("blobs", sa.Column("probe_attempts", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("blobs", sa.Column("probe_claimed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("blobs", sa.Column("probe_failure", sa.Text(), nullable=True))
    op.add_column(
        "blobs",
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_index(
        "ix_blobs_waiting", "blobs", ["created_at"], unique=False, postgresql_where=sa.text("probe_state = 'WAITING'")
    )
    op.create_index(
        "ix_blobs_probed", "blobs", ["probe_version"], unique=False, postgresql_where=sa.text("probe_state = 'PROBED'")
    )
    op.create_index(
        "ix_creators_avatar",
        "creators",
        ["avatar_id"],
        unique=False,
        postgresql_where=sa.text("avatar_id IS NOT NULL"),
    )
    # old versions show pictures too: whoever deletes one asks for them
    op.create_index(
        "ix_homepage_versions_pictures",
        "homepage_versions",
        [sa.literal_column(PICTURES)],
        unique=False,
        postgresql_using="gin",
    )
    op.drop_index(
        "ix_homepage_versions_live_pictures", table_name="homepage_versions", postgresql_where=sa.text("state = 'LIVE'")
    )
    for table, name, condition in CHECKS:
        _check(table, name, condition)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table, name, _condition in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_index(
        "ix_homepage_versions_live_pictures",
        "homepage_versions",
        [sa.literal_column(PICTURES)],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    op.drop_index("ix_homepage_versions_pictures", table_name="homepage_versions", postgresql_using="gin")
    op.drop_index("ix_creators_avatar", table_name="creators", postgresql_where=sa.text("avatar_id IS NOT NULL"))
    # what knew no such kind knows nothing of its rows
    op.execute("DELETE FROM revision_assets WHERE asset_id IN (SELECT id FROM assets WHERE kind = 'SUBTITLES')")
    op.execute("DELETE FROM assets WHERE kind = 'SUBTITLES'")
    _kinds(KINDS)
    op.drop_index("ix_blobs_probed", table_name="blobs", postgresql_where=sa.text("probe_state = 'PROBED'"))
    op.drop_index("ix_blobs_waiting", table_name="blobs", postgresql_where=sa.text("probe_state = 'WAITING'"))
    op.drop_column("blobs", "facts")
    op.drop_column("blobs", "probe_failure")
    op.drop_column("blobs", "probe_claimed_until")
    op.drop_column("blobs", "probe_attempts")
    op.drop_column("blobs", "probed_at")
    op.drop_column("blobs", "probe_version")
    op.drop_column("blobs", "probe_state")
    op.drop_constraint(op.f("fk_assets_folder_id_creator_id"), "assets", type_="foreignkey")
    op.drop_index("ix_assets_folder", table_name="assets")
    op.drop_index("ix_assets_expiring", table_name="assets", postgresql_where=sa.text("expires_at IS NOT NULL"))
    op.drop_index("ix_assets_creator_newest", table_name="assets")
    op.create_index(op.f("ix_assets_creator_id"), "assets", ["creator_id"], unique=False)
    op.drop_column("assets", "retired_at")
    op.drop_column("assets", "expires_at")
    op.drop_column("assets", "focal_y")
    op.drop_column("assets", "focal_x")
    op.drop_column("assets", "origin")
    op.drop_column("assets", "file_name")
    op.drop_column("assets", "folder_id")
    op.drop_index("ix_asset_tags_tag", table_name="asset_tags")
    op.drop_table("asset_tags")
    op.drop_table("renditions")
    op.drop_index(
        "ix_asset_uploads_receiving", table_name="asset_uploads", postgresql_where=sa.text("state = 'RECEIVING'")
    )
    op.drop_index(
        "ix_asset_uploads_fetching", table_name="asset_uploads", postgresql_where=sa.text("state = 'FETCHING'")
    )
    op.drop_index("ix_asset_uploads_expiring", table_name="asset_uploads")
    op.drop_index(op.f("ix_asset_uploads_creator_id"), table_name="asset_uploads")
    op.drop_index("ix_asset_uploads_blob", table_name="asset_uploads", postgresql_where=sa.text("state = 'PROBING'"))
    op.drop_index("ix_asset_uploads_account", table_name="asset_uploads")
    op.drop_table("asset_uploads")
    op.drop_index("ix_asset_folders_parent", table_name="asset_folders")
    op.drop_table("asset_folders")
