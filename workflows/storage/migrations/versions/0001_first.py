"""The first schema: runs, their history, approvals, triggers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
WORD = sa.String(16)


def upgrade() -> None:
    """Create every table; those that others refer to come first."""
    create_runs()
    create_history()
    create_inbox_and_approvals()
    create_the_rest()


def create_runs() -> None:
    op.create_table(
        "run",
        sa.Column("id", ID, nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("release", sa.BigInteger(), nullable=False),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("waiting", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("parent_key", sa.Text(), nullable=True),
        sa.Column("dedupe", sa.Text(), nullable=True),
        sa.Column("limit_key", sa.Text(), nullable=True),
        sa.Column("limit_runs", sa.Integer(), nullable=True),
        sa.Column("admitted", sa.Boolean(), nullable=False),
        sa.Column("inbox", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("cancel", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("wake_at", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("deadline", TIME, nullable=True),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("dead_at", TIME, nullable=True),
        sa.Column("restored_at", TIME, nullable=True),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("workflow", "dedupe", name="uq_run_workflow_dedupe"),
    )
    partial_index("ix_run_dead_at", "run", ["dead_at"], "dead_at IS NOT NULL")
    partial_index("ix_run_ended_at", "run", ["ended_at"], "ended_at IS NOT NULL")
    partial_index("ix_run_lease_owner", "run", ["lease_owner"], "lease_owner IS NOT NULL")
    partial_index("ix_run_line", "run", ["workflow", "state", "limit_key"], "limit_runs IS NOT NULL")
    partial_index("ix_run_parent_id", "run", ["parent_id"], "parent_id IS NOT NULL")
    op.create_index("ix_run_started_by_id", "run", ["started_by", "id"])
    op.create_index("ix_run_state_id", "run", ["state", "id"])
    partial_index("ix_run_wake_at", "run", ["wake_at"], "wake_at IS NOT NULL")
    op.create_index("ix_run_workflow_id", "run", ["workflow", "id"])


def create_history() -> None:
    op.create_table(
        "step",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("input", sa.Text(), nullable=True),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_step_run_id"),
        sa.PrimaryKeyConstraint("run_id", "generation", "key", name="pk_step"),
    )
    op.create_table(
        "attempt",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("deadline", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_attempt_run_id"),
        sa.PrimaryKeyConstraint("run_id", "generation", "key", "number", name="pk_attempt"),
    )
    op.create_table(
        "event",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_event_run_id"),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_event"),
    )


def create_inbox_and_approvals() -> None:
    op.create_table(
        "signal",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_signal_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_signal"),
        sa.UniqueConstraint("run_id", "number", name="uq_signal_run_id_number"),
    )
    op.create_table(
        "approval",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("show", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("approvers", sa.Text(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("allow_self", sa.Boolean(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("outcome", WORD, nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("remind_every", sa.Float(53), nullable=True),
        sa.Column("remind_at", TIME, nullable=True),
        sa.Column("closed_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_approval_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
    )
    partial_index("ix_approval_remind_at", "approval", ["remind_at"], "remind_at IS NOT NULL")
    op.create_index("ix_approval_run_id", "approval", ["run_id"])
    op.create_index("ix_approval_state_opened_at", "approval", ["state", "opened_at"])
    op.create_table(
        "decision",
        sa.Column("approval_id", ID, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("outcome", WORD, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name="fk_decision_approval_id"),
        sa.PrimaryKeyConstraint("approval_id", "by", name="pk_decision"),
    )


def create_the_rest() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_run_id", "audit", ["run_id"])
    op.create_table(
        "blob",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_blob"),
    )
    op.create_table(
        "blob_use",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["blob.hash"], name="fk_blob_use_hash"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_blob_use_run_id"),
        sa.PrimaryKeyConstraint("run_id", "hash", name="pk_blob_use"),
    )
    op.create_index("ix_blob_use_hash", "blob_use", ["hash"])
    op.create_table(
        "trigger",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_trigger"),
    )
    op.create_table(
        "received",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("source", "message_id", name="pk_received"),
    )
    op.create_index("ix_received_at", "received", ["at"])


def partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    """An index over the rows that a condition holds for."""
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
