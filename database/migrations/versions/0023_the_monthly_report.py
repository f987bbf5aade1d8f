"""calls by their receipt; when our numbers were closed, and how long."""

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
    # By itself, so that it can be made again: one that is made beside everybody's work may be left half made.
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        op.drop_index('ix_call_received', 'call', if_exists=True, postgresql_concurrently=True)
        op.create_index('ix_call_received', 'call', ['received_at'], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index('ix_call_received', table_name='call')
    op.drop_table('line_closure')
