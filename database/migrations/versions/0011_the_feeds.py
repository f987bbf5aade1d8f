"""how CAD's feeds are doing, and the records that could not be read."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'cad_feed',
        sa.Column('feed', sa.String(), nullable=False),
        sa.Column('way', sa.String(), nullable=False),
        sa.Column('taken', sa.BigInteger(), nullable=False),
        sa.Column('repeated', sa.BigInteger(), nullable=False),
        sa.Column('rejected', sa.BigInteger(), nullable=False),
        sa.Column('unknown', sa.BigInteger(), nullable=False),
        sa.Column('since_real', sa.DateTime(timezone=True), nullable=False),
        sa.Column('last_heard_real', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_record_real', sa.DateTime(timezone=True), nullable=True),
        sa.Column('lag_seconds', sa.Float(), nullable=True),
        sa.Column('read_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('trouble', sa.String(), nullable=True),
        sa.Column('trouble_since_real', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('feed'),
    )
    op.create_table(
        'rejected_record',
        sa.Column('id', sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column('feed', sa.String(), nullable=False),
        sa.Column('shape', sa.String(), nullable=False),
        sa.Column('content_hash', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('raw_encrypted', sa.String(), nullable=True),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('rejected_real', sa.DateTime(timezone=True), nullable=False),
        sa.Column('last_rejected_real', sa.DateTime(timezone=True), nullable=False),
        sa.Column('times', sa.Integer(), nullable=False),
        sa.Column('settled_real', sa.DateTime(timezone=True), nullable=True),
        sa.Column('settled', sa.String(), nullable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('feed', 'content_hash'),
    )
    op.create_index(
        'ix_rejected_record_open',
        'rejected_record',
        ['rejected_real'],
        postgresql_where=sa.text('settled_real IS NULL'),
    )


def downgrade() -> None:
    op.drop_table('rejected_record')
    op.drop_table('cad_feed')
