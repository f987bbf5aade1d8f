"""indexes of comments and of what is said of members: the pages read a few of a year's."""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    undecided, decided = sa.text('NOT reviewed'), sa.text('decision IS NOT NULL')
    op.create_index('ix_survey_comment_waiting', 'survey_comment', ['agency', 'week'], postgresql_where=undecided)
    op.create_index(
        'ix_survey_comment_decided', 'survey_comment', ['agency', 'decision', 'week'], postgresql_where=decided
    )
    op.create_index('ix_survey_comment_shared', 'survey_comment', ['agency', 'week'], postgresql_where=sa.text('shared'))
    op.create_index('ix_member_feedback_member', 'member_feedback', ['agency', 'role', 'key_hash', 'month'])
    op.create_index(
        'ix_member_feedback_waiting',
        'member_feedback',
        ['agency', 'month'],
        postgresql_where=sa.text('comment_encrypted IS NOT NULL AND NOT reviewed'),
    )
    op.create_index(
        'ix_member_feedback_decided',
        'member_feedback',
        ['agency', 'decision', 'month'],
        postgresql_where=sa.text('comment_encrypted IS NOT NULL AND decision IS NOT NULL'),
    )


def downgrade() -> None:
    for name, table in (
        ('ix_member_feedback_decided', 'member_feedback'),
        ('ix_member_feedback_waiting', 'member_feedback'),
        ('ix_member_feedback_member', 'member_feedback'),
        ('ix_survey_comment_shared', 'survey_comment'),
        ('ix_survey_comment_decided', 'survey_comment'),
        ('ix_survey_comment_waiting', 'survey_comment'),
    ):
        op.drop_index(name, table_name=table)
