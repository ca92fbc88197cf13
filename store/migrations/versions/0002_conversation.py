"""What a conversation needs: persons, languages, lanes of replies, fetched attachments."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
NOTHING = sa.text("'{}'")
WAITING = sa.text("status = 'waiting'")
ON_ITS_WAY = sa.text("status IN ('queued', 'sending')")
LANES, PLAIN = ["channel", "lane", "due_at", "id"], ["channel", "id"]

REFERRING = (("conversation", "person_id", "person.id"), ("outbox", "complaint_id", "complaint.id"))
INDEXES = (
    ("ix_conversation_person", "conversation", ["person_id"]),
    ("ix_complaint_answered", "complaint", ["status", "answered_at"]),
    ("ix_outbox_complaint_id", "outbox", ["complaint_id"]),
    ("ix_attachment_complaint", "attachment", ["complaint_id"]),
)


def added() -> dict[str, tuple[sa.Column[object], ...]]:
    """Defaults are for the rows that are there; the program always writes a value."""
    return {
        "conversation": (
            sa.Column("language", sa.Text(), nullable=False, server_default="id"),
            sa.Column("blocked", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("heard_at", TIME, nullable=True),
        ),
        "complaint": (
            sa.Column("answered_at", TIME, nullable=True),
            sa.Column("reopened", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("rating", sa.Integer(), nullable=True),
        ),
        "outbox": (
            sa.Column("lane", sa.Text(), nullable=False, server_default="answer"),
            sa.Column("extra", sa.JSON(), nullable=False, server_default=NOTHING),
            sa.Column("segments", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("expires_at", TIME, nullable=True),
        ),
        "attachment": (
            sa.Column("status", sa.Text(), nullable=False, server_default="waiting"),
            sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("due_at", TIME, nullable=False, server_default="2026-01-01 00:00:00+00:00"),
            sa.Column("claim", sa.Text(), nullable=False, server_default=""),
            sa.Column("claimed_until", TIME, nullable=True),
            sa.Column("digest", sa.Text(), nullable=False, server_default=""),
            sa.Column("lat", sa.Float(), nullable=True),
            sa.Column("lon", sa.Float(), nullable=True),
            sa.Column("error", sa.Text(), nullable=False, server_default=""),
        ),
    }


def index_channel(columns: list[str]) -> None:
    """Put the index that finds the next replies of a channel on other columns."""
    op.drop_index("ix_outbox_channel", "outbox")
    op.create_index(
        "ix_outbox_channel",
        "outbox",
        columns,
        sqlite_where=ON_ITS_WAY,
        postgresql_where=ON_ITS_WAY,
    )


def upgrade() -> None:
    """Columns are added in place: SQLite would have to copy a table to add a named constraint."""
    op.create_table(
        "person",
        sa.Column("id", KEY, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, columns in added().items():
        for column in columns:
            op.add_column(table, column)
    for table, name, other in REFERRING:
        reference = sa.Column(name, KEY, sa.ForeignKey(other), nullable=True)
        op.add_column(table, reference, inline_references=True)
    for name, table, names in INDEXES:
        op.create_index(name, table, names)
    index_channel(LANES)
    op.create_index(
        "ix_attachment_waiting",
        "attachment",
        ["due_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def downgrade() -> None:
    op.drop_index("ix_attachment_waiting", "attachment")
    index_channel(PLAIN)
    for name, table, _ in INDEXES:
        op.drop_index(name, table)
    for table, name, _ in REFERRING:
        op.drop_column(table, name)
    for table, columns in added().items():
        for column in columns:
            op.drop_column(table, column.name)
    op.drop_table("person")
