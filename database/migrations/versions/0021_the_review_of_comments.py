"""what a person has decided of a comment, and what it is about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

# The defaults are for a process of the release before, which knows nothing of a review: nothing is shared then.
ONLY_WHEN = {
    'survey_comment': (
        'survey_comment_shared_by_two',
        "NOT shared OR (may_share AND reviewed AND NOT urgent AND decision IS NOT DISTINCT FROM 'approved')",
    ),
    'member_feedback': (
        'member_feedback_shared_by_a_person',
        "NOT shared OR (comment_encrypted IS NOT NULL AND reviewed AND decision IS NOT DISTINCT FROM 'approved')",
    ),
}


def upgrade() -> None:
    for table, (name, condition) in ONLY_WHEN.items():
        op.add_column(table, sa.Column('decision', sa.String(), nullable=True))
        op.add_column(table, sa.Column('shared', sa.Boolean(), server_default=sa.false(), nullable=False))
        op.add_column(table, sa.Column('topics', postgresql.JSONB(astext_type=sa.Text()), nullable=True))
        op.create_check_constraint(name, table, condition)


def downgrade() -> None:
    for table, (name, _) in ONLY_WHEN.items():
        op.drop_constraint(name, table, type_='check')
        for column in ('topics', 'shared', 'decision'):
            op.drop_column(table, column)
