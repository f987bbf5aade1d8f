"""members' own feedback: who had to do with a call, what is held of them, and what they may read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

# The planner's statistics hold values of a column as they are, and those of a table that is empty since (R7).
WITHOUT_STATISTICS = (
    ('call_member', 'told_encrypted'),
    ('member_held', 'body_encrypted'),
    ('member_feedback', 'scores'),
    ('member_feedback', 'comment_encrypted'),
)


def upgrade() -> None:
    op.create_table(
        'call_member',
        sa.Column('call_id', sa.String(), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('told_encrypted', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('call_id'),
    )
    op.create_table(
        'member_held',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('body_encrypted', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_table(
        'member_feedback',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.Column('key_hash', sa.String(), nullable=True),
        sa.Column('month', sa.String(), nullable=False),
        sa.Column('scores', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column('comment_encrypted', sa.String(), nullable=True),
        sa.Column('reviewed', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    for table, column in WITHOUT_STATISTICS:
        op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0')


def downgrade() -> None:
    op.drop_table('member_feedback')
    op.drop_table('member_held')
    op.drop_table('call_member')
