"""backups, restores, and what was taken back since."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    # With a constant default no row is written: the table is locked for an instant.
    op.add_column('call', sa.Column('epoch', sa.BigInteger(), nullable=False, server_default='0'))
    op.create_table(
        'backup',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('begun_real', time, nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_table(
        'recovery',
        sa.Column('epoch', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('as_of_real', time, nullable=False),
        sa.Column('restored_real', time, nullable=False),
        sa.Column('taken_back_real', time),
        sa.Column('refed_real', time),
        sa.Column('refed_by', sa.String()),
        sa.Column('refed_why', sa.String()),
        sa.Column('completed_real', time),
        sa.Column('counts', postgresql.JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint('epoch'),
    )
    op.create_table(
        'stray_message',
        sa.Column('provider_sid', sa.String(), nullable=False),
        sa.Column('phone_hash', sa.String(), nullable=False),
        sa.Column('kind', sa.String()),
        sa.Column('case_number', sa.String()),
        sa.Column('created_at', time, nullable=False),
        sa.Column('noted_real', time, nullable=False),
        sa.PrimaryKeyConstraint('provider_sid'),
    )
    op.create_index('ix_stray_message_phone', 'stray_message', ['phone_hash'])


def downgrade() -> None:
    op.drop_table('stray_message')
    op.drop_table('recovery')
    op.drop_table('backup')
    op.drop_column('call', 'epoch')
