"""emerging issues, what people made of them, and the calls of some weeks found quickly."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

_INDEXES = (
    ('ix_call_received', ['received_at']),
    ('ix_call_area', [sa.text("(facts ->> 'area')"), 'received_at']),
)


def upgrade() -> None:
    op.create_table(
        'emerging_issue',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('area', sa.String(), nullable=False),
        sa.Column('call_type_group', sa.String(), nullable=False),
        sa.Column('first_day', sa.Date(), nullable=False),
        sa.Column('last_day', sa.Date(), nullable=False),
        sa.Column('observed', sa.Integer(), nullable=False),
        sa.Column('expected', sa.Float(), nullable=False),
        sa.Column('p', sa.Float(), nullable=False),
        sa.Column('weeks', postgresql.JSONB(), nullable=False),
        sa.Column('told_real', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('agency', 'area', 'call_type_group', 'first_day'),
    )
    op.create_index('ix_emerging_issue_last_day', 'emerging_issue', ['agency', 'last_day'])
    op.create_table(
        'issue_step',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('issue_id', sa.BigInteger(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('useful', sa.Boolean(), nullable=True),
        sa.Column('note', sa.String(), nullable=False),
        sa.Column('by', sa.String(), nullable=False),
        sa.Column('at_real', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['issue_id'], ['emerging_issue.id']),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_issue_step_issue', 'issue_step', ['issue_id', 'id'])
    op.create_table(
        'emerging_run',
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('at_real', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('agency'),
    )
    # By themselves, so that they can be made again: one that is made beside everybody's work may be left half made.
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        for name, columns in _INDEXES:
            op.drop_index(name, 'call', if_exists=True, postgresql_concurrently=True)
            op.create_index(name, 'call', columns, unique=False, postgresql_concurrently=True)


def downgrade() -> None:
    for name, _ in _INDEXES:
        op.drop_index(name, table_name='call')
    op.drop_table('emerging_run')
    op.drop_table('issue_step')
    op.drop_table('emerging_issue')
