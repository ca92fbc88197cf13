"""What the reporters of a family were told, and who has still to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNTOLD = sa.column("untold") == sa.true()  # SQLite writes 1, and uses no index on `true`


def upgrade() -> None:
    for column in (
        sa.Column("untold", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("heard", KEY, nullable=False, server_default="0"),
    ):
        op.add_column("complaint", column)
    op.create_index(
        "ix_complaint_untold", "complaint", ["id"], sqlite_where=UNTOLD, postgresql_where=UNTOLD
    )


def downgrade() -> None:
    op.drop_index("ix_complaint_untold", "complaint")
    for column in ("heard", "untold"):
        op.drop_column("complaint", column)
