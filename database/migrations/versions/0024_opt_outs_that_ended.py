"""opt-outs that have ended, by number: a call that was received before that stays silent (R6)."""

from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        op.drop_index('ix_opt_out_ended', 'opt_out', if_exists=True, postgresql_concurrently=True)
        op.create_index('ix_opt_out_ended', 'opt_out', ['phone_hash', 'ended_at'], unique=False, postgresql_where='ended_at IS NOT NULL', postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index('ix_opt_out_ended', table_name='opt_out')
