"""indexes of comments and of what is said of members: the pages read a few of a year's."""

from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None

# By themselves, so that they can be made again: one that is made beside everybody's work may be left half made.
INDEXES = (
    ('ix_survey_comment_waiting', 'survey_comment', ['agency', 'week'], 'NOT reviewed'),
    ('ix_survey_comment_decided', 'survey_comment', ['agency', 'decision', 'week'], 'decision IS NOT NULL'),
    ('ix_survey_comment_shared', 'survey_comment', ['agency', 'week'], 'shared'),
    ('ix_member_feedback_member', 'member_feedback', ['agency', 'role', 'key_hash', 'month'], None),
    (
        'ix_member_feedback_waiting',
        'member_feedback',
        ['agency', 'month'],
        'comment_encrypted IS NOT NULL AND NOT reviewed',
    ),
    (
        'ix_member_feedback_decided',
        'member_feedback',
        ['agency', 'decision', 'month'],
        'comment_encrypted IS NOT NULL AND decision IS NOT NULL',
    ),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        for name, table, columns, where in INDEXES:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, columns, postgresql_where=where, postgresql_concurrently=True)


def downgrade() -> None:
    for name, table, _, _ in reversed(INDEXES):
        op.drop_index(name, table)
