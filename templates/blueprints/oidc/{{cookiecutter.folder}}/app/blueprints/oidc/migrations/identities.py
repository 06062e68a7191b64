"""Add the table of identities at a provider."""

import sqlalchemy as sa
from alembic import op

revision = "identities"
down_revision: str | None = None
branch_labels = ("oidc",)
depends_on = "users"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_identities_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("identities")
