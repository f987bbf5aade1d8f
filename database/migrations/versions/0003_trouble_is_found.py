"""calls in trouble are found quickly."""

from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # By itself, so that it can be run again: an index that is made beside everybody's work may be left half made.
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        op.drop_index('ix_call_trouble', 'call', if_exists=True, postgresql_concurrently=True)
        op.create_index('ix_call_trouble', 'call', ['trouble_since_real'], unique=False, postgresql_where='trouble IS NOT NULL', postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index('ix_call_trouble', table_name='call', postgresql_where='trouble IS NOT NULL')
