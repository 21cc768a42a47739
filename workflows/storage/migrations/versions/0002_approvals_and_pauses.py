"""What approvers fill in and edit, the digest a decision was made for, and pauses. The last release runs on it too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
WORD = sa.String(16)


def upgrade() -> None:
    """Add columns that have a value of their own where nobody gives one, and a table."""
    op.add_column("approval", sa.Column("fields", sa.Text(), nullable=False, server_default=""))
    op.add_column("approval", sa.Column("editable", sa.Text(), nullable=False, server_default=""))
    op.add_column("approval", sa.Column("on_timeout", WORD, nullable=False, server_default="expired"))
    op.add_column("decision", sa.Column("digest", sa.Text(), nullable=False, server_default=""))
    op.add_column("decision", sa.Column("fields", sa.Text(), nullable=True))
    op.add_column("decision", sa.Column("edited", sa.Text(), nullable=True))
    op.create_table(
        "pause",
        sa.Column("workflow", ID, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workflow", name="pk_pause"),
    )
