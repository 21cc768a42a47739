"""What an approval's policy came to, its agenda, whose say a decision is, and deputies. The last release runs on it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns that have a value of their own where nobody gives one, and a table."""
    for table, columns in {"approval": ("policy", "agenda"), "decision": ("says", "behalf")}.items():
        for name in columns:
            op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "delegation",
        sa.Column("person", ID, nullable=False),
        sa.Column("scope", ID, nullable=False),
        sa.Column("deputy", ID, nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("away", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person", "scope", name="pk_delegation"),
    )
    op.create_index("ix_delegation_deputy", "delegation", ["deputy"])
