"""From complaint to solution: desks with states, clocks, families, officers, programs, rollups."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
LIST, MAP = sa.text("'[]'"), sa.text("'{}'")
UNPUBLISHED = sa.column("published") == sa.false()  # SQLite writes 0, and uses no index on `false`
STALE = sa.text("stale > 0")
UNCOMPARED = sa.column("compared") == sa.false()
IN_FAMILY = sa.text("parent_id IS NOT NULL")
LOOSENED = ("inbox_id", "conversation_id")  # an imported complaint has neither

INDEXES = (
    ("ix_complaint_agency", "complaint", ["agency", "id"], None),
    ("ix_complaint_created", "complaint", ["created_at"], None),
    ("ix_complaint_updated", "complaint", ["updated_at"], None),
    ("ix_complaint_parent", "complaint", ["parent_id"], IN_FAMILY),
    ("ix_complaint_uncompared", "complaint", ["id"], UNCOMPARED),
    ("ix_event_unpublished", "event", ["id"], UNPUBLISHED),
    ("ix_event_at", "event", ["at"], None),
)


def added() -> dict[str, tuple[sa.Column[object], ...]]:
    """Defaults are for the rows that are there; the program always writes a value."""
    return {
        "complaint": (
            sa.Column("source", sa.Text(), nullable=False, server_default=""),
            sa.Column("duty", sa.Text(), nullable=False, server_default="complaint"),
            sa.Column("campaign", sa.Text(), nullable=True),
            sa.Column("verify_by", sa.Date(), nullable=True),
            sa.Column("clock_at", TIME, nullable=True),
            sa.Column("pauses", sa.JSON(), nullable=False, server_default=LIST),
            sa.Column("alarm", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("compared", sa.Boolean(), nullable=False, server_default=sa.true()),
            sa.Column("archive_reason", sa.Text(), nullable=True),
            sa.Column("forwarded_at", TIME, nullable=True),
            sa.Column("responded_at", TIME, nullable=True),
            sa.Column("closed_at", TIME, nullable=True),
        ),
        "event": (sa.Column("published", sa.Boolean(), nullable=False, server_default=sa.true()),),
        "disposition": (
            sa.Column("state", sa.Text(), nullable=False, server_default="waiting"),
            sa.Column("answered_at", TIME, nullable=True),
        ),
        "attachment": (sa.Column("picture", sa.Text(), nullable=False, server_default=""),),
    }


def upgrade() -> None:
    for table, columns in added().items():
        for column in columns:
            op.add_column(table, column)
    parent = sa.Column("parent_id", KEY, sa.ForeignKey("complaint.id"), nullable=True)
    op.add_column("complaint", parent, inline_references=True)
    for loosened in LOOSENED:
        _nullable(loosened, nullable=True)
    for name, table, names, where in INDEXES:
        op.create_index(name, table, names, sqlite_where=where, postgresql_where=where)
    _fill()
    _create()


def _nullable(column: str, *, nullable: bool) -> None:
    """In place: SQLite would copy the table, and refuses to while others refer to it.

    https://www.sqlite.org/lang_altertable.html, section 7, allows this for NOT NULL.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("complaint", column, nullable=nullable)
        return
    strict, loose = f"{column} INTEGER NOT NULL", f"{column} INTEGER"
    old, new = (strict, loose) if nullable else (f"{loose},", f"{strict},")
    execute = op.get_bind().exec_driver_sql
    version = execute("PRAGMA schema_version").scalar_one()
    execute("PRAGMA writable_schema = ON")
    execute(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (old, new, "complaint"),
    )
    execute(f"PRAGMA schema_version = {version + 1}")
    execute("PRAGMA writable_schema = OFF")


def _fill() -> None:
    """What can be told of older complaints."""
    op.execute(
        "UPDATE complaint SET verify_by = deadline, "
        "source = COALESCE((SELECT channel FROM conversation"
        " WHERE conversation.id = complaint.conversation_id), ''), "
        "responded_at = (SELECT MIN(at) FROM event"
        " WHERE event.complaint_id = complaint.id AND kind = 'answered'), "
        "forwarded_at = (SELECT MIN(at) FROM disposition"
        " WHERE disposition.complaint_id = complaint.id)"
    )
    op.execute("UPDATE complaint SET closed_at = updated_at WHERE status = 'closed'")
    op.execute(
        "UPDATE complaint SET compared = false"
        " WHERE status IN ('triage', 'disposed', 'in_progress')"
    )
    op.execute(
        "UPDATE disposition SET state = 'answered', answered_at ="
        " (SELECT answered_at FROM complaint WHERE complaint.id = disposition.complaint_id)"
        " WHERE complaint_id IN"
        " (SELECT id FROM complaint WHERE status IN ('answered', 'closed'))"
    )


def _create() -> None:
    op.create_table(
        "agency",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code", name="uq_agency_code"),
    )
    op.create_index("ix_agency_parent", "agency", ["parent"])
    op.create_table(
        "officer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("telegram", sa.Text(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False, server_default=LIST),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login", name="uq_officer_login"),
    )
    op.create_index("ix_officer_agency", "officer", ["agency"])
    op.create_table(
        "api_key",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False, server_default=LIST),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", name="uq_api_key_digest"),
    )
    op.create_table(
        "idempotency",
        sa.Column("id", KEY, nullable=False),
        sa.Column("api_key_id", KEY, sa.ForeignKey("api_key.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False, server_default=MAP),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("api_key_id", "name", name="uq_idempotency_name"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
    op.create_table(
        "subscription",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False, server_default=LIST),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "likeness",
        sa.Column("id", KEY, nullable=False),
        sa.Column("complaint_id", KEY, sa.ForeignKey("complaint.id"), nullable=False),
        sa.Column("other_id", KEY, sa.ForeignKey("complaint.id"), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False, server_default=LIST),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("complaint_id", "other_id", name="uq_likeness_complaint_other"),
    )
    op.create_index("ix_likeness_other", "likeness", ["other_id"])
    op.create_table(
        "clue",
        sa.Column("id", KEY, nullable=False),
        sa.Column("complaint_id", KEY, sa.ForeignKey("complaint.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_clue_name", "clue", ["name", "at"])
    op.create_index("ix_clue_complaint", "clue", ["complaint_id"])
    op.create_table(
        "rollup",
        sa.Column("id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stale", sa.Integer(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("cases", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("day", name="uq_rollup_day"),
    )
    op.create_index(
        "ix_rollup_stale", "rollup", ["day"], sqlite_where=STALE, postgresql_where=STALE
    )
    op.create_table(
        "rollup_state",
        sa.Column("id", KEY, nullable=False),
        sa.Column("seen", TIME, nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Complaints without a message of ours have no place in the older schema."""
    for table in (
        "clue",
        "rollup_state",
        "rollup",
        "likeness",
        "subscription",
        "idempotency",
        "api_key",
        "officer",
    ):
        op.drop_table(table)
    op.drop_table("agency")
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table)
    _forget_imported()
    for loosened in LOOSENED:
        _nullable(loosened, nullable=False)
    op.drop_column("complaint", "parent_id")
    for table, columns in added().items():
        for column in columns:
            op.drop_column(table, column.name)


def _forget_imported() -> None:
    imported = "SELECT id FROM complaint WHERE inbox_id IS NULL"
    op.execute(f"UPDATE complaint SET parent_id = NULL WHERE parent_id IN ({imported})")  # noqa: S608
    for table in ("event", "disposition", "outbox", "attachment"):
        op.execute(f"DELETE FROM {table} WHERE complaint_id IN ({imported})")  # noqa: S608
    op.execute("DELETE FROM complaint WHERE inbox_id IS NULL")
