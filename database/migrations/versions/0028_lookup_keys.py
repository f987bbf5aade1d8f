"""which key numbers are found by, and which of them are found by the next one already."""

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'lookup_key',
        sa.Column('fingerprint', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('since_real', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('fingerprint'),
    )
    op.create_table(
        'moved_number',
        sa.Column('phone_hash', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('phone_hash'),
    )


def downgrade() -> None:
    op.drop_table('moved_number')
    op.drop_table('lookup_key')
