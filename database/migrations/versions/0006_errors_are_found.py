"""texts with an error of the carrier's are found quickly."""

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # By itself, so that it can be run again (see 0003).
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')
        op.drop_index('ix_text_error', 'text', if_exists=True, postgresql_concurrently=True)
        op.create_index('ix_text_error', 'text', ['error_code', 'updated_real'], unique=False, postgresql_where='error_code IS NOT NULL', postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index('ix_text_error', table_name='text', postgresql_where='error_code IS NOT NULL')
