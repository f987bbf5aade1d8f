"""when our numbers were closed, and how long."""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'line_closure',
        sa.Column('id', sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column('sender', sa.String(), nullable=False),
        sa.Column('closed_real', sa.DateTime(timezone=True), nullable=False),
        sa.Column('because', sa.String(), nullable=False),
        sa.Column('opened_real', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    # One that is closed at this moment.
    op.execute(
        'INSERT INTO line_closure (sender, closed_real, because) '
        "SELECT sender, closed_since_real, COALESCE(closed_because, '') FROM line WHERE closed_since_real IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table('line_closure')
